-- Health of a ScanJob: Healthy once its scan is complete, Degraded after any other end.
local status = obj.status or {}

local function condition(kind)
  for _, item in ipairs(status.conditions or {}) do
    if item.type == kind then
      return item
    end
  end
  return {}
end

local function health(code, message)
  return {status = code, message = message}
end

if obj.metadata.deletionTimestamp ~= nil then
  return health("Progressing", "it is being deleted")
end

-- A new ScanJob has -1 here; after a change of the spec, status still speaks of the one before.
if status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "waits for the operator to report on this version")
end

if condition("Finished").status == "True" then
  local token = obj.spec.rerunToken
  if token ~= nil and token ~= status.rerunToken then
    return health("Progressing", "is to run again: its rerunToken is new")
  end
  local succeeded = condition("Succeeded")
  if succeeded.status == "True" then
    return health("Healthy", succeeded.message)
  end
  return health("Degraded", status.phase .. ": " .. (succeeded.message or ""))
end

local suspended = condition("Suspended")
if suspended.status == "True" then
  return health("Suspended", suspended.message)
end

return health("Progressing", status.phase .. ": " .. (condition("Reconciling").message or ""))
