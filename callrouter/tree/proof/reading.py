"""Pieces of which sentences of tests are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")
Fragments = Mapping[str, tuple[str, Callable[[re.Match[str]], T]]]
"""How it is written, for people → the pattern that the whole of the words must fit, and what they mean."""

NODE = r"([a-z][a-z0-9_/:-]{0,80})"
LANGUAGES = {"English": "en", "Russian": "ru"}
_TIME = re.compile(r"(\d{1,5}(?:\.\d{1,3})?) ?(ms|s|seconds?|m|minutes?)")


def seconds(text: str) -> float:
    """`2s`, `1.5 s`, `300ms`, `2 minutes`."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"`{text}` is no length of time; write it like 2s, 1.5s or 300ms")
    return float(found[1]) * {"ms": 0.001, "m": 60.0}.get("ms" if found[2] == "ms" else found[2][0], 1.0)
