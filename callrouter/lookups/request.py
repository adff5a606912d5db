"""A lookup node and a call's values → the one HTTP request, pure. Nothing a caller says can change where it goes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from callrouter.tree.address import filled, shown
from callrouter.tree.fits import SECRET_IN_HEADER
from callrouter.tree.model import Lookup, Value

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    method: str
    url: str
    """Wholly percent-encoded."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)

    @property
    def key(self) -> str:
        """The same for the same question."""
        parts = (self.method, self.url, json.dumps(dict(self.headers), sort_keys=True), (self.body or b"").hex())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def request_for(lookup: Lookup, values: Mapping[str, Value], secret: Callable[[str], str]) -> HttpRequest:
    """`values` with the secret digits among them; `secret` gives a configured one by its name. ValueError: a variable
    that the request needs has no value."""
    headers = {"Accept": "application/json"}
    for name, text in lookup.headers.items():
        headers[name] = SECRET_IN_HEADER.sub(lambda match: _one_line(secret(match[1])), text)
    body = None
    if lookup.body or lookup.method != "GET":
        body = json.dumps({key: _sent(value, values) for key, value in lookup.body.items()}).encode()
        headers.setdefault("Content-Type", "application/json")
    return HttpRequest(lookup.method, filled(lookup.url, values), headers, body)


def _sent(value: Value, values: Mapping[str, Value]) -> Value:
    """A text of one variable is that variable's value, as it is; other texts have theirs put in."""
    if not isinstance(value, str):
        return value
    whole = _VARIABLE.fullmatch(value)
    if whole is not None:
        return _known(whole[1], values)
    return _VARIABLE.sub(lambda match: shown(_known(match[1], values)), value)


def _known(name: str, values: Mapping[str, Value]) -> Value:
    if name not in values:
        raise ValueError(f"{name} has no value")
    return values[name]


def _one_line(secret: str) -> str:
    if not secret.isprintable():
        raise ValueError("a secret with control characters cannot stand in a header")
    return secret
