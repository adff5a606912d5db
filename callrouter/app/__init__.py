"""Joins everything: only this room knows that the switch is Asterisk and the line is in Redis."""
