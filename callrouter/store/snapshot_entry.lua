#!lua
-- Writes the whole floor as one entry, so that the floor at any later version can be rebuilt without the older entries.
-- KEYS: journal, floor   ARGV: journal bound
local raw = redis.call('HGETALL', KEYS[2])
local things = {}
for i = 1, #raw, 2 do
  things[#things + 1] = cjson.encode(raw[i]) .. ':' .. raw[i + 1]
end
local floor = '{' .. table.concat(things, ',') .. '}'
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'word', 'SNAPSHOT', 'floor', floor)
