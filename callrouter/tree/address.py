"""The address of a lookup. Its scheme, host and port are fixed; variables stand only in whole path segments and in
values of the query, and are percent-encoded, so that nothing a caller says can lead anywhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlsplit

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_FIXED = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]*")


def check_address(text: str) -> str:
    """The address itself if it is good; ValueError says what to change."""
    if not re.fullmatch(r"[\x21-\x7e]*", text):
        raise ValueError("only plain letters, digits and signs without spaces; write others percent-encoded")
    parts = urlsplit(text)
    if not _HOST.fullmatch(parts.netloc):
        raise ValueError("the host must be fixed: a name or address, perhaps with a port; no variable, no user name")
    if "#" in text:
        raise ValueError("leave out # and what follows: it is never sent")
    for segment in parts.path.split("/"):
        if not _VARIABLE.fullmatch(segment) and not _FIXED.fullmatch(segment):
            raise ValueError(
                f"{segment[:40]} is no path segment; a variable must be a whole one: /customers/{{caller}}"
            )
    for pair in parts.query.split("&") if parts.query else ():
        name, _, value = pair.partition("=")
        if not _FIXED.fullmatch(name) or not (_VARIABLE.fullmatch(value) or _FIXED.fullmatch(value)):
            raise ValueError(f"{pair[:40]} is no part of a query; write name={{variable}} or name=word")
    return text


def variables_in(text: str) -> Iterator[str]:
    """Every variable in an address, or in a text."""
    yield from (match[1] for match in _VARIABLE.finditer(text))


def filled(address: str, values: Mapping[str, str | int | float | bool]) -> str:
    """The address with its variables in place. ValueError for one that has no value, or none that a path can hold."""
    path, mark, query = address.partition("?")
    return _put_in(path, values, in_path=True) + mark + _put_in(query, values, in_path=False)


def _put_in(text: str, values: Mapping[str, str | int | float | bool], *, in_path: bool) -> str:
    def encoded(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise ValueError(f"{match[1]} has no value")
        value = shown(values[match[1]])
        # an empty segment, or one of only dots, would be another path (RFC 3986, 5.2.4), also when percent-encoded
        if in_path and not value.strip("."):
            raise ValueError(f"{match[1]} is empty")
        return quote(value, safe="")

    return _VARIABLE.sub(encoded, text)


def shown(value: str | int | float | bool) -> str:
    """A value as text: true, 5, 0.5."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)
