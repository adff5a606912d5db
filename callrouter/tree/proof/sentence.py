"""A test of a tree in one sentence that a supervisor can read and correct. Pure: text → Case, or what is wrong.

a caller from +79161112233 on Monday at 19:05 presses 2, then nothing, the crm answers 500 → queue merchants, priority 7
└ who and when ────────────────────────────┘ └ deeds, in order ──────────────────────────┘   └ what must come of it ────┘
"""  # noqa: E501 (a drawing)

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time

from callrouter.documents import close_to
from callrouter.tree.proof.deeds import (
    Answers,
    Deed,
    HangsUp,
    LeavesMessage,
    NotConnected,
    Nothing,
    Presses,
    Situation,
    Waits,
    WaitsTooLong,
)
from callrouter.tree.proof.expected import EXPECTATIONS, Expectation
from callrouter.tree.proof.reading import LANGUAGES, NODE, Fragments, T, seconds

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ANY_WEEK = 2026, 6
"""A weekday without a date is one of the week from Monday 1 June 2026, which has no holiday in most countries."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test."""

    text: str
    situation: Situation
    deeds: tuple[Deed, ...]
    expected: tuple[Expectation, ...] = field(compare=False)


class NotUnderstood(ValueError):
    """Says which words, and what could stand there."""


def read_case(text: str) -> Case:
    """The test that a sentence tells, or NotUnderstood."""
    story, arrow, ends = text.replace("->", "→").partition("→")
    if not arrow or not ends.strip():
        raise NotUnderstood("say what must come of it after an arrow: `… presses 1 → queue payers`")
    situation, deeds = read_situation(" ".join(story.split()))
    expected = tuple(_read(EXPECTATIONS, clause, "nothing that can come of it") for clause in _clauses(ends))
    return Case(" ".join(text.split()), situation, tuple(read_deed(words) for words in _clauses(deeds)), expected)


