-- What can be done to a ScanQueue now. An emergency stop is lifted by `scanyard stop --lift` only.
local policy = (obj.spec or {}).stopPolicy or "None"
local deleted = obj.metadata.deletionTimestamp ~= nil

local actions = {}
actions["hold"] = {
  ["displayName"] = "Hold: start nothing more",
  ["iconClass"] = "fa fa-fw fa-pause-circle",
  ["disabled"] = deleted or policy == "Hold",
}
actions["drain"] = {
  ["displayName"] = "Drain: hold, and stop what runs",
  ["iconClass"] = "fa fa-fw fa-stop-circle",
  ["disabled"] = deleted or policy == "HoldAndDrain",
}
actions["release"] = {
  ["displayName"] = "Release",
  ["iconClass"] = "fa fa-fw fa-play-circle",
  ["disabled"] = deleted or policy == "None",
}
return actions
