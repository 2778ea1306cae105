-- Health of a ScanQueue: Healthy while it starts ScanJobs, and outside its windows, as it is meant to
-- be then; Suspended while a person holds it; Degraded when it should start them and cannot.
local status = obj.status or {}

local function health(code, message)
  return {status = code, message = message}
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end

-- A new ScanQueue has -1 here; after a change of the spec, status still speaks of the one before.
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waits for the operator to report on this version")
end

-- By the reason of the condition Ready, which is the queue's state.
local states = {
  Held = "Suspended",
  Draining = "Suspended",
  EmergencyStop = "Suspended",
  OutsideWindow = "Healthy",
}

for _, item in ipairs(status.conditions or {}) do
  if item.type == "Ready" then
    if item.status == "True" then
      return health("Healthy", item.message)
    end
    return health(states[item.reason] or "Degraded", item.message)
  end
end

return health("Progressing", "waits for the operator to report on this version")
