-- Read totals, and counts and the first of the waiting of some queues.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, seq, window (most heads of a queue), then any number of queues
-- Reply      OK <jobs> <holding> then for each queue, in the order asked:
--            [waiting, parked, running, job, score, job, score, ...], soonest first
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

local window = tonumber(ARGV[3])
local reply = {
  'OK',
  tostring(redis.call('HLEN', key_of(header, 'jobs'))),
  tostring(redis.call('SCARD', key_of(header, 'running'))),
}
for index = 4, #ARGV do
  local order = key_of(header, 'order:' .. ARGV[index])
  local queue = {
    tostring(redis.call('ZCARD', order)),
    tostring(redis.call('SCARD', key_of(header, 'parked:' .. ARGV[index]))),
    tostring(redis.call('SCARD', key_of(header, 'running:' .. ARGV[index]))),
  }
  if window > 0 then
    for _, text in ipairs(redis.call('ZRANGE', order, 0, window - 1, 'WITHSCORES')) do
      queue[#queue + 1] = text
    end
  end
  reply[#reply + 1] = queue
end
return reply
