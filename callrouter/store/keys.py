"""Every key the line has in Redis: what is in it, who writes it, when it goes.

    {centre}:journal   stream   word, call, agent, queue, data (JSON), floor (JSON); id = milliseconds-number.
                                Written by commit.lua and snapshot_entry.lua; trimmed to about `journal_max` entries
                                by both, and to half by trim.lua when Redis is full; what the SQL history has, and
                                nobody explains from any more, goes by trim_before.
    {centre}:floor     hash     thing (`agent:<id>`, `queue:<id>`, `waiting:<call>`) -> its fields as JSON.
                                Written by commit.lua; a thing goes when a commit takes it away.
    {centre}:owners    hash     call -> the worker that owns it. Written by commit.lua, goes with the call's end.
    {centre}:states    hash     call -> its session's state (bytes). As owners.
    {centre}:did:<operation>    string   a commit's answer, so that a repeat is told the same. Written by commit.lua;
                                expires ANSWER_KEPT_MS later.
    {centre}:leases    sorted set   worker -> until when (Redis's milliseconds) it is taken to live. Written by
                                renew_lease.lua by each worker for itself; run-out ones are swept at each renewal.
    {centre}:lock:<name>        string   the worker doing a chore that only one should do. Expires by itself.
    {centre}:shelf     hash     name (`tree/<tree>/<version>`) -> a document that all workers may need: a published tree
                                with who put it there and when. Written and pruned by publishing.
    {centre}:trimmed   hash     times, at (ms), removed: the emergency trims. Written by trim.lua; stays.

The braces put all keys of one centre into one slot, as scripts over several keys need in a Redis cluster
(Redis documentation, "Hash tags").
"""

from __future__ import annotations

from dataclasses import dataclass

ANSWER_KEPT_MS = 60_000
"""Far longer than any repeat can take, short enough to cost little memory."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one centre; several centres may share a Redis under different names."""

    centre: str = "callrouter"

    @property
    def journal(self) -> str:
        return self._named("journal")

    @property
    def floor(self) -> str:
        return self._named("floor")

    @property
    def owners(self) -> str:
        return self._named("owners")

    @property
    def states(self) -> str:
        return self._named("states")

    @property
    def leases(self) -> str:
        return self._named("leases")

    @property
    def shelf(self) -> str:
        return self._named("shelf")

    @property
    def trimmed(self) -> str:
        return self._named("trimmed")

    def did(self, operation: str) -> str:
        return self._named(f"did:{operation}")

    def lock(self, name: str) -> str:
        return self._named(f"lock:{name}")

    def _named(self, name: str) -> str:
        return f"{{{self.centre}}}:{name}"
