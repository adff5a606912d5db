"""Proof before a tree is live: that every call ends, what is reached, what tests cover, pictures. Pure."""
