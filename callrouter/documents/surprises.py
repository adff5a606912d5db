"""The words of YAML that programs read differently, and libyaml's complaints in plain words."""

from __future__ import annotations

import re

Scalar = None | bool | int | float | str

QUOTE = "put it in quotes"
# YAML 1.1 (yaml.org/type) gives these plain words a meaning that YAML 1.2 and people do not share
_SURPRISES = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"true|false|yes|no|on|off|y|n", f"write true or false in small letters, or {QUOTE} if it is a word"),
        (r"null", f"write null in small letters, or {QUOTE} if it is a word"),
        (r"[-+]?0[0-9_]+(\.[0-9_]*)?", f"some programs read it as an octal number: {QUOTE}, or drop the leading zero"),
        (r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", f"some programs read it in base 60: {QUOTE}"),
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t ].*)?", f"some programs read it as a date: {QUOTE}"),
        (r"\+[0-9]+", f"some programs drop the plus: {QUOTE}"),
        (
            r"[-+]?(\.?[0-9][0-9_]*)(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?0[xob][0-9a-f_]+|[-+]?\.inf|\.nan|=",
            f"programs disagree about such a number: write it like 12 or 0.5, or {QUOTE} if it is text",
        ),
    )
)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_FRACTION = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
LOST_KEY = re.compile(r"^[ \t]*(- )?#[ \t]*:([ \t]|$)")

_SYNTAX = (
    ("alias", 'a bare * has a meaning of its own in YAML; put it in quotes: "*"'),
    ("tab", "indent with spaces, not with tabs"),
    (
        "quoted scalar",
        "the text in quotes that begins here does not end well: close it, and write \\\\ for a backslash",
    ),
    ("flow", "the bracket that begins here does not end well; is something in it in need of quotes, like # or *?"),
    (
        "mapping values are not allowed",
        "a `: ` too many in this line, or wrong indentation; put text with `: ` in quotes",
    ),
    ("expected ':'", "this is neither `key: value` nor a list item `- value`"),
    ("cannot start any token", "text that begins with this sign must be in quotes"),
    ("block", "the indentation does not fit the lines above"),
)


def resolve(text: str) -> tuple[Scalar, str | None]:
    """A plain (unquoted) word: its value, and why it must not be left plain."""
    if text in ("", "~", "null"):
        return None, None
    if text in ("true", "false"):
        return text == "true", None
    if _WHOLE.fullmatch(text):
        return int(text), None
    if _FRACTION.fullmatch(text):
        return float(text), None
    return text, next((words for pattern, words in _SURPRISES if pattern.fullmatch(text)), None)


def syntax_words(told: str) -> str:
    """What to do about a complaint of libyaml."""
    return next((words for part, words in _SYNTAX if part in told), f"this is not YAML: {told.strip()}")
