"""Which version of a tree a new call gets: the live one, or for a share of the callers the canary.

    floor thing tree:<name>   live, file, canary, share (percent), bound (points), since (ms), by
                              (`file`: the version that the workers started with, live until one is published)

A caller always falls on the same side of one canary, so who calls twice is not sent to and fro.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from callrouter.journal import NOW

BOUND_POINTS = 10.0
"""How much worse than the live version a canary may do, in percentage points, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class Lineup:
    """The versions of one tree that new calls may get."""

    live: str = ""
    canary: str = ""
    share: float = 0.0
    """Percent of the callers that get the canary."""
    bound: float = BOUND_POINTS
    since_ms: int = 0
    by: str = ""

    @property
    def versions(self) -> tuple[str, ...]:
        return tuple(version for version in (self.live, self.canary) if version)

    def promoted(self) -> Lineup:
        """The canary is live for everybody."""
        return replace(self, live=self.canary, canary="", share=0.0)

    def rolled_back(self) -> Lineup:
        """Everybody gets the live version again."""
        return replace(self, canary="", share=0.0)


def chosen(lineup: Lineup, caller: str) -> str:
    """The version for this caller."""
    if lineup.canary and _percentile(f"{lineup.canary} {caller}") < lineup.share:
        return lineup.canary
    return lineup.live


def _percentile(text: str) -> float:
    """A stable place of a text between 0 and 100."""
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big") / 2**64 * 100


def from_fields(fields: Mapping[str, str]) -> Lineup:
    """The line-up that the floor holds."""
    return Lineup(
        live=fields.get("live") or fields.get("file", ""),
        canary=fields.get("canary", ""),
        share=float(fields.get("share") or 0),
        bound=float(fields.get("bound") or BOUND_POINTS),
        since_ms=int(fields.get("since") or 0),
        by=fields.get("by", ""),
    )


def to_fields(lineup: Lineup, by: str) -> dict[str, str]:
    """For the floor, written now by this person."""
    return {
        "live": lineup.live,
        "canary": lineup.canary,
        "share": f"{lineup.share:g}",
        "bound": f"{lineup.bound:g}",
        "since": NOW,
        "by": by,
    }
