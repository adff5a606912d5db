"""The centre on this machine: what it needs, where it writes, its private Asterisk and Redis, the parent."""
