-- Begin to rebuild the ledger: raise the fence, start a new generation, and unlink older ones.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, generation (unix microseconds, also the first seq), how many keys to unlink
-- Reply      OK <keys of older generations that are left>: call again until 0
--            BEHIND <stored seq>: the generation must be greater than that (the clock went back)
--            FENCED <stored fence>
-- Idempotent The same generation again only goes on unlinking. Since a generation must be greater
--            than every seq before it, a late duplicate of an older begin is BEHIND, and no late
--            duplicate of any older change can have a seq that runs.
--
-- From here to the commit everything else is STALE. Unlinking is O(1) a key: Redis frees the memory
-- in another thread.

-- include header.lua

local fence, generation = tonumber(ARGV[1]), tonumber(ARGV[2])
local header = read_header()
if header and fence < header.fence then
  return {'FENCED', header.fence_text}
end

local begun = header and header.state == 'building' and fence == header.fence
  and generation == tonumber(header.generation)
if not begun and header and generation <= header.seq then
  return {'BEHIND', header.seq_text}
end

-- Unlinking comes first: a Redis at its maxmemory refuses a script's first write if that needs
-- memory, and what is unlinked here may be what fills it.
local older = '(' .. ARGV[2]
for _, key in ipairs(redis.call('ZRANGEBYSCORE', REGISTRY, '-inf', older, 'LIMIT', '0', ARGV[3])) do
  redis.call('UNLINK', key)
  redis.call('ZREM', REGISTRY, key)
end
if not begun then
  redis.call('HDEL', HEADER, 'reply')
  redis.call('HSET', HEADER, 'fence', ARGV[1], 'seq', ARGV[2], 'generation', ARGV[2],
    'state', 'building', 'chunks', '0')
end
return {'OK', tostring(redis.call('ZCOUNT', REGISTRY, '-inf', older))}
