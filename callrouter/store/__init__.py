"""What outlives a worker: the line and the journal in Redis, recordings as files."""
