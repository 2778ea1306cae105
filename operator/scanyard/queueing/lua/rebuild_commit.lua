-- End a rebuild: from here on the ledger can be used, with the generation as its first seq.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, generation, number of chunks
-- Reply      OK | FENCED <stored fence> | STALE <reason>
-- Idempotent Committing what is committed, and not yet changed, answers OK and changes nothing.

-- include header.lua

local header = read_header()
local refused = refuse_fence(header, tonumber(ARGV[1]))
if refused then
  return refused
elseif tonumber(ARGV[2]) ~= tonumber(header.generation) then
  return {'STALE', 'another rebuild has begun'}
elseif header.state == 'ready' then
  return header.seq == tonumber(ARGV[2]) and {'OK'} or wrong_seq(header, ARGV[2])
elseif tonumber(ARGV[3]) ~= header.chunks then
  return {'STALE', 'a chunk of the rebuild is missing'}
end
redis.call('HSET', HEADER, 'state', 'ready')
return {'OK'}
