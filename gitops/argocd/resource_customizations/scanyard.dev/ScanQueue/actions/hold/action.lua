-- Starts nothing more; what runs may finish.
obj.spec = obj.spec or {}
obj.spec.stopPolicy = "Hold"
return obj
