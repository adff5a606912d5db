"""What Asterisk holds at this moment: asked after every connection, because it repeats no events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from callrouter.asterisk.events import Application, Bridge, Channel, Endpoint
from callrouter.asterisk.requests import Request, Requests
from callrouter.engine.ports import HeldLeg
from callrouter.errors import LegGone
from callrouter.telephony import LegId, PhoneId, PlaybackId

PREFIX = "callrouter-"
"""Application names of workers begin so; nothing else's does."""

_read_channels = msgspec.json.Decoder(tuple[Channel, ...])
_read_channel = msgspec.json.Decoder(Channel)
_read_applications = msgspec.json.Decoder(tuple[Application, ...])
_read_bridges = msgspec.json.Decoder(tuple[Bridge, ...])
_read_endpoints = msgspec.json.Decoder(tuple[Endpoint, ...])


async def channels(requests: Requests) -> Mapping[LegId, Channel]:
    """Every channel there is, whoever's it is."""
    seen = _read_channels.decode(await requests.send(Request("GET", ("channels",))))
    return {LegId(channel.id): channel for channel in seen}


async def channel(requests: Requests, leg: LegId) -> Channel | None:
    """One leg's channel, if it still lives."""
    try:
        return _read_channel.decode(await requests.send(Request("GET", ("channels", leg))))
    except LegGone:
        return None


async def workers(requests: Requests) -> Mapping[LegId, str]:
    """Which worker each leg reports to; dead workers' names are still there."""
    seen = _read_applications.decode(await requests.send(Request("GET", ("applications",))))
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
    seen = _read_bridges.decode(await requests.send(Request("GET", ("bridges",))))
    return frozenset(LegId(leg) for bridge in seen for leg in bridge.channels)


async def phones(requests: Requests) -> Mapping[PhoneId, bool]:
    """Every SIP endpoint and whether it can be reached (trunks are among them)."""
    try:
        seen = _read_endpoints.decode(await requests.send(Request("GET", ("endpoints", "PJSIP"))))
    except LegGone:
        return {}  # not one endpoint has been made yet
    return {PhoneId(endpoint.resource): endpoint.state == "online" for endpoint in seen}


async def is_playing(requests: Requests, playback: PlaybackId) -> bool:
    try:
        await requests.send(Request("GET", ("playbacks", playback)))
    except LegGone:
        return False
    return True
