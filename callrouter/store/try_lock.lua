#!lua flags=allow-oom
-- One worker at a time does a chore; small and short-lived, so a full Redis does not stop chores.
-- KEYS: lock:<name>   ARGV: worker, milliseconds
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
