"""How a value is said aloud, pure: numbers, dates, money, as words for a voice or as names of recorded sounds."""
