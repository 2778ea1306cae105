-- Read the first of the jobs that are parked under a blocker.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, seq, blocker, window (most jobs)
-- Reply      OK then queue, job, score for each, soonest first
--            FENCED <stored fence> | STALE <reason>
-- Idempotent It changes nothing.

-- include header.lua

local header = read_header()
local refused = refuse(header, tonumber(ARGV[1]))
if refused then
  return refused
elseif tonumber(ARGV[2]) ~= header.seq then
  return wrong_seq(header, ARGV[2])
end

local reply = {'OK'}
local window = tonumber(ARGV[4])
if window < 1 then
  return reply
end
local blocked = key_of(header, 'blocked:' .. ARGV[3])
local parked = redis.call('ZRANGE', blocked, 0, window - 1, 'WITHSCORES')
for index = 1, #parked, 2 do
  local place = redis.call('HGET', key_of(header, 'jobs'), parked[index])
  reply[#reply + 1] = string.match(place, '^p\n([^\n]*)\n')
  reply[#reply + 1] = parked[index]
  reply[#reply + 1] = parked[index + 1]
end
return reply
