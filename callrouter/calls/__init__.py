"""Pure: one call's life: in the tree → waiting → offered → talking → ended."""
