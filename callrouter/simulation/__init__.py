"""Pure: a centre played in virtual time by the very functions that choose live, and the exact answers it must give."""
