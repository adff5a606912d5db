#!lua flags=no-writes
-- Is everything after this version still in the journal? True while the entry itself is; for the empty version,
-- while nothing has been removed yet. KEYS: journal   ARGV: version
if ARGV[1] ~= '' then
  return #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
end
if redis.call('EXISTS', KEYS[1]) == 0 then
  return 1
end
local info = redis.call('XINFO', 'STREAM', KEYS[1])
local figures = {}
for i = 1, #info, 2 do
  figures[info[i]] = info[i + 1]
end
return figures['entries-added'] == figures['length'] and 1 or 0
