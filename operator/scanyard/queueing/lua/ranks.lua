-- Read how many go before some waiting jobs in the orders of their queues.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, seq, then any number of pairs: queue, job
-- Reply      OK then for each pair how many go before, empty for a job that is not in that order
--            FENCED <stored fence> | STALE <reason>
-- Idempotent It changes nothing. O(log n) for each job.

-- include header.lua

local header = read_header()
local refused = refuse(header, tonumber(ARGV[1]))
if refused then
  return refused
elseif tonumber(ARGV[2]) ~= header.seq then
  return wrong_seq(header, ARGV[2])
end

local reply = {'OK'}
for index = 3, #ARGV, 2 do
  local order = key_of(header, 'order:' .. ARGV[index])
  local rank = redis.call('ZRANK', order, ARGV[index + 1])
  reply[#reply + 1] = rank and tostring(rank) or ''
end
return reply
