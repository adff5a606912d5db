#!lua flags=allow-oom
-- Makes room in a full Redis: the newer half of the journal stays, at least ARGV[1] entries.
-- Returns the number of entries removed, 0 if somebody else has made room meanwhile, -1 if nothing can be removed.
-- KEYS: journal, trimmed   ARGV: entries that always stay
local memory = redis.call('INFO', 'memory')
local function figure(name)
  return tonumber(string.match(memory, name .. ':(%d+)') or '0')
end
-- Buffers of replicas and of the append-only file do not count against the bound (INFO: mem_not_counted_for_evict).
if figure('used_memory') - figure('mem_not_counted_for_evict') <= figure('maxmemory') then
  return 0
end
local length = redis.call('XLEN', KEYS[1])
local keep = math.max(tonumber(ARGV[1]), math.floor(length / 2))
if length <= keep then
  return -1
end
local removed = redis.call('XTRIM', KEYS[1], 'MAXLEN', keep)
local time = redis.call('TIME')
redis.call('HSET', KEYS[2], 'at', string.format('%d%03d', time[1], math.floor(time[2] / 1000)), 'removed', removed)
redis.call('HINCRBY', KEYS[2], 'times', 1)
return removed
