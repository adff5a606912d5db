"""Each telephony command as ARI's request for it: one `match`, pure. Text that came from outside is checked here."""

from __future__ import annotations

import re
from typing import assert_never

from callrouter.asterisk.requests import Request
from callrouter.errors import CommandRefused
from callrouter.telephony import (
    Adopt,
    Answer,
    HandToFallback,
    HangUp,
    InterceptHold,
    Join,
    LegId,
    MakeBridge,
    Play,
    Ring,
    RingOutside,
    StartMusic,
    StopMessage,
    StopMusic,
    StopPlayback,
    TakeMessage,
    Unbridge,
)

AriCommand = (
    Answer
    | Play
    | StopPlayback
    | StartMusic
    | StopMusic
    | Ring
    | RingOutside
    | TakeMessage
    | StopMessage
    | MakeBridge
    | Join
    | Unbridge
    | InterceptHold
    | HangUp
    | HandToFallback
    | Adopt
)
"""Every command but the recordings': those go through AMI."""

CAUSES = {
    # ARI's words for reasons (rest-api/api-docs/channels.json) and their Q.850 numbers
    "normal": 16,
    "busy": 17,
    "no_answer": 19,
    "rejected": 21,
    "answered_elsewhere": 26,
    "congestion": 34,
    "failure": 38,
}

AUTO_ANSWER = {
    # RFC 3261 sections 20.4 and 20.9 want an address before the parameters; no phone asks for it
    "PJSIP_HEADER(add,Call-Info)": "<sip:callrouter.invalid>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)": "<http://callrouter.invalid>;info=alert-autoanswer;delay=0",
}
"""What phones take for the wish that they pick up by themselves: some know the one header, some the other. Set with
the originate, as a function of the channel that is being made: there is no moment later before the INVITE."""

INTERCEPT_HOLD = "HOLD_INTERCEPT(set)"
"""Asterisk's function that tells us of hold instead of playing its own music."""

_PHONE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OUTSIDE = re.compile(r"\+?[0-9]{2,20}")
_TRUNK = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_LEG = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SOUND = re.compile(r"/[^\x00-\x1f,&]{1,400}")


def request(command: AriCommand, application: str) -> Request:
    """The request that carries the command out for the worker with this application name."""
    match command:
        case Answer(leg):
            return Request("POST", ("channels", leg, "answer"))
        case Play(leg, playback, files):
            media = ",".join(f"sound:{_sound(file)}" for file in files)
            return Request("POST", ("channels", leg, "play", playback), {"media": media})
        case StopPlayback(_, playback):
            return Request("DELETE", ("playbacks", playback))
        case StartMusic(leg, music):
            return Request("POST", ("channels", leg, "moh"), {"mohClass": music})
        case StopMusic(leg):
            return Request("DELETE", ("channels", leg, "moh"))
        case Ring():
            return _ring(command, application, f"PJSIP/{_phone(command.phone)}", command.caller_name)
        case RingOutside():
            return _ring(command, application, _outside(command), "")
        case TakeMessage():
            return _take_message(command)
        case StopMessage(_, recording):
            return Request("POST", ("recordings", "live", recording, "stop"))
        case MakeBridge(bridge):
            # without `dtmf_events` and `proxy_media`: while nobody records or listens, Asterisk's sockets pass sound
            # on among themselves (bridge_native_rtp), as app_queue's do; with them a long talk costs a third more.
            # Keys then go from phone to phone untold: in a talk nobody asks for them
            return Request("POST", ("bridges", bridge), {"type": "mixing"})
        case Join(bridge, legs):
            # without the last one a caller's carrier would be told the agent's name and number
            query = {"channel": ",".join(_leg(leg) for leg in legs), "inhibitConnectedLineUpdates": "true"}
            return Request("POST", ("bridges", bridge, "addChannel"), query)
        case Unbridge(bridge):
            return Request("DELETE", ("bridges", bridge))
        case InterceptHold(leg):
            query = {"variable": INTERCEPT_HOLD, "value": ""}
            return Request("POST", ("channels", leg, "variable"), query)
        case HangUp(leg, reason):
            return Request("DELETE", ("channels", leg), {"reason_code": str(cause_of(reason))})
        case HandToFallback(leg):
            query = {"context": "fallback", "extension": "s", "priority": "1"}
            return Request("POST", ("channels", leg, "continue"), query)
        case Adopt(leg):
            return Request("POST", ("channels", leg, "move"), {"app": application, "appArgs": "adopt"})
        case _:
            assert_never(command)


def legs_of(command: AriCommand) -> tuple[LegId, ...]:
    """The legs that must be there for the command to make sense."""
    match command:
        case MakeBridge() | Unbridge() | StopPlayback() | StopMessage():
            return ()
        case Join(_, legs):
            return legs
        case _:
            return (command.leg,)


def _ring(command: Ring | RingOutside, application: str, endpoint: str, name: str) -> Request:
    query = {
        "endpoint": endpoint,
        "app": application,
        "appArgs": f"ring,{_leg(LegId(command.call))}",
        "callerId": caller_id(name, command.caller_number),
        "timeout": str(command.timeout_s),
        # without them the leg would ask for every codec there is
        "formats": "alaw,ulaw",
    }
    auto_answer = isinstance(command, Ring) and command.auto_answer
    return Request("POST", ("channels", command.leg), query, {"variables": AUTO_ANSWER} if auto_answer else None)


def _outside(command: RingOutside) -> str:
    """Only digits and the name of a trunk: nothing that a dial string could read as more."""
    if not _OUTSIDE.fullmatch(command.number):
        raise CommandRefused("not a number that can be dialled: only digits, perhaps after a plus")
    if not _TRUNK.fullmatch(command.trunk):
        raise CommandRefused(f"not a trunk's name: {command.trunk!r}")
    return f"PJSIP/{command.number}@trunk-{command.trunk}"


def _take_message(command: TakeMessage) -> Request:
    query = {
        "name": _leg(LegId(command.recording)),
        "format": "wav",
        "maxDurationSeconds": str(command.max_s),
        "maxSilenceSeconds": str(command.silence_s),
        "ifExists": "overwrite",
        "beep": "true",
        "terminateOn": "#",
    }
    return Request("POST", ("channels", command.leg, "record"), query)


def cause_of(reason: str) -> int:
    """The Q.850 number of one of our reasons to hang up."""
    if reason not in CAUSES:
        raise CommandRefused(f"unknown reason to hang up: {reason!r}; use one of {', '.join(CAUSES)}")
    return CAUSES[reason]


def caller_id(name: str, number: str) -> str:
    """What the agent's phone shows. Name and number come from the network and may be hostile."""
    shown = "".join(sign if sign.isprintable() and sign not in '"<>\\,;' else " " for sign in name)
    digits = "".join(sign for sign in number if sign in "+0123456789*#")[:32]
    return f'"{" ".join(shown.split())[:80]}" <{digits}>'


def _phone(phone: str) -> str:
    if not _PHONE.fullmatch(phone):
        raise CommandRefused(f"not a phone's name: {phone!r}; only letters, digits, _ and - may be dialled")
    return phone


def _leg(leg: LegId) -> str:
    if not _LEG.fullmatch(leg):
        raise CommandRefused(f"not an id: {leg!r}")
    return leg


def _sound(file: str) -> str:
    if not _SOUND.fullmatch(file):
        raise CommandRefused(f"not a sound file's path: {file!r}; it must be absolute, without commas")
    return file
