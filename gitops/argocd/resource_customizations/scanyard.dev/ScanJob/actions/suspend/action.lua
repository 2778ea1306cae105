-- Stops it, or keeps it from starting, until it is resumed. What has finished, or is being cancelled,
-- stays as it is: its next run would be suspended.
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

if (not is_finished() or runs_again) and obj.spec.cancel ~= true then
  obj.spec.suspend = true
end
return obj
