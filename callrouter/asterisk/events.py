"""The JSON door: ARI's messages as typed values. Beyond it there is no JSON and nothing untyped.

Types we do not know and messages we cannot read are counted, never fatal. Text from outside (names, numbers) is
typed here and otherwise left as it is.
"""

from __future__ import annotations

from collections import Counter

import msgspec

DISALLOWED = (
    # Asterisk leaves these out (eventFilter). A list of what is allowed would also hide types we have not heard of.
    "ApplicationMoveFailed",
    "BridgeCreated",
    "BridgeDestroyed",
    "CallClaimed",
    "ChannelCallerId",
    "ChannelConnectedLine",
    "ChannelCreated",
    "ChannelDialplan",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
    "ChannelVarset",
    "ContactStatusChange",
    "Dial",
    "PeerStatusChange",
    "PlaybackContinuing",
    "PlaybackStarted",
    "RecordingStarted",
)


class Person(msgspec.Struct, frozen=True):
    name: str = ""
    number: str = ""


class Dialplan(msgspec.Struct, frozen=True):
    app_name: str = ""


class Channel(msgspec.Struct, frozen=True):
    id: str
    name: str = ""
    state: str = ""
    caller: Person = Person()
    dialplan: Dialplan = Dialplan()


class Playback(msgspec.Struct, frozen=True):
    id: str
    target_uri: str
    state: str


class Recording(msgspec.Struct, frozen=True):
    name: str
    target_uri: str
    duration: int = 0
    talking_duration: int | None = None


class Endpoint(msgspec.Struct, frozen=True):
    technology: str
    resource: str
    state: str = "unknown"


class Application(msgspec.Struct, frozen=True):
    name: str
    channel_ids: tuple[str, ...] = ()


class BootStatus(msgspec.Struct, frozen=True):
    startup_time: str = ""


class AsteriskInfo(msgspec.Struct, frozen=True):
    status: BootStatus = BootStatus()


class Bridge(msgspec.Struct, frozen=True):
    id: str
    channels: tuple[str, ...] = ()


class CallBroadcast(msgspec.Struct, frozen=True, tag=True):
    channel: Channel


class StasisStart(msgspec.Struct, frozen=True, tag=True):
    channel: Channel
    args: tuple[str, ...] = ()


class StasisEnd(msgspec.Struct, frozen=True, tag=True):
    channel: Channel


class ChannelDestroyed(msgspec.Struct, frozen=True, tag=True):
    channel: Channel
    cause: int = 0


class ChannelHangupRequest(msgspec.Struct, frozen=True, tag=True):
    channel: Channel
    cause: int = 0


class ChannelStateChange(msgspec.Struct, frozen=True, tag=True):
    channel: Channel


class ChannelDtmfReceived(msgspec.Struct, frozen=True, tag=True):
    channel: Channel
    digit: str


class ChannelHold(msgspec.Struct, frozen=True, tag=True):
    channel: Channel


class ChannelUnhold(msgspec.Struct, frozen=True, tag=True):
    channel: Channel


class PlaybackFinished(msgspec.Struct, frozen=True, tag=True):
    playback: Playback


class RecordingFinished(msgspec.Struct, frozen=True, tag=True):
    recording: Recording


class RecordingFailed(msgspec.Struct, frozen=True, tag=True):
    recording: Recording


class EndpointStateChange(msgspec.Struct, frozen=True, tag=True):
    endpoint: Endpoint


class ApplicationReplaced(msgspec.Struct, frozen=True, tag=True):
    application: str = ""


Message = (
    CallBroadcast
    | StasisStart
    | StasisEnd
    | ChannelDestroyed
    | ChannelHangupRequest
    | ChannelStateChange
    | ChannelDtmfReceived
    | ChannelHold
    | ChannelUnhold
    | PlaybackFinished
    | RecordingFinished
    | RecordingFailed
    | EndpointStateChange
    | ApplicationReplaced
)


class _Head(msgspec.Struct):
    type: str = ""


class Door:
    """Reads messages and counts what it could not make use of."""

    KINDS = 100
    """So many different names are counted; a flood of invented ones shares `other`."""

    def __init__(self) -> None:
        self._read = msgspec.json.Decoder(Message)
        self._read_head = msgspec.json.Decoder(_Head)
        self.unused: Counter[str] = Counter()
        self.unreadable = 0

    def read(self, data: str | bytes) -> Message | None:
        """The message, or None when it is of a kind we do not use or cannot be read."""
        try:
            message: Message = self._read.decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self._count(data)
            return None
        return message

    def _count(self, data: str | bytes) -> None:
        try:
            kind = self._read_head.decode(data).type
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            kind = ""
        kind = kind[:60]
        if not kind or kind in _USED:
            self.unreadable += 1
        elif kind in self.unused or len(self.unused) < self.KINDS:
            self.unused[kind] += 1
        else:
            self.unused["other"] += 1


_USED = frozenset(kind.__name__ for kind in Message.__args__)
