"""Pure: the journal told to people: the list of calls, the story of one call, the live floor. Each formula once."""
