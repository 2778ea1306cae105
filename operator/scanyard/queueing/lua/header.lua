-- Included by every script: the ledger's header, and who may speak to it.
--
-- Keys  KEYS[1] {tag}:ledger, a hash:
--   fence       number of the leadership that wrote last; only rebuild_begin raises it
--   seq         number of the last change
--   generation  seq at the start of the last rebuild; part of every other key's name
--   state       "building" between rebuild_begin and rebuild_commit, else "ready"
--   chunks      number of rebuild chunks that have been written
--   reply       what the change numbered seq answered
-- KEYS[2] {tag}:keys, a sorted set: name of each key of a generation -> generation.
--
-- Replies are arrays of strings. The first is OK, or
--   FENCED <stored fence>  the speaker's leadership is over
--   STALE <reason>         this is not the ledger that the speaker knows
-- Numbers are passed on as the text they came in: Lua would round what it prints.

local HEADER = KEYS[1]
local REGISTRY = KEYS[2]
local ROOT = string.match(HEADER, '^(.*:)ledger$')

local function read_header()
  local values = redis.call('HMGET', HEADER, 'fence', 'seq', 'generation', 'state', 'chunks')
  if not (values[1] and values[2] and values[3]) then
    return nil
  end
  return {
    fence_text = values[1],
    fence = tonumber(values[1]),
    seq_text = values[2],
    seq = tonumber(values[2]),
    generation = values[3],
    state = values[4],
    chunks = tonumber(values[5] or '0'),
  }
end

-- The answer for a speaker with another fence than the stored one, else nil.
local function refuse_fence(header, fence)
  if not header then
    return {'STALE', 'there is no ledger'}
  elseif fence < header.fence then
    return {'FENCED', header.fence_text}
  elseif fence > header.fence then
    return {'STALE', 'the ledger is of an older fence, ' .. header.fence_text}
  end
  return nil
end

-- The answer for a speaker who may not use the ledger now, else nil; the seq is the caller's to judge.
local function refuse(header, fence)
  local refused = refuse_fence(header, fence)
  if not refused and header.state ~= 'ready' then
    return {'STALE', 'the ledger is being rebuilt'}
  end
  return refused
end

local function wrong_seq(header, seq)
  return {'STALE', 'the ledger is at seq ' .. header.seq_text .. ', not ' .. seq}
end

local function key_of(header, name)
  return ROOT .. header.generation .. ':' .. name
end
