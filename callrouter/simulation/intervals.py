"""What many played days say about one figure: its mean, and how far that mean may be from the truth.

Source: A. M. Law, "Simulation Modeling and Analysis", 5th edition, section 9.4 (replications after a warm-up).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

SURE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over days, and the 95 % interval for the true mean (Student's t). A figure that a day did not have
    (a service level without calls) is left out of it."""

    mean: float
    low: float
    high: float
    days: int

    def covers(self, value: float) -> bool:
        """A figure that was the same on every day has an interval without width: the last digits are forgiven."""
        return self.low - _grace(value) <= value <= self.high + _grace(value)

    def covers_day(self, value: float) -> bool:
        return self.day_low - _grace(value) <= value <= self.day_high + _grace(value)

    @property
    def day_low(self) -> float:
        """95 % of single days lie between here and `day_high`: a prediction interval, wider than that of the mean."""
        return self.mean - self._day_width

    @property
    def day_high(self) -> float:
        return self.mean + self._day_width

    @property
    def _day_width(self) -> float:
        return (self.high - self.mean) * math.sqrt(self.days + 1)


def _grace(value: float) -> float:
    return 1e-9 * max(1.0, abs(value))


def estimate(values: Sequence[float | None]) -> Estimate | None:
    """None for a figure that no day had."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean, width = float(np.mean(known)), math.inf
    if len(known) > 1:
        width = float(stdtrit(len(known) - 1, (1 + SURE) / 2) * np.std(known, ddof=1) / math.sqrt(len(known)))
    return Estimate(mean, mean - width, mean + width, len(known))
