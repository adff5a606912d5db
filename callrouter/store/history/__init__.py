"""The SQL history: calls and what they are made of, and what agents did, told once each from the journal."""
