"""What Asterisk holds at this moment: asked after every connection, because it repeats no events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from callrouter.asterisk.events import Application, AsteriskInfo, Bridge, Channel, Endpoint
from callrouter.asterisk.requests import Request, Requests
from callrouter.engine.ports import HeldLeg
from callrouter.errors import CommandRefused, LegGone
from callrouter.telephony import LegId, PhoneId, PlaybackId

PREFIX = "callrouter-"
"""Application names of workers begin so; nothing else's does."""

_channels = msgspec.json.Decoder(tuple[Channel, ...])
_channel = msgspec.json.Decoder(Channel)
_applications = msgspec.json.Decoder(tuple[Application, ...])
_info = msgspec.json.Decoder(AsteriskInfo)
_bridges = msgspec.json.Decoder(tuple[Bridge, ...])
_endpoints = msgspec.json.Decoder(tuple[Endpoint, ...])
Thing = TypeVar("Thing")


async def ask(requests: Requests, reader: msgspec.json.Decoder[Thing], *path: str) -> Thing:
    """What is there under this path, as typed values."""
    answer = await requests.send(Request("GET", path))
    try:
        return reader.decode(answer)
    except msgspec.MsgspecError as error:
        raise CommandRefused(f"Asterisk's answer to GET {'/'.join(path)} cannot be read: {error}") from error


async def boot_time(requests: Requests) -> str:
    """When this Asterisk started, in its own words: another one has none of the legs that the one before had."""
    return (await ask(requests, _info, "asterisk", "info")).status.startup_time


async def channels(requests: Requests) -> Mapping[LegId, Channel]:
    """Every channel there is, whoever's it is."""
    seen = await ask(requests, _channels, "channels")
    return {LegId(channel.id): channel for channel in seen}


async def channel(requests: Requests, leg: LegId) -> Channel | None:
    """One leg's channel, if it still lives."""
    try:
        return await ask(requests, _channel, "channels", leg)
    except LegGone:
        return None


async def workers(requests: Requests) -> Mapping[LegId, str]:
    """Which worker each leg reports to; dead workers' names are still there."""
    seen = await ask(requests, _applications, "applications")
    return {
        LegId(leg): application.name.removeprefix(PREFIX)
        for application in seen
        if application.name.startswith(PREFIX)
        for leg in application.channel_ids
    }


async def held(requests: Requests) -> Sequence[HeldLeg]:
    """Every living leg in the hands of a worker."""
    owners, living, bridged = await asyncio.gather(workers(requests), channels(requests), _bridged(requests))
    return tuple(HeldLeg(leg, worker, leg in bridged) for leg, worker in owners.items() if leg in living)


async def _bridged(requests: Requests) -> frozenset[LegId]:
    seen = await ask(requests, _bridges, "bridges")
    return frozenset(LegId(leg) for bridge in seen for leg in bridge.channels)


async def phones(requests: Requests) -> Mapping[PhoneId, bool]:
    """Every SIP endpoint and whether it can be reached (trunks are among them)."""
    try:
        seen = await ask(requests, _endpoints, "endpoints", "PJSIP")
    except LegGone:
        return {}  # not one endpoint has been made yet
    return {PhoneId(endpoint.resource): endpoint.state == "online" for endpoint in seen}


async def is_playing(requests: Requests, playback: PlaybackId) -> bool:
    try:
        await requests.send(Request("GET", ("playbacks", playback)))
    except LegGone:
        return False
    return True
