"""Pure: which version of a tree a new call gets, and whether a new version does worse than the one before."""
