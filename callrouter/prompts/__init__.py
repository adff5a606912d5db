"""What callers hear: text becomes sound once, recorded files win, everything ready in both telephone laws."""
