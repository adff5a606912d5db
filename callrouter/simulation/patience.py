"""How long callers are ready to wait, learned from a day on which most were answered before they lost patience.

A caller who was answered after 30 s has told that their patience is more than 30 s, no more: such waits are censored,
and the Kaplan-Meier estimate is the one that neither throws them away nor takes them for patience (Kaplan and Meier,
1958; for call centers L. Brown et al., 2005, JASA 100).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import CensoredData, ecdf


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds: of those who gave up, and of those whose wait ended otherwise."""

    gave_up: Sequence[float]
    otherwise: Sequence[float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Patience: the share that has lost it by each of these moments, straight lines between them.

    Beyond the last one it falls as an exponential curve through it (Brown, Hollander and Korwar, 1974): the day has not
    seen anybody wait so long. If all who gave up did so at once, nothing is known of the others: they stay.
    """

    seconds: tuple[float, ...]
    """In order, from 0."""
    lost: tuple[float, ...]

    def at(self, share: float) -> float:
        if share < self.lost[-1] or self.lost[-1] >= 1:
            return float(np.interp(share, self.lost, self.seconds))
        if not self.seconds[-1]:
            return math.inf
        return self.seconds[-1] * math.log1p(-share) / math.log1p(-self.lost[-1])

    def share_of(self, seconds: float) -> float:
        """The share that has lost patience by then."""
        if seconds <= self.seconds[-1] or self.lost[-1] >= 1 or not self.seconds[-1]:
            return float(np.interp(seconds, self.seconds, self.lost))
        return -math.expm1(math.log1p(-self.lost[-1]) * seconds / self.seconds[-1])

    def beyond(self, seconds: float, share: float) -> float:
        """The patience of somebody who has waited so long already."""
        before = self.share_of(seconds)
        return max(seconds, self.at(before + share * (1 - before))) if before < 1 else seconds


def kaplan_meier(waits: Waits) -> Curve:
    """The curve through the estimate's steps. Somebody must have given up."""
    censored = np.array([*([False] * len(waits.gave_up)), *([True] * len(waits.otherwise))])
    seen = CensoredData.right_censored(np.array([*waits.gave_up, *waits.otherwise]), censored)
    survival = ecdf(seen).sf
    steps = np.isin(survival.quantiles, np.unique(np.array(waits.gave_up)))
    seconds, lost = survival.quantiles[steps], 1 - survival.probabilities[steps]
    if not len(seconds):
        raise ValueError("nobody gave up: there is no patience to be learned")
    if seconds[0] > 0:
        seconds, lost = np.concatenate([[0.0], seconds]), np.concatenate([[0.0], lost])
    return Curve(tuple(seconds.tolist()), tuple(np.minimum(lost, 1.0).tolist()))
