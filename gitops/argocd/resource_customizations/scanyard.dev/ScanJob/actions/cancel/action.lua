-- Stops it for good. What has finished stays as it is: cancel would only stand in the way of a rerun.
local status = obj.status or {}

local function is_finished()
  for _, item in ipairs(status.conditions or {}) do
    if item.type == "Finished" then
      return item.status == "True"
    end
  end
  return false
end

local token = obj.spec.rerunToken
local runs_again = token ~= nil and token ~= status.rerunToken

if not is_finished() or runs_again then
  obj.spec.cancel = true
end
return obj
