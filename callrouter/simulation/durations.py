"""How long things last, each as the time below which a given share of them stays.

Rule: one number between 0 and 1 drawn for a caller gives the same luck before and after a change: a caller with a long
story tells it to whoever answers. Comparing the two needs far fewer days than with independent luck (common random
numbers: Law, "Simulation Modeling and Analysis", 5th edition, section 11.2).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

_NORMAL = NormalDist()


class Duration(Protocol):
    def at(self, share: float) -> float:
        """Seconds: this share lasts no longer. 0 <= share < 1; endless is math.inf."""
        ...


@dataclass(frozen=True, slots=True)
class Fixed:
    seconds: float

    def at(self, _share: float) -> float:
        return self.seconds


NEVER = Fixed(math.inf)
"""The patience of somebody who does not give up."""


@dataclass(frozen=True, slots=True)
class Exponential:
    mean_s: float

    def at(self, share: float) -> float:
        return -self.mean_s * math.log1p(-share)


@dataclass(frozen=True, slots=True)
class LogNormal:
    """What talk times look like: L. Brown et al. (2005), "Statistical analysis of a telephone call center", JASA."""

    mean_s: float
    variation: float
    """Standard deviation by mean."""

    def at(self, share: float) -> float:
        spread = math.sqrt(math.log1p(self.variation**2))
        middle = math.log(self.mean_s) - spread**2 / 2
        return math.exp(middle + spread * _NORMAL.inv_cdf(min(max(share, 1e-15), 1 - 1e-15)))


@dataclass(frozen=True, slots=True)
class Measured:
    """Values that were seen, each as likely as it was frequent. `values` are in order."""

    values: tuple[float, ...]

    def at(self, share: float) -> float:
        return self.values[int(share * len(self.values))]

    def share_of(self, seconds: float) -> float:
        """The middle of the shares that give this value back; for one that was not seen, of the next shorter one."""
        return (max(1, bisect_right(self.values, seconds)) - 0.5) / len(self.values)


def measured(values: Iterable[float]) -> Measured:
    return Measured(tuple(sorted(values)))
