"""The world of a trial: what a centre's tests share, and the facts that a step may look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from callrouter.tree.facts import Facts, KeptPlace
from callrouter.tree.model import Hours, Queue, Tree
from callrouter.tree.proof.deeds import Situation


def _no_holidays(_year: int) -> Mapping[str, frozenset[date]]:
    return {}


def _no_lists(_number: str) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class World:
    """What every trial of a centre shares: its zone, its holidays, and which lists a number is in."""

    zone: tzinfo = field(default_factory=lambda: ZoneInfo("Europe/Moscow"))
    holidays: Callable[[int], Mapping[str, frozenset[date]]] = _no_holidays
    """Year → country → its public holidays around that year."""
    lists: Callable[[str], frozenset[str]] = _no_lists


def facts_at(
    now: datetime, tree: Tree, situation: Situation, world: World, secrets: Mapping[str, str] | None = None
) -> Facts:
    """The facts at this moment of a trial."""
    ago = situation.called_minutes_ago
    return Facts(
        now=now,
        caller=situation.caller,
        called=situation.called,
        call=situation.call,
        lists=situation.lists | world.lists(situation.caller),
        last_call=None if ago is None else now - timedelta(minutes=ago),
        unfinished=situation.unfinished,
        holidays=_all_off(tree, situation.day) if situation.holiday else world.holidays(now.year),
        switches=situation.switches,
        unstaffed=situation.unstaffed,
        refusing=situation.refusing,
        long_waits=situation.long_waits,
        kept=(_kept(tree, now),) if situation.rang_back else (),
        secrets=secrets or {},
    )


def _kept(tree: Tree, now: datetime) -> KeptPlace:
    """A place of a minute ago, in whatever line; where that caller was in the tree is not said."""
    queues = tuple(sorted({node.queue for node in tree.nodes.values() if isinstance(node, Queue)}))
    return KeptPlace("before", queues, int(now.timestamp() * 1000) - 60_000)


def _all_off(tree: Tree, day: date) -> dict[str, frozenset[date]]:
    """This day is a holiday in every country that the tree asks about."""
    nodes = [node for node in tree.nodes.values() if isinstance(node, Hours)]
    return {node.holidays: frozenset({day}) for node in nodes if node.holidays}
