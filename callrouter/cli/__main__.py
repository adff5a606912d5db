"""`python -m callrouter.cli`: how the parent starts workers."""

from callrouter.cli import main

main()
