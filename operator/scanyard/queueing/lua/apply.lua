-- Run a batch of operations as the next change of the ledger.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, seq, then 1 to 256 operations, each its name and its fields
-- Reply      OK <results, one word an operation, separated by spaces>
--            FENCED <stored fence> | STALE <reason>
--            error SCANYARD_INVALID if an operation is malformed; then nothing was changed
-- Idempotent The reply is stored with the seq: the same seq again answers it and changes nothing.
--            Only the stored seq + 1 runs, so a late duplicate of an older batch is STALE, and so
--            is everything after the ledger has lost a change.

-- include header.lua
-- include places.lua

local fence, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
local header = read_header()
local refused = refuse(header, fence)
if refused then
  return refused
end
if seq == header.seq then
  local reply = redis.call('HGET', HEADER, 'reply')
  return reply and {'OK', reply} or wrong_seq(header, ARGV[2])
elseif seq ~= header.seq + 1 then
  return wrong_seq(header, ARGV[2])
end

local operations, problem = parse_operations(3)
if not operations then
  return invalid(problem)
end
local reply = table.concat(run_operations(operations, open_places(header)), ' ')
redis.call('HSET', HEADER, 'seq', ARGV[2], 'reply', reply)
return {'OK', reply}
