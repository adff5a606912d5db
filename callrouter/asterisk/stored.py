"""Messages that Asterisk has recorded for us (ARI "stored recordings"): taken over HTTP, so that it need not share our
disk."""

from __future__ import annotations

import asyncio

import msgspec

from callrouter.asterisk.holdings import ask
from callrouter.asterisk.requests import Request, Requests
from callrouter.errors import CommandRefused, LegGone

NOT_YET_S = (0.0, 0.2, 0.5, 1.0, 2.0)
"""A caller who hangs up is told before the file is closed: it is asked for again."""


async def take(requests: Requests, recording: str) -> bytes:
    """The WAV file. CommandRefused if there is none; SwitchDown if Asterisk does not answer."""
    for pause_s in NOT_YET_S:
        await asyncio.sleep(pause_s)
        try:
            return await requests.send(Request("GET", ("recordings", "stored", recording, "file")))
        except LegGone:
            continue
    raise CommandRefused("nothing was recorded")


class _Stored(msgspec.Struct):
    name: str


_stored = msgspec.json.Decoder(list[_Stored])


async def names(requests: Requests) -> list[str]:
    """Everything that lies there, ours or not."""
    return [each.name for each in await ask(requests, _stored, "recordings", "stored")]


async def forget(requests: Requests, recording: str) -> None:
    """Asterisk's copy goes."""
    try:
        await requests.send(Request("DELETE", ("recordings", "stored", recording)))
    except LegGone:
        return  # gone already, which is what was wanted
