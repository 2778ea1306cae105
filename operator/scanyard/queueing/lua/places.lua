-- Included by the scripts that change the ledger: where a job is, and how it moves.
--
-- Invariant: each job is in exactly one place. `jobs` says which, and only move() and forget()
-- write it, together with the lists whose sizes are the counts:
--   w  waiting  order:<queue> and lane:<queue>:<namespace>
--   p  parked   blocked:<blocker> and parked:<queue>
--   h  holding  running:<queue>, held:<queue>:<namespace> and running
-- lanes:<queue> has each namespace whose lane is not empty, by the score of the lane's first job.
-- No operation costs more than O(log n) in the number of jobs.
--
-- All operations say where a job shall be, not how it shall change: running one again changes
-- nothing more. Their fields and results are described in operations.py.

-- A job is namespace/name/uid.
local function namespace_of(job)
  return string.match(job, '^[^/]*')
end

-- Called once by each script, as soon as the generation is known.
local function open_places(header)
  local places = {}
  local tracked = {}
  local jobs = key_of(header, 'jobs')
  local running = key_of(header, 'running')

  local function track(key)
    if not tracked[key] then
      redis.call('ZADD', REGISTRY, 'NX', header.generation, key)
      tracked[key] = true
    end
  end

  local function untrack_if_gone(key)
    if redis.call('EXISTS', key) == 0 then
      redis.call('ZREM', REGISTRY, key)
      tracked[key] = nil
    end
  end

  local function add_sorted(name, score, job)
    local key = key_of(header, name)
    redis.call('ZADD', key, score, job)
    track(key)
  end

  local function add(key, job)
    redis.call('SADD', key, job)
    track(key)
  end

  local function remove(command, key, job)
    redis.call(command, key, job)
    untrack_if_gone(key)
  end

  -- The lanes of a queue are listed with a slash, so that ties go as those of their jobs do.
  local function list_lane(queue, namespace)
    local lane = key_of(header, 'lane:' .. queue .. ':' .. namespace)
    local first = redis.call('ZRANGE', lane, 0, 0, 'WITHSCORES')
    if first[1] then
      add_sorted('lanes:' .. queue, first[2], namespace .. '/')
    else
      remove('ZREM', key_of(header, 'lanes:' .. queue), namespace .. '/')
    end
  end

  local function leave(job, place)
    local namespace = namespace_of(job)
    if place.kind == 'w' then
      remove('ZREM', key_of(header, 'order:' .. place.queue), job)
      remove('ZREM', key_of(header, 'lane:' .. place.queue .. ':' .. namespace), job)
      list_lane(place.queue, namespace)
    elseif place.kind == 'p' then
      remove('ZREM', key_of(header, 'blocked:' .. place.detail), job)
      remove('SREM', key_of(header, 'parked:' .. place.queue), job)
    else
      remove('SREM', key_of(header, 'running:' .. place.queue), job)
      remove('SREM', key_of(header, 'held:' .. place.queue .. ':' .. namespace), job)
      remove('SREM', running, job)
    end
  end

  -- The place of a job ({kind, queue, detail}), or nil.
  function places.find(job)
    local text = redis.call('HGET', jobs, job)
    if not text then
      return nil
    end
    local kind, queue, detail = string.match(text, '^(%l)\n([^\n]*)\n(.*)$')
    return {kind = kind, queue = queue, detail = detail, text = text}
  end

  -- Put a job from its place (or nil) into another; score is not used for holding.
  function places.move(job, from, kind, queue, detail, score)
    local text = kind .. '\n' .. queue .. '\n' .. detail
    if not from or from.text ~= text then
      if from then
        leave(job, from)
      end
      redis.call('HSET', jobs, job, text)
      track(jobs)
    end
    local namespace = namespace_of(job)
    if kind == 'w' then
      add_sorted('order:' .. queue, score, job)
      add_sorted('lane:' .. queue .. ':' .. namespace, score, job)
      list_lane(queue, namespace)
    elseif kind == 'p' then
      add_sorted('blocked:' .. detail, score, job)
      add(key_of(header, 'parked:' .. queue), job)
    else
      add(key_of(header, 'running:' .. queue), job)
      add(key_of(header, 'held:' .. queue .. ':' .. namespace), job)
      add(running, job)
    end
  end

  function places.forget(job, from)
    leave(job, from)
    remove('HDEL', jobs, job)
  end

  -- Slots in use: of one queue, or of all.
  function places.running(queue)
    return redis.call('SCARD', queue and key_of(header, 'running:' .. queue) or running)
  end

  -- Slots of one queue that jobs of this job's namespace hold.
  function places.running_beside(queue, job)
    return redis.call('SCARD', key_of(header, 'held:' .. queue .. ':' .. namespace_of(job)))
  end

  return places
