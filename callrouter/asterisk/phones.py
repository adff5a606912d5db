"""Agents' phones, pushed into Asterisk's dynamic configuration through ARI; no file is edited, nothing is reloaded.

Only what differs is written: writing an address record (aor) again while its phone is registered leaves a dead
contact behind in Asterisk 22.10, and then the phone counts as reachable for ever.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from callrouter.asterisk import holdings
from callrouter.asterisk.requests import Request, Requests
from callrouter.errors import CommandRefused, LegGone
from callrouter.telephony import PhoneId

log = structlog.get_logger(__name__)

MARK = "callrouter-phone"
"""The account code of every phone we made: phones without it are not ours to take away."""
KINDS = ("auth", "aor", "endpoint")
"""In this order, and each for all phones before the next: for every aor that is written Asterisk looks through all
endpoints there are, which made a thousand phones take twenty seconds to become reachable."""
_PHONE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Phone:
    """One agent's phone: the name it registers under, its password, and what others see when it calls."""

    id: PhoneId
    password: str = field(repr=False)
    shown_name: str = ""


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What was done."""

    written: tuple[PhoneId, ...]
    removed: tuple[PhoneId, ...]
    kept: int


class _Attribute(msgspec.Struct, frozen=True):
    attribute: str
    value: str


_attributes = msgspec.json.Decoder(tuple[_Attribute, ...])


async def provision(
    requests: Requests, phones: Sequence[Phone], *, codecs: Sequence[str] = ("alaw", "ulaw")
) -> Provisioned:
    """Make Asterisk's phones those given: new and changed ones are written, ours that are not given are removed.

    Phones that are registered stay so. May be repeated at any time; raises SwitchDown, CommandRefused.
    """
    for phone in phones:
        _check(phone)
    gate = asyncio.Semaphore(_AT_ONCE)
    changed: set[PhoneId] = set()

    async def one(kind: str, phone: Phone) -> None:
        async with gate:
            if await _bring_up_to_date(requests, kind, phone, codecs):
                changed.add(phone.id)

    for kind in KINDS:
        async with asyncio.TaskGroup() as group:
            for phone in phones:
                group.create_task(one(kind, phone), name=f"{kind}:{phone.id}")
    written = tuple(phone.id for phone in phones if phone.id in changed)
    removed = await _remove_others(requests, {phone.id for phone in phones}, gate)
    done = Provisioned(written, removed, len(phones) - len(written))
    log.info("phones_provisioned", written=len(written), removed=len(removed), kept=done.kept)
    return done


def records(phone: Phone, codecs: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    """The three records of a phone; values as Asterisk shows them."""
    return {
        "auth": {"auth_type": "digest", "username": phone.id, "password": phone.password},
        "aor": {
            "max_contacts": "1",
            "remove_existing": "true",  # a phone that comes back from elsewhere takes the place of its old self
            "qualify_frequency": "30",
            "qualify_timeout": "3.000000",
            "qualify_2xx_only": "true",
        },
        "endpoint": {
            "accountcode": MARK,
            "aors": phone.id,
            "auth": phone.id,
            "context": "from-agent",
            "allow": f"({'|'.join(codecs)})",
            **({"callerid": shown} if (shown := _shown(phone.shown_name)) else {}),
            "direct_media": "false",  # sound must pass through Asterisk: else no key is heard, nothing is recorded
            "dtmf_mode": "rfc4733",
            "rtp_symmetric": "true",
            "force_rport": "true",
            "rewrite_contact": "true",
            "allow_transfer": "false",  # transfers are ours; a phone's own would break the queue's view of the call
            "allow_subscribe": "false",
            "rtp_timeout": "60",
            "rtp_timeout_hold": "3600",
            "device_state_busy_at": "1",
            "max_audio_streams": "1",
        },
    }


def _check(phone: Phone) -> None:
    if not _PHONE.fullmatch(phone.id):
        raise CommandRefused(f"not a phone's name: {phone.id!r}; use letters, digits, _ and -")
    if not phone.password or any(not sign.isprintable() for sign in phone.password):
        raise CommandRefused(f"phone {phone.id} needs a password of printable characters")


def _shown(name: str) -> str:
    """Asterisk reads this as a caller ID: a number in brackets or quotes would be taken for one."""
    clean = "".join(sign if sign.isprintable() and sign not in '"<>\\' else " " for sign in name)
    return " ".join(clean.split())[:80]


async def _bring_up_to_date(requests: Requests, kind: str, phone: Phone, codecs: Sequence[str]) -> bool:
    wanted = records(phone, codecs)[kind]
    have = await _record(requests, kind, phone.id)
    if all(have.get(key) == value for key, value in wanted.items()):
        return False
    await _write(requests, kind, phone.id, wanted)
    return True


async def _record(requests: Requests, kind: str, phone: str) -> Mapping[str, str]:
    try:
        found = await holdings.ask(requests, _attributes, *_path(kind, phone))
    except LegGone:
        return {}
    return {one.attribute: one.value for one in found}


async def _write(requests: Requests, kind: str, phone: str, wanted: Mapping[str, str]) -> None:
    fields = [{"attribute": key, "value": _as_written(key, value)} for key, value in wanted.items()]
    await requests.send(Request("PUT", _path(kind, phone), body={"fields": fields}))


def _as_written(key: str, value: str) -> str:
    """Two values are read back in another form than they are written."""
    if key == "allow":
        return f"!all,{value.strip('()').replace('|', ',')}"
    if key == "callerid":
        return f'"{value}" <>'
    return value


async def _remove_others(requests: Requests, wanted: set[PhoneId], gate: asyncio.Semaphore) -> tuple[PhoneId, ...]:
    async def one(phone: PhoneId) -> bool:
        async with gate:
            if (await _record(requests, "endpoint", phone)).get("accountcode") != MARK:
                return False
            for kind in reversed(KINDS):
                await _delete(requests, kind, phone)
            return True

    others = sorted((await holdings.phones(requests)).keys() - wanted)
    removed = await asyncio.gather(*(one(phone) for phone in others))
    return tuple(phone for phone, was_ours in zip(others, removed, strict=True) if was_ours)


async def _delete(requests: Requests, kind: str, phone: str) -> None:
    try:
        await requests.send(Request("DELETE", _path(kind, phone)))
    except LegGone:
        log.debug("phone_record_missing", kind=kind, phone=phone)


def _path(kind: str, phone: str) -> tuple[str, ...]:
    return ("asterisk", "config", "dynamic", "res_pjsip", kind, phone)
