"""Other programs asked over HTTP for a caller in the tree. Rule: whatever they do, only the call that asked waits."""
