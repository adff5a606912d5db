"""The only room that waits: it owns calls, performs what the pure rooms decide and talks through ports."""