end

local function is_holding(place, queue, attempt)
  return place and place.kind == 'h' and place.queue == queue and place.detail == attempt
end

local OPERATIONS = {}

OPERATIONS.enqueue = {fields = {'text', 'text', 'number'}, run = function(places, queue, job, score)
  local place = places.find(job)
  if place and place.kind == 'h' then
    return 'HOLDING'
  end
  places.move(job, place, 'w', queue, '', score)
  return 'QUEUED'
end}

OPERATIONS.park = {fields = {'text', 'text', 'text', 'number'},
  run = function(places, queue, job, blocker, score)
  local place = places.find(job)
  if place and place.kind == 'h' then
    return 'HOLDING'
  end
  places.move(job, place, 'p', queue, blocker, score)
  return 'PARKED'
end}

OPERATIONS.drop = {fields = {'text'}, run = function(places, job)
  local place = places.find(job)
  if not place then
    return 'ABSENT'
  elseif place.kind == 'h' then
    return 'HOLDING'
  end
  places.forget(job, place)
  return 'DROPPED'
end}

OPERATIONS.take = {fields = {'text', 'text', 'text', 'count', 'count', 'count'},
  run = function(places, queue, job, attempt, queue_limit, installation_limit, namespace_limit)
  local place = places.find(job)
  if is_holding(place, queue, attempt) then
    return 'TAKEN'
  elseif not place or place.kind ~= 'w' or place.queue ~= queue then
    return 'NOT_WAITING'
  elseif places.running(queue) >= tonumber(queue_limit) then
    return 'FULL'
  elseif tonumber(installation_limit) > 0 and places.running() >= tonumber(installation_limit) then
    return 'INSTALLATION_FULL'
  elseif tonumber(namespace_limit) > 0
    and places.running_beside(queue, job) >= tonumber(namespace_limit) then
    return 'NAMESPACE_FULL'
  end
  places.move(job, place, 'h', queue, attempt)
  return 'TAKEN'
end}

OPERATIONS.adopt = {fields = {'text', 'text', 'text'}, run = function(places, queue, job, attempt)
  local place = places.find(job)
  if place and place.kind == 'h' then
    return is_holding(place, queue, attempt) and 'ADOPTED' or 'HOLDING'
  end
  places.move(job, place, 'h', queue, attempt)
  return 'ADOPTED'
end}

OPERATIONS.release = {fields = {'text', 'text', 'text'}, run = function(places, queue, job, attempt)
  local place = places.find(job)
  if not is_holding(place, queue, attempt) then
    return 'NOT_HELD'
  end
  places.forget(job, place)
  return 'RELEASED'
end}

OPERATIONS.requeue = {fields = {'text', 'text', 'text', 'number'},
  run = function(places, queue, job, attempt, score)
  local place = places.find(job)
  if not is_holding(place, queue, attempt) then
    return 'NOT_HELD'
  end
  places.move(job, place, 'w', queue, '', score)
  return 'REQUEUED'
end}

local FIELD_IS_VALID = {
  text = function(field)
    return #field > 0 and not string.find(field, '[%c%s]')
  end,
  number = function(field)
    local number = tonumber(field)
    return number and number == number and math.abs(number) < math.huge
  end,
  count = function(field)
    local number = tonumber(field)
    return number and number >= 0 and number == math.floor(number)
  end,
}

local MOST_OPERATIONS = 256

-- Read ARGV from `first` on as operations. Returns a list of {run, first field, last field}, or
-- nil and what is wrong: nothing may be changed before all of them have been read.
local function parse_operations(first, allowed)
  local parsed = {}
  local position = first
  while position <= #ARGV do
    local name = ARGV[position]
    local operation = OPERATIONS[name]
    if not operation or (allowed and not allowed[name]) then
      return nil, 'unknown operation at argument ' .. position
    end
    for offset, kind in ipairs(operation.fields) do
      local field = ARGV[position + offset]
      if not field or not FIELD_IS_VALID[kind](field) then
        return nil, name .. ' has a bad field at argument ' .. (position + offset)
      end
    end
    parsed[#parsed + 1] = {operation.run, position + 1, position + #operation.fields}
    position = position + 1 + #operation.fields
  end
  if #parsed == 0 or #parsed > MOST_OPERATIONS then
    return nil, #parsed .. ' operations, from 1 to ' .. MOST_OPERATIONS .. ' are allowed'
  end
  return parsed
end

local function run_operations(parsed, places)
  local results = {}
  for index, operation in ipairs(parsed) do
    results[index] = operation[1](places, unpack(ARGV, operation[2], operation[3]))
  end
  return results
end

local function invalid(problem)
  return redis.error_reply('SCANYARD_INVALID ' .. problem)
end
