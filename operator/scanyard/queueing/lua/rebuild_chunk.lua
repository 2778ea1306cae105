-- Write some of the contents of a ledger that is being rebuilt.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, generation, index of the chunk (from 0, without gaps), then 1 to 256
--            operations: enqueue, park or adopt, one for each job
-- Reply      OK | FENCED <stored fence> | STALE <reason>
--            error SCANYARD_INVALID if an operation is malformed; then nothing was changed
-- Idempotent A chunk that has been written is not written again.

-- include header.lua
-- include places.lua

local header = read_header()
local refused = refuse_fence(header, tonumber(ARGV[1]))
if refused then
  return refused
elseif header.state ~= 'building' or tonumber(ARGV[2]) ~= tonumber(header.generation) then
  return {'STALE', 'another rebuild has begun'}
end
local index = tonumber(ARGV[3])
if index < header.chunks then
  return {'OK'}
elseif index > header.chunks then
  return {'STALE', 'a chunk of the rebuild is missing'}
end

local operations, problem = parse_operations(4, {enqueue = true, park = true, adopt = true})
if not operations then
  return invalid(problem)
end
run_operations(operations, open_places(header))
redis.call('HSET', HEADER, 'chunks', tostring(index + 1))
return {'OK'}