_BETWEEN = re.compile(r'(?:(?:,| and)? then |, (?:and )?(?:then )?)(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""Between two clauses, and not inside quotes."""


def _clauses(text: str) -> list[str]:
    parts = _BETWEEN.split(f"{text.strip()} ")
    return [" ".join(part.split()) for part in parts if part.strip()]


def _read(fragments: Fragments[T], words: str, otherwise: str) -> T:
    for pattern, made in fragments.values():
        found = re.fullmatch(pattern, words)
        if found:
            return made(found)
    raise NotUnderstood(f"`{words[:60]}` is {otherwise}{close_to(words, list(fragments))}")


# --- who and when -----------------------------------------------------------------------------------------------------

_BEGIN = r"from|calling|on|at|in|while|who called|who rings|with an|presses|does|says|waits|hangs|leaves|hears"
_WHO = re.compile(rf"(?:an?|the|someone|somebody)(?: [a-z'-]+)*?(?=,| (?:{_BEGIN})\b)")

Manner = Callable[[Situation], Situation]
MANNERS: Fragments[Manner] = {
    "from +79161112233": (r"from (\+?[0-9]{2,15})", lambda m: lambda s: replace(s, caller=m[1])),
    "from a hidden number": (r"from a hidden number", lambda _: lambda s: replace(s, caller="")),
    "calling +74951234567": (r"calling (\+?[0-9]{2,15})", lambda m: lambda s: replace(s, called=m[1])),
    "on Monday": (rf"on ({'|'.join(DAYS)})", lambda m: lambda s: replace(s, day=_weekday(m[1]))),
    "on 2026-12-31": (r"on (\d{4}-\d{2}-\d{2})", lambda m: lambda s: replace(s, day=date.fromisoformat(m[1]))),
    "on a holiday": (r"on a holiday", lambda _: lambda s: replace(s, holiday=True)),
    "at 19:05": (r"(?:at )?(\d{1,2}:\d{2})", lambda m: lambda s: replace(s, at=time.fromisoformat(m[1].zfill(5)))),
    "in list vip": (rf"in (?:the )?list {NODE}", lambda m: lambda s: replace(s, lists=s.lists | {m[1]})),
    "in English": (
        rf"in ([a-z]{{2}}|{'|'.join(LANGUAGES)})\b",
        lambda m: lambda s: replace(s, language=LANGUAGES.get(m[1], m[1])),
    ),
    "who called 10 minutes ago": (
        r"who called (\d{1,5}) minutes? ago",
        lambda m: lambda s: replace(s, called_minutes_ago=int(m[1])),
    ),
    "with an unfinished call": (r"with an unfinished (?:call|case)", lambda _: lambda s: replace(s, unfinished=True)),
    "who rings back in time": (r"who rings back in time", lambda _: lambda s: replace(s, rang_back=True)),
    "while nobody serves QUEUE": (
        rf"while nobody serves {NODE}",
        lambda m: lambda s: replace(s, unstaffed=s.unstaffed | {m[1]}),
    ),
    "while the line of QUEUE is full": (
        rf"while the line of {NODE} is (full|closed|in emergency)",
        lambda m: lambda s: replace(s, refusing={**s.refusing, m[1]: m[2].removeprefix("in ")}),
    ),
    "while the wait in QUEUE is long": (
        rf"while the wait in {NODE} is long",
        lambda m: lambda s: replace(s, long_waits=s.long_waits | {m[1]}),
    ),
    "while NAME is on": (rf"while {NODE} is on", lambda m: lambda s: replace(s, switches=s.switches | {m[1]})),
}


def read_situation(story: str) -> tuple[Situation, str]:
    """Who calls and when, and the words that are left: the deeds."""
    who = _WHO.match(story)
    if who is None:
        raise NotUnderstood("begin with who calls and what they do: `a caller presses 1 → …`")
    situation, rest = Situation(), story[who.end() :].strip(" ,")
    while found := _manner(rest):
        manner, rest = found
        try:
            situation = manner(situation)
        except ValueError as error:
            raise NotUnderstood(f"there is no such day or time: {error}") from error
    return situation, rest


def _manner(text: str) -> tuple[Manner, str] | None:
    for pattern, made in MANNERS.values():
        found = re.match(pattern, text)
        if found:
            return made(found), text[found.end() :].strip(" ,")
    return None


def _weekday(name: str) -> date:
    return date(*ANY_WEEK, 1 + DAYS.index(name))


# --- deeds ------------------------------------------------------------------------------------------------------------

_THE = r"(?:the )?"
_PAIR = r"\w{1,40}=(?:\"[^\"]*\"|[^\s\"]+)"
_WHY = {"is busy": "busy", "is closed": "closed", "fails": "failed"}
DEEDS: Fragments[Deed] = {
    "presses KEYS": (r"(?:presses )?([0-9*#A-D]{1,40})", lambda m: Presses(m[1])),
    "presses KEYS during the prompt": (
        r"(?:presses )?([0-9*#A-D]{1,40}) during the prompt",
        lambda m: Presses(m[1], during=True),
    ),
    "nothing": (r"(?:presses |says |does )?nothing", lambda _: Nothing()),
    "waits 2s": (r"waits ([0-9.]+ ?[a-z]+)", lambda m: Waits(seconds(m[1]))),
    "waits too long": (r"waits too long", lambda _: WaitsTooLong()),
    "hangs up": (r"hangs up", lambda _: HangsUp()),
    "leaves a message of 20s": (
        r"leaves a message(?: of ([0-9.]+ ?[a-z]+))?",
        lambda m: LeavesMessage(seconds(m[1] or "10s")),
    ),
    "leaves no message": (r"leaves no message", lambda _: LeavesMessage(0.0)),
    "NAME is busy": (rf"{_THE}\w{{1,40}} ({'|'.join(_WHY)})", lambda m: NotConnected(_WHY[m[1]])),
    "NAME does not answer": (rf"{_THE}(\w{{1,40}}) does not answer", lambda m: Answers(m[1], failure="timeout")),
    "LOOKUP answers 500": (rf"{_THE}(\w{{1,40}}) answers ([3-5]\d\d)", lambda m: Answers(m[1], failure=f"HTTP {m[2]}")),
    "LOOKUP answers name=value": (
        rf"{_THE}(\w{{1,40}}) answers ({_PAIR}(?: {_PAIR})*)",
        lambda m: Answers(m[1], _values(m[2])),
    ),
    "LOOKUP answers": (rf"{_THE}(\w{{1,40}}) answers", lambda m: Answers(m[1])),
}


def read_deed(words: str) -> Deed:
    """One deed, or NotUnderstood."""
    try:
        return _read(DEEDS, words, "nothing that a caller does or a lookup answers")
    except NotUnderstood:
        raise
    except ValueError as error:
        raise NotUnderstood(str(error)) from error


def _values(text: str) -> Mapping[str, str]:
    found = re.findall(r"(\w+)=(?:\"([^\"]*)\"|(\S+))", text)
    return {name: quoted or plain for name, quoted, plain in found}
