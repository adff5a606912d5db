"""callrouter decides where calls go; Asterisk moves the sound."""

__version__ = "0.1.0"
