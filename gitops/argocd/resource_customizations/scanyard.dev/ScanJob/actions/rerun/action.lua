-- Runs what has finished again, by a new token. The cancel that may have ended it can be taken back
-- only together with one.
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

if is_finished() and not runs_again then
  -- Each change of the spec has a generation of its own, so no token comes twice; and two people who
  -- look at the same ScanJob ask for one rerun, not for two.
  local fresh = "argocd-" .. tostring(obj.metadata.generation)
  while fresh == token or fresh == status.rerunToken do
    fresh = fresh .. "-again"
  end
  obj.spec.rerunToken = fresh
  if obj.spec.cancel == true then
    obj.spec.cancel = false
  end
end
return obj
