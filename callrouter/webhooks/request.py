"""What a webhook is sent: one event as JSON, signed as the Standard Webhooks specification says.

webhook-id          the journal's id of the event: the same in every repeat
webhook-timestamp   seconds since 1970, of this try
webhook-signature   v1,<base64 of HMAC-SHA256 over `id.timestamp.body`>
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from callrouter import __version__
from callrouter.errors import SetupError
from callrouter.journal import Entry
from callrouter.reporting.told import told

PREFIX = "whsec_"
"""What follows it is base64, says the specification; without it the secret is taken as it is written."""


def key_of(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise SetupError(f"a webhook's secret begins with {PREFIX}, but what follows is no base64") from error


def body(entry: Entry, *, whole_numbers: bool, skipped: int = 0) -> bytes:
    """`skipped`: so many events before this one could not be delivered for too long and never will be."""
    event = told(entry, whole_numbers=whole_numbers)
    return msgspec.json.encode({**event, "skipped": skipped} if skipped else event)


def headers(entry: Entry, sent: bytes, key: bytes | None, now_s: int) -> Mapping[str, str]:
    found = {
        "Content-Type": "application/json",
        "User-Agent": f"callrouter/{__version__}",
        "webhook-id": entry.id,
        "webhook-timestamp": str(now_s),
    }
    if key is not None:
        found["webhook-signature"] = f"v1,{_signature(entry.id, now_s, sent, key)}"
    return found


def _signature(id: str, now_s: int, sent: bytes, key: bytes) -> str:
    signed = hmac.new(key, f"{id}.{now_s}.".encode() + sent, hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()
