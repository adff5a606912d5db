"""Which phones can be reached: an event websocket of its own, because a subscription to endpoints brings every event
of every channel on them as well, so that each key of a caller would be heard twice.

Not from the states of devices, which would be cheaper: Asterisk 22.10.1 locks itself up for good when such a websocket
ends in the moment of a change (res_stasis_device_state against res_ari, each holding what the other waits for; seen in
tests/contract/test_switch.py, where workers are killed, in one run of two).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from callrouter.asterisk import holdings
from callrouter.asterisk.connection import EventSocket
from callrouter.asterisk.events import ApplicationReplaced, Door, Endpoint, EndpointStateChange
from callrouter.asterisk.requests import Access, Request, Requests
from callrouter.telephony import PhoneId, PhoneReachable

ALLOWED = ("ApplicationReplaced", "EndpointStateChange")


class Reachability:
    """What is known of each phone; tells changes only. Pure."""

    def __init__(self) -> None:
        self._phones: dict[PhoneId, bool] = {}

    def hear(self, endpoint: Endpoint) -> Iterator[PhoneReachable]:
        if endpoint.technology == "PJSIP":
            yield from self._note(PhoneId(endpoint.resource), endpoint.state == "online")

    def replace(self, seen: Mapping[PhoneId, bool]) -> Iterator[PhoneReachable]:
        """The whole truth: phones that are not in it have gone."""
        for phone in self._phones.keys() - seen.keys():
            if self._phones.pop(phone):
                yield PhoneReachable(phone, False)
        for phone, reachable in seen.items():
            yield from self._note(phone, reachable)

    def _note(self, phone: PhoneId, reachable: bool) -> Iterator[PhoneReachable]:
        if self._phones.get(phone) != reachable:
            self._phones[phone] = reachable
            yield PhoneReachable(phone, reachable)


class PhoneWatch:
    """One worker's view of the phones. Its application is not named like a worker's, so no calls are offered to it."""

    def __init__(
        self, worker: str, access: Access, requests: Requests, door: Door, tell: Callable[[PhoneReachable], None]
    ) -> None:
        self.application = f"phones-{worker}"
        self._requests = requests
        self._door = door
        self._tell = tell
        self._phones = Reachability()
        self.socket = EventSocket(access, self.application, requests.http, on_message=self._hear, prepare=self._prepare)

    async def run(self) -> None:
        await self.socket.run()

    def _hear(self, data: str | bytes) -> None:
        match self._door.read(data):
            case EndpointStateChange(endpoint):
                self._tell_all(self._phones.hear(endpoint))
            case ApplicationReplaced():
                self.socket.step_down()
            case _:
                pass

    async def _prepare(self) -> None:
        own = ("applications", self.application)
        allowed = {"allowed": [{"type": kind} for kind in ALLOWED]}
        await self._requests.send(Request("PUT", (*own, "eventFilter"), body=allowed))
        await self._requests.send(Request("POST", (*own, "subscription"), {"eventSource": "endpoint:PJSIP"}))
        self._tell_all(self._phones.replace(await holdings.phones(self._requests)))

    def _tell_all(self, events: Iterator[PhoneReachable]) -> None:
        for event in events:
            self._tell(event)
