-- Starts nothing more, and stops what runs: it waits again, in its old place.
obj.spec = obj.spec or {}
obj.spec.stopPolicy = "HoldAndDrain"
return obj
