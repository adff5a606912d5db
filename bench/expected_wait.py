"""How right expected waits are, beside app_queue's average of the past: `python bench/expected_wait.py [--json]`.

Played days of several centres (tests/simulation/test_expected_wait.py names them). Each tenth caller is told an
expected wait at joining by both ways, and stays whatever comes.

error   the median of |came - p50|, in parts of p50 (at least 30 s)
p50 p90 the shares of callers who were answered by then: 0.5 and 0.9 would be right; app_queue tells one time only
cpu     of one estimate for the whole line, 99th percentile
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from callrouter.acd.foresight import Outcome, measured
from tests.simulation.foretold import foretold
from tests.simulation.test_expected_wait import LONG, Case


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--days", type=int, default=6)
    asked.add_argument("--hours", type=int, default=20, help="of each day")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    rows = [row(case, given.days, given.hours) for case in LONG]
    print(json.dumps(rows, indent=2) if given.json else table(rows))


def row(case: Case, days: int, hours: int) -> dict[str, float | str]:
    ours: list[Outcome] = []
    theirs: list[Outcome] = []
    times: list[float] = []
    longest = 0
    for chance in np.random.default_rng(11).spawn(days):
        found = foretold(case.day(hours, chance), chance)
        ours, theirs, times = ours + found.ours, theirs + found.theirs, times + found.milliseconds
        longest = max(longest, found.longest_line)
    right, past = measured(ours), measured(theirs)
    assert right, "nobody waited"
    assert past
    return {
        "centre": case.name,
        "callers": right.count,
        "error": right.error,
        "p50": right.within_p50,
        "p90": right.within_p90,
        "app_queue_error": past.error,
        "app_queue_p50": past.within_p50,
        "error_ratio": right.error / past.error,
        "longest_line": longest,
        "cpu_p99_ms": float(np.quantile(times, 0.99)),
    }


def table(rows: list[dict[str, float | str]]) -> str:
    ours = f"{'':24}{'callers':>8}{'error':>7}{'p50':>6}{'p90':>6}"
    lines = [f"{ours}   app_queue: {'error':>5}{'p50':>6}{'ratio':>7}{'line':>6}{'cpu ms':>8}"]
    for one in rows:
        ours = f"{one['centre']:24}{one['callers']:8}{one['error']:7.2f}{one['p50']:6.2f}{one['p90']:6.2f}"
        theirs = f"{one['app_queue_error']:19.2f}{one['app_queue_p50']:6.2f}{one['error_ratio']:7.2f}"
        lines.append(f"{ours}{theirs}{one['longest_line']:6}{one['cpu_p99_ms']:8.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
