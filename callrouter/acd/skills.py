"""Skills with levels: what an agent has, what a caller needs and prefers, and how needs fall while the caller waits.

On the floor they are text: `refund:3,english:5`. Needs fall in steps (a bullseye): `30000:english,60000:-1,90000:*`
says that after 30 s english is no longer needed, after 60 s every level one lower will do, after 90 s nothing is
needed. What has fallen is still preferred, at its old level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Levels = tuple[tuple[str, int], ...]
"""Skill and level, in the order of the skills' names."""

EVERY = "*"


@dataclass(frozen=True, slots=True)
class Fall:
    """What is no longer needed after so long a wait."""

    after_ms: int
    skills: frozenset[str] = frozenset()
    """These; or all, with `*`."""
    lower: int = 0
    """Every needed level falls by so much; at 0 the skill is no longer needed."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What an agent must have, and what is better."""

    require: Levels = ()
    prefer: Levels = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The needs from this length of waiting on."""

    after_ms: int
    needs: Needs


def read_levels(text: str) -> Levels:
    """`refund:2,english` → skills with levels; without a level it is 1."""
    parts = (part.partition(":") for part in text.split(",") if part)
    return tuple(sorted((name, int(level or 1)) for name, _, level in parts))


def levels_text(levels: Mapping[str, int]) -> str:
    return ",".join(f"{name}:{level}" for name, level in sorted(levels.items()))


def read_falls(text: str) -> tuple[Fall, ...]:
    """The steps in the order of time; those of one moment are one."""
    found: dict[int, Fall] = {}
    for part in filter(None, text.split(",")):
        after, _, what = part.partition(":")
        before = found.get(int(after), Fall(int(after)))
        if what.startswith("-"):
            found[before.after_ms] = Fall(before.after_ms, before.skills, before.lower + int(what[1:]))
        else:
            found[before.after_ms] = Fall(before.after_ms, before.skills | {what}, before.lower)
    return tuple(found[after] for after in sorted(found))


def falls_text(falls: Iterable[Fall]) -> str:
    return ",".join(
        f"{fall.after_ms}:{what}"
        for fall in falls
        for what in (*sorted(fall.skills), *((f"-{fall.lower}",) if fall.lower else ()))
    )


def together(*levels: Levels) -> Levels:
    """All of them; of one skill the higher level."""
    found: dict[str, int] = {}
    for name, level in (pair for some in levels for pair in some):
        found[name] = max(level, found.get(name, 0))
    return tuple(sorted(found.items()))


def stages(require: Levels, prefer: Levels, falls: Iterable[Fall]) -> tuple[Stage, ...]:
    """What is needed while the caller waits, from the beginning on; steps that change nothing are left out."""
    wished = together(require, prefer)
    found = [Stage(0, Needs(require, _beyond(wished, require)))]
    for fall in falls:
        left = {name: level - fall.lower for name, level in found[-1].needs.require}
        kept = (pair for pair in left.items() if pair[1] > 0 and pair[0] not in fall.skills)
        still = () if EVERY in fall.skills else tuple(sorted(kept))
        if still != found[-1].needs.require:
            found.append(Stage(fall.after_ms, Needs(still, _beyond(wished, still))))
    return tuple(found)


def _beyond(wished: Levels, require: Levels) -> Levels:
    """The wishes that go beyond what is needed anyway."""
    needed = dict(require)
    return tuple((name, level) for name, level in wished if level > needed.get(name, 0))


def lacks(skills: Mapping[str, int], needs: Needs) -> Levels:
    """What is needed and not there, with the level that is needed; empty for an agent who is able."""
    return tuple((name, level) for name, level in needs.require if skills.get(name, 0) < level)


def gap(skills: Mapping[str, int], needs: Needs) -> int:
    """How many levels of what is preferred are missing."""
    return sum(max(0, level - skills.get(name, 0)) for name, level in needs.prefer)


def mastery(skills: Mapping[str, int], needs: Needs) -> int:
    """The sum of the levels that matter to this caller."""
    wanted = {name for name, _ in (*needs.require, *needs.prefer)}
    return sum(skills.get(name, 0) for name in wanted)
