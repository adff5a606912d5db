"""What each kind of node does with a caller. ENTER: the caller comes. ON: something happens."""
