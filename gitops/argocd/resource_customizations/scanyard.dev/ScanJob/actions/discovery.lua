-- What can be done to a ScanJob now; the actions themselves check it again.
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
local settled = is_finished() and not runs_again
local deleted = obj.metadata.deletionTimestamp ~= nil

local actions = {}
actions["cancel"] = {
  ["displayName"] = "Cancel",
  ["iconClass"] = "fa fa-fw fa-stop-circle",
  ["disabled"] = deleted or settled or obj.spec.cancel == true,
}
actions["rerun"] = {
  ["displayName"] = "Run again",
  ["iconClass"] = "fa fa-fw fa-redo",
  ["disabled"] = deleted or not settled,
}
actions["suspend"] = {
  ["displayName"] = "Suspend",
  ["iconClass"] = "fa fa-fw fa-pause-circle",
  ["disabled"] = deleted or settled or obj.spec.cancel == true or obj.spec.suspend == true,
}
actions["resume"] = {
  ["displayName"] = "Resume",
  ["iconClass"] = "fa fa-fw fa-play-circle",
  ["disabled"] = deleted or obj.spec.suspend ~= true,
}
return actions
