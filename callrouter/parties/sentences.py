"""The sentences of a scene and how each is understood. Pure: text → action, or None.

`{who}` and the like stand for a name, `[...]` for words that may be left out; the first sentence that fits is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache

from callrouter.parties.story import (
    Action,
    CallEnds,
    Calls,
    Does,
    DoesNotRing,
    Fault,
    HasNotHeard,
    Hears,
    HearsMusic,
    HearsNothing,
    HearsPrompt,
    IsConnected,
    IsRefused,
    Presses,
    Rejects,
    Rings,
    Shows,
    Transfers,
    Waits,
)

SECONDS = re.compile(r"(\d{1,4}(?:\.\d{1,3})?) ?(ms|s|seconds?|m|minutes?)\Z")
_PIECES = {
    "who": r"[a-z][a-z0-9_-]*", "other": r"[a-z][a-z0-9_-]*", "third": r"[a-z][a-z0-9_-]*", "keys": r"[0-9*#A-D ]+",
    "number": r"[+0-9*#A-Za-z_.-]+", "prompt": r"[a-z0-9_.-]+", "language": r"[a-z]{2}", "status": r"[3-6][0-9]{2}",
    "time": r"[0-9.]+ ?[a-z]+", "thing": r"[a-z][a-z0-9_-]*(?: [a-z0-9_-]+)?",
    "act": r"killed|frozen|thawed|stopped|started", "within": r"[0-9.]+ ?[a-z]+", "for": r"[0-9.]+ ?[a-z]+",
    "text": r"[^\"]{1,80}",
}  # fmt: skip
Groups = dict[str, str]


def seconds(text: str) -> float:
    """`2s`, `1.5 s`, `300ms`, `2 minutes`."""
    found = SECONDS.match(text.strip())
    if found is None:
        raise ValueError(f"`{text}` is no length of time; write it like 2s, 1.5s or 300ms")
    return float(found[1]) * {"ms": 0.001, "m": 60.0}.get("ms" if found[2] == "ms" else found[2][0], 1.0)


def _within(groups: Groups, otherwise: float) -> float:
    return seconds(groups["within"]) if groups.get("within") else otherwise


def _for(groups: Groups, otherwise: float) -> float:
    return seconds(groups["for"]) if groups.get("for") else otherwise


def _does(what: str) -> Callable[[Groups], Action]:
    return lambda groups: Does(groups["who"], what)  # type: ignore[arg-type] # the words are those of the table below


def _everybody(groups: Groups) -> Action:
    people = tuple(groups[name] for name in ("who", "other", "third") if groups.get(name))
    return Hears(people, people, _for(groups, 2.0), _within(groups, 5.0))


def _prompt(groups: Groups, whole: bool) -> Action:
    language = groups.get("language") or ""
    return HearsPrompt(groups["who"], groups["prompt"], language, whole, _within(groups, 5.0))


SENTENCES: dict[str, Callable[[Groups], Action]] = {
    "{who} calls": lambda g: Calls(g["who"], ""),
    "{who} calls {number}": lambda g: Calls(g["who"], g["number"]),
    "{who} dials {number}": lambda g: Calls(g["who"], g["number"]),
    "{who} presses {keys}": lambda g: Presses(g["who"], g["keys"].replace(" ", "")),
    "{who} hears prompt {prompt}[ in {language}][ within {within}]": lambda g: _prompt(g, whole=False),
    "{who} hears all of prompt {prompt}[ in {language}][ within {within}]": lambda g: _prompt(g, whole=True),
    "{who} has not heard prompt {prompt}[ in {language}]": (
        lambda g: HasNotHeard(g["who"], g["prompt"], g.get("language") or "")
    ),
    "{who} hears music[ for {for}][ within {within}]": lambda g: HearsMusic(g["who"], _for(g, 0.8), _within(g, 5.0)),
    "{who} hears nothing[ for {for}]": lambda g: HearsNothing(g["who"], "", _for(g, 1.0)),
    "{who} hears nothing from {other}[ for {for}]": lambda g: HearsNothing(g["who"], g["other"], _for(g, 1.0)),
    "{who} hears {other}[ for {for}][ within {within}]": (
        lambda g: Hears((g["who"],), (g["other"],), _for(g, 2.0), _within(g, 5.0))
    ),
    "{who} and {other} hear each other[ for {for}][ within {within}]": _everybody,
    "{who}, {other} and {third} hear each other[ for {for}][ within {within}]": _everybody,
    "{who}'s phone rings[ within {within}]": lambda g: Rings(g["who"], _within(g, 5.0)),
    '{who}\'s phone shows "{text}"': lambda g: Shows(g["who"], g["text"]),
    "{who}'s phone does not ring": lambda g: DoesNotRing(g["who"], None),
    "{who}'s phone does not ring for {for}": lambda g: DoesNotRing(g["who"], _for(g, 1.0)),
    "{who}'s phone stops ringing[ within {within}]": lambda g: CallEnds(g["who"], _within(g, 3.0)),
    "{who}'s phone stops ringing[ within {within}], answered elsewhere": (
        lambda g: CallEnds(g["who"], _within(g, 3.0), "answered elsewhere")
    ),
    "{who} is connected[ within {within}]": lambda g: IsConnected(g["who"], _within(g, 5.0)),
    "{who} is refused[ with {status}][ within {within}]": (
        lambda g: IsRefused(g["who"], g.get("status") or "", _within(g, 5.0))
    ),
    "{who}'s call ends[ within {within}]": lambda g: CallEnds(g["who"], _within(g, 3.0)),
    "{who} answers": _does("answers"),
    "{who} does not answer": _does("lets it ring"),
    "{who} rejects[ with {status}]": lambda g: Rejects(g["who"], int(g.get("status") or 486)),
    "{who} hangs up": _does("hangs up"),
    "{who} holds": _does("holds"),
    "{who} resumes": _does("resumes"),
    "{who} transfers to {number}": lambda g: Transfers(g["who"], g["number"]),
    "{who}'s phone registers": _does("registers"),
    "{who}'s phone unregisters": _does("unregisters"),
    "{who}'s phone is unplugged": _does("is unplugged"),
    "{who}'s phone is plugged in": _does("is plugged in"),
    "{time} pass": lambda g: Waits(seconds(g["time"])),
    "wait {time}": lambda g: Waits(seconds(g["time"])),
    "{thing} is {act}": lambda g: Fault(g["thing"], g["act"]),
}


@cache
def _pattern(sentence: str) -> re.Pattern[str]:
    text = re.sub(r"\[([^]]*)\]", r"(?:\1)?", sentence)
    return re.compile(re.sub(r"\{(\w+)\}", lambda name: f"(?P<{name[1]}>{_PIECES[name[1]]})", text) + r"\Z")


def understand(text: str) -> Action | None:
    """What a line says; None if it is no sentence of ours. ValueError: a sentence of ours with an impossible time."""
    plain = " ".join(text.replace("’", "'").split())
    for sentence, meaning in SENTENCES.items():
        found = _pattern(sentence).match(plain)
        if found is not None:
            return meaning({name: value for name, value in found.groupdict().items() if value is not None})
    return None


def closest(text: str) -> str:
    """The sentences most like a line that was not understood."""
    short = {re.sub(r"\[[^]]*\]", "", sentence): sentence for sentence in SENTENCES}
    near = get_close_matches(re.sub(r"^\w+", "{who}", text), short, n=3, cutoff=0.3) or list(short)[:3]
    return ", ".join(f"`{short[sentence]}`" for sentence in near)
