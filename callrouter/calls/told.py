"""What an agent is told of a caller before they talk: by the phone's display, and in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from callrouter.calls.call import Call, place_of
from callrouter.calls.step import Setting
from callrouter.config import Queue
from callrouter.tree.model import Prompt

LABELS_MOST = 5
"""Nobody takes in more by ear before a conversation."""
CALLBACK = {"ru": "обратный звонок", "en": "a callback"}
"""Whoever is to be called back is not on the line yet: the agent must know."""
_IN_BRACES = re.compile(r"\{(\w+)\}")


def shown(call: Call, rules: Queue) -> str:
    """The caller's name as the phone shows it. What stands beside a value that is empty goes with it."""
    values = {"queue": rules.name, "name": call.caller_name, "number": call.caller}
    text = _IN_BRACES.sub(lambda found: values[found[1]], rules.briefing.display)  # once: a name is never read anew
    return text.strip(" :;,.-–—/|")


def is_asked_to_answer(agent: str, rules: Queue, setting: Setting) -> bool:
    """Whether this agent's phone is asked to pick up by itself."""
    part = setting.agents.get(agent)
    own = part.auto_answer if part else None
    return rules.briefing.auto_answer if own is None else own


def language_of(agent: str, setting: Setting) -> str:
    part = setting.agents.get(agent)
    return (part.language if part else None) or setting.language


def words(call: Call, agent: str, setting: Setting, now_ms: int) -> tuple[Prompt, str] | None:
    """What this agent is told, and in which language; None if the queue wants nothing said."""
    place = place_of(call)
    prompt = setting.briefings.get(place.queue)
    if prompt is None:
        return None
    language = language_of(agent, setting)
    path = ", ".join(_labels(call, setting, language)) or ", ".join(call.tags[:LABELS_MOST])
    if not call.caller_leg and language in CALLBACK:
        path = ", ".join(filter(None, (CALLBACK[language], path)))
    values: dict[str, str | int] = {
        "path": path,
        "waited": rounded_s(now_ms - place.since_ms),
        "caller": call.caller,
        "key": setting.queues[place.queue].briefing.key,
    }
    return replace(prompt, values=values), language


def rounded_s(waited_ms: int) -> int:
    """As people say it: 5 s exactly up to half a minute, then 10, then minutes. Few sounds, made once."""
    seconds = waited_ms / 1000
    unit = 5 if seconds < 30 else 10 if seconds < 120 else 60
    return max(unit, round(seconds / unit) * unit)


def _labels(call: Call, setting: Setting, language: str) -> tuple[str, ...]:
    """Of the nodes passed, in turn and the last ones; where the caller went back, without what was taken back."""
    labels = [node.label for name in straight(call.path) if (node := setting.tree.nodes.get(name)) and node.label]
    told = [label.get(language) or next(iter(label.values())) for label in labels]
    return tuple(dict.fromkeys(told))[-LABELS_MOST:]


def straight(path: tuple[str, ...]) -> Iterator[str]:
    """The way without its loops: whoever comes to a node again has gone back to it."""
    way: dict[str, None] = {}
    for node in path:
        if node in way:
            for later in list(way)[list(way).index(node) :]:
                del way[later]
        way[node] = None
    yield from way
