-- Read, of some queues, the first jobs of those namespaces whose turn is next.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, seq, most lanes of a queue, window (most jobs of a lane), then for each queue:
--            its name, the rank of namespaces that are not named, how many are named, and each of
--            these with its rank, or "-" if it is not to be read
-- Reply      OK then for each queue, in the order asked: a list of [namespace, job, score, job,
--            score, ...], lowest rank first, ties by the score and the text of the first job; the
--            last list is [rank, score, namespace/] of the first lane that was left out, or empty
--            FENCED <stored fence> | STALE <reason>
-- Idempotent It changes nothing.
--
-- It costs the number of named namespaces and of the lanes read, never that of all that wait.

-- include header.lua

local header = read_header()
local refused = refuse(header, tonumber(ARGV[1]))
if refused then
  return refused
elseif tonumber(ARGV[2]) ~= header.seq then
  return wrong_seq(header, ARGV[2])
end

local most, window = tonumber(ARGV[3]), tonumber(ARGV[4])

-- As Redis sorts what has the same score; Lua's own comparison goes by the server's locale.
local function comes_before(one, other)
  for index = 1, math.min(#one, #other) do
    local left, right = string.byte(one, index), string.byte(other, index)
    if left ~= right then
      return left < right
    end
  end
  return #one < #other
end

local function goes_first(one, other)
  if one.number ~= other.number then
    return one.number < other.number
  elseif one.score ~= other.score then
    return one.score < other.score
  end
  return comes_before(one.lane, other.lane)
end

local function lanes_of(queue, rank, named, count)
  local lanes = {}
  local function add(lane, own_rank, score)
    lanes[#lanes + 1] = {
      lane = lane,
      rank = own_rank,
      number = tonumber(own_rank),
      text = score,
      score = tonumber(score),
    }
  end
  for lane, own_rank in pairs(named) do
    if own_rank ~= '-' then
      local key = key_of(header, 'lane:' .. queue .. ':' .. string.sub(lane, 1, -2))
      local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
      if first[1] then
        add(lane, own_rank, first[2])
      end
    end
  end
  -- One more than can be read, even if every named one is among them.
  local listed = redis.call('ZRANGE', key_of(header, 'lanes:' .. queue), 0, most + count,
    'WITHSCORES')
  for index = 1, #listed, 2 do
    if not named[listed[index]] then
      add(listed[index], rank, listed[index + 1])
    end
  end
  table.sort(lanes, goes_first)
  return lanes
end

local reply = {'OK'}
local position = 5
while position <= #ARGV do
  local queue, rank, count = ARGV[position], ARGV[position + 1], tonumber(ARGV[position + 2])
  position = position + 3
  local named = {}
  for _ = 1, count do
    named[ARGV[position] .. '/'] = ARGV[position + 1]
    position = position + 2
  end
  local found = {}
  local lanes = lanes_of(queue, rank, named, count)
  for index = 1, math.min(most, #lanes) do
    local namespace = string.sub(lanes[index].lane, 1, -2)
    local lane = redis.call('ZRANGE', key_of(header, 'lane:' .. queue .. ':' .. namespace),
      0, window - 1, 'WITHSCORES')
    table.insert(lane, 1, namespace)
    found[#found + 1] = lane
  end
  local next_lane = lanes[most + 1]
  found[#found + 1] = next_lane and {next_lane.rank, next_lane.text, next_lane.lane} or {}
  reply[#reply + 1] = found
end
return reply
