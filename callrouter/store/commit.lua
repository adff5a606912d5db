#!lua
-- One commit, all of it or nothing; what is worth committing is decided elsewhere (see keys.py for what the keys hold).
-- KEYS: journal, floor, owners, states, did:<operation>
-- ARGV: the commit (codec.encode_commit), the call's state, journal bound, milliseconds to keep the answer, the state
-- that the call must still have if the commit `knows_state`
-- Nothing below the line `write` can fail: Redis does not undo what a script wrote before an error.
local journal, floor, owners, states, did = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local commit = cmsgpack.unpack(ARGV[1])
local things = {}

local function thing(name)
  if not things[name] then
    things[name] = cjson.decode(redis.call('HGET', floor, name) or '{}')
  end
  return things[name]
end

local function answer(text)
  redis.call('SET', did, text, 'PX', ARGV[4])
  return text
end

local first_answer = redis.call('GET', did)
if first_answer then
  return first_answer
end
if commit.call ~= '' and (redis.call('HGET', owners, commit.call) or '') ~= commit.wanted then
  return answer('refused owner')
end
if commit.knows_state and redis.call('HGET', states, commit.call) ~= ARGV[5] then
  return answer('refused state')
end
for _, check in ipairs(commit.checks) do
  if (thing(check[1])[check[2]] or '') ~= check[3] then
    return answer('refused ' .. check[1] .. '.' .. check[2])
  end
end

local not_so = {}
for _, check in ipairs(commit.only_if) do
  if (thing(check[1])[check[2]] or '') ~= check[3] then
    not_so[check[1]] = true
  end
end
local changes = {}
for _, changed in ipairs(commit.changes) do
  if not not_so[changed[1]] then
    table.insert(changes, changed)
  end
end

local time = redis.call('TIME')
local now = string.format('%d%03d', time[1], math.floor(time[2] / 1000))
local change = {}
for _, changed in ipairs(changes) do
  local name, fields = changed[1], changed[2]
  change[name] = fields or cjson.null
  local kept = fields and thing(name)
  for field, value in pairs(fields or {}) do
    if value == '$now' then
      value = now
      fields[field] = now
    end
    kept[field] = value
  end
end
if #changes > 0 then
  table.insert(commit.entries[1], 'floor')
  table.insert(commit.entries[1], cjson.encode(change))
end

-- write
local version = ''
for _, entry in ipairs(commit.entries) do
  -- The id says the same time as the floor, unless the clock was set back: ids never go back.
  local id = redis.pcall('XADD', journal, 'MAXLEN', '~', ARGV[3], now .. '-*', unpack(entry))
  if type(id) == 'table' then
    id = redis.call('XADD', journal, 'MAXLEN', '~', ARGV[3], '*', unpack(entry))
  end
  version = id
end
for _, changed in ipairs(changes) do
  if changed[2] then
    redis.call('HSET', floor, changed[1], cjson.encode(thing(changed[1])))
  else
    redis.call('HDEL', floor, changed[1])
  end
end
if commit.ends then
  redis.call('HDEL', owners, commit.call)
  redis.call('HDEL', states, commit.call)
elseif commit.call ~= '' then
  redis.call('HSET', owners, commit.call, commit.owner)
  if not commit.keeps_state then
    redis.call('HSET', states, commit.call, ARGV[2])
  end
end
return answer('written ' .. version)
