"""A caller from calling until the end, while a day is played."""

from __future__ import annotations

from callrouter.simulation.day import Caller


class Visit:
    __slots__ = (
        "agent",
        "call",
        "caller",
        "leave_at",
        "looks",
        "offers",
        "picked_up",
        "queue",
        "rest_until",
        "rings",
        "talked_ms",
        "waited_ms",
    )

    def __init__(self, call: str, caller: Caller) -> None:
        self.call = call
        self.caller = caller
        self.queue = caller.queue
        self.leave_at = 0
        self.offers = 0
        self.rings: dict[str, tuple[int, int]] = {}
        """Whose phones ring: the number of the offer, and since when."""
        self.picked_up = 0
        """Since when an agent is told who is coming; 0: nobody is."""
        self.looks = False
        """Whether another phone may ring for it."""
        self.agent = ""
        """Who talks."""
        self.rest_until = 0
        """When the hour of who talks allows another call."""
        self.waited_ms = 0
        self.talked_ms = 0
