"""What a recording is called and what is known about it. Pure: the files themselves are kept by the store."""
