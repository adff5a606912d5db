"""Digest authentication (RFC 7616, RFC 2617, RFC 8760 for SIP): the answer to a challenge. Pure.

MD5, SHA-256 and SHA-512-256, with `qop=auth` or without; the caller brings the client nonce.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from callrouter.parties.message import Header, Response, SipSyntaxError

_PARAMETER = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|\Z)')
_PREFERENCE = ("SHA-256", "SHA-512-256", "MD5")


def _hash(name: str) -> Callable[[str], str]:
    algorithm = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[name]
    return lambda text: hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who a phone says it is."""

    user: str
    password: str


def parse_challenge(value: str) -> dict[str, str]:
    """The parameters of one `Digest ...` challenge, names in small letters."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise SipSyntaxError("only Digest challenges can be answered")
    found: dict[str, str] = {}
    at = 0
    while at < len(rest):
        part = _PARAMETER.match(rest, at)
        if part is None:
            raise SipSyntaxError("a Digest challenge must be `name=value, ...`")
        found[part[1].lower()] = re.sub(r"\\(.)", r"\1", part[2]) if part[2] is not None else part[3]
        at = part.end()
    return found


def answer(
    who: Credentials, challenge: Mapping[str, str], method: str, uri: str, *, cnonce: str, count: int = 1
) -> str:
    """The value of the Authorization header that answers a challenge."""
    algorithm = challenge.get("algorithm", "MD5").upper()
    digest = _hash(algorithm)
    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    first = digest(f"{who.user}:{realm}:{who.password}")
    second = digest(f"{method}:{uri}")
    fields = [f'username="{who.user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
    if "auth" in [offer.strip().lower() for offer in challenge.get("qop", "").split(",")]:
        response = digest(f"{first}:{nonce}:{count:08x}:{cnonce}:auth:{second}")
        fields += ["qop=auth", f"nc={count:08x}", f'cnonce="{cnonce}"']
    else:
        response = digest(f"{first}:{nonce}:{second}")
    fields += [f'response="{response}"', f"algorithm={algorithm}"]
    if "opaque" in challenge:
        fields.append(f'opaque="{challenge["opaque"]}"')
    return "Digest " + ", ".join(fields)


def _understood(values: Iterable[str]) -> list[dict[str, str]]:
    """The challenges we can answer, the strongest first; others are passed over (RFC 8760 section 2.4)."""
    usable = []
    for value in values:
        if value.strip().lower().startswith("digest "):
            challenge = parse_challenge(value)
            if challenge.get("algorithm", "MD5").upper() in _PREFERENCE:
                usable.append(challenge)
    return sorted(usable, key=lambda challenge: _PREFERENCE.index(challenge.get("algorithm", "MD5").upper()))


def authorization(who: Credentials, refusal: Response, method: str, uri: str, *, cnonce: str) -> Header | None:
    """The header that answers a 401 or 407, or nothing when it holds no challenge we understand."""
    asked, given = ("WWW-Authenticate", "Authorization") if refusal.status == 401 else (
        "Proxy-Authenticate", "Proxy-Authorization")  # fmt: skip
    challenges = _understood(refusal.all(asked))
    return (given, answer(who, challenges[0], method, uri, cnonce=cnonce)) if challenges else None
