-- Read some entries of the ledger, for the sweep that compares it with the API.
--
-- Keys       KEYS[1] {tag}:ledger  KEYS[2] {tag}:keys  (others are derived, under the same tag)
-- Arguments  fence, seq, cursor ("0" at first), about how many
-- Reply      OK <next cursor, "0" at the end> then for each entry:
--            job, kind (w, p or h), queue, detail (blocker or attempt, else empty)
--            FENCED <stored fence> | STALE <reason>
-- Idempotent It changes nothing. A job that is in the ledger all along is seen at least once.

-- include header.lua

local header = read_header()
local refused = refuse(header, tonumber(ARGV[1]))
if refused then
  return refused
elseif tonumber(ARGV[2]) ~= header.seq then
  return wrong_seq(header, ARGV[2])
end

local page = redis.call('HSCAN', key_of(header, 'jobs'), ARGV[3], 'COUNT', ARGV[4])
local reply = {'OK', page[1]}
for index = 1, #page[2], 2 do
  local kind, queue, detail = string.match(page[2][index + 1], '^(%l)\n([^\n]*)\n(.*)$')
  reply[#reply + 1] = page[2][index]
  reply[#reply + 1] = kind
  reply[#reply + 1] = queue
  reply[#reply + 1] = detail
end
return reply
