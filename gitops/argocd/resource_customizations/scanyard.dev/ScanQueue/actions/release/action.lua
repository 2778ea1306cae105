-- Lets the queue start ScanJobs again.
obj.spec = obj.spec or {}
obj.spec.stopPolicy = "None"
return obj
