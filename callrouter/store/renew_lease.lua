#!lua flags=allow-oom
-- Says that a worker lives, by Redis's own clock; even a full Redis must not make the living look dead.
-- KEYS: leases   ARGV: worker, milliseconds
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
