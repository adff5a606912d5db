"""Hours, caller, set, when, split, goto: a way is chosen without a word."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from callrouter.hours import state_at
from callrouter.tree.address import shown
from callrouter.tree.condition import holds, parse_condition
from callrouter.tree.facts import Facts
from callrouter.tree.model import Caller, CallerBranch, Goto, Hours, Set, Split, Value, When, pieces_of
from callrouter.tree.nodes.moves import At, Go, Move, learned
from callrouter.tree.words import Output, SetLanguage, Tagged

PARTS = 10_000
"""A split is exact to a hundredth of a percent."""


def by_hours(at: At) -> Move:
    hours = at.node(Hours)
    if hours.switch is not None and hours.switch in at.facts.switches:
        assert hours.then.emergency is not None
        return Go(hours.then.emergency, at.walk, "emergency")
    now = at.facts.now.astimezone(ZoneInfo(hours.zone)) if hours.zone else at.facts.now
    state = state_at(now, hours.open, hours.days, at.facts.holidays.get(hours.holidays or "", frozenset()))
    ways = {"open": hours.then.open, "closed": hours.then.closed, "holiday": hours.then.holiday or hours.then.closed}
    return Go(ways[state], at.walk, state)


def by_caller(at: At) -> Move:
    caller = at.node(Caller)
    for number, branch in enumerate(caller.branches, 1):
        if _fits(branch, at.facts):
            return Go(branch.then, at.walk, f"branch {number}")
    return Go(caller.otherwise, at.walk, "otherwise")


def _fits(branch: CallerBranch, facts: Facts) -> bool:
    """Everything that the branch names must hold. Numbers are compared without their plus."""
    number, called = facts.caller.lstrip("+"), facts.called.lstrip("+")
    prefixes = (branch.prefix,) if isinstance(branch.prefix, str) else branch.prefix or ()
    minutes = timedelta(minutes=branch.again_within_m or 0)
    again = facts.last_call is not None and facts.now - facts.last_call <= minutes
    return (
        (branch.number is None or number == branch.number.lstrip("+"))
        and (branch.prefix is None or any(number and number.startswith(one.lstrip("+")) for one in prefixes))
        and (branch.in_list is None or branch.in_list in facts.lists)
        and (branch.called is None or called == branch.called.lstrip("+"))
        and (branch.again_within_m is None or again)
        and (branch.unfinished is None or branch.unfinished == facts.unfinished)
        and (branch.anonymous is None or branch.anonymous == (not number))
        and (branch.rang_back is None or branch.rang_back == bool(facts.kept))
    )


def change(at: At) -> Move:
    new, walk = at.node(Set), at.walk
    values = {name: _written(value, at.variables) for name, value in new.variables.items()}
    values |= {"caller_type": new.caller_type} if new.caller_type else {}
    values |= {"problem_type": new.problem_type} if new.problem_type else {}
    walk, outputs = learned(walk, values)
    tags = tuple(tag for tag in new.tags if tag not in walk.tags)
    language: tuple[Output, ...] = (SetLanguage(new.language),) if new.language else ()
    walk = replace(
        walk,
        tags=(*walk.tags, *tags),
        priority=walk.priority if new.priority is None else new.priority,
        require={**walk.require, **new.require},
        prefer={**walk.prefer, **new.prefer},
        sticky_agent=walk.sticky_agent if new.sticky_agent is None else new.sticky_agent,
    )
    return Go(new.next, walk, outputs=(*language, *outputs, *((Tagged(walk.tags),) if tags else ())))


def _written(value: Value, variables: Mapping[str, Value]) -> Value:
    """A text with its {variables} put in; one without a value is left out."""
    if not isinstance(value, str):
        return value
    pieces = pieces_of(value)
    return "".join(piece if isinstance(piece, str) else shown(variables.get(piece.variable, "")) for piece in pieces)


def by_variables(at: At) -> Move:
    when = at.node(When)
    for number, case in enumerate(when.cases, 1):
        if holds(parse_condition(case.condition), at.variables):
            return Go(case.then, at.walk, f"case {number}")
    return Go(when.otherwise, at.walk, "otherwise")


def by_share(at: At) -> Move:
    """The same number always comes to the same place between 0 and 100; a hidden one by its call."""
    split = at.node(Split)
    who = at.facts.caller.lstrip("+") or at.facts.call
    digest = hashlib.sha256(f"{at.tree.name}\n{at.walk.node}\n{who}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") % PARTS * 100 / PARTS
    for number, share in enumerate(split.shares, 1):
        place -= share.percent
        if place < 0:
            return Go(share.then, at.walk, f"share {number}")
    return Go(split.shares[-1].then, at.walk, f"share {len(split.shares)}")


def on(at: At) -> Move:
    target = at.node(Goto).to
    assert target is not None, "other trees were put in when the tree was loaded"
    return Go(target, at.walk)
