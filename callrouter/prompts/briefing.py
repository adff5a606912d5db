"""What agents are told before they talk, queue by queue: words of the queue's own, or the shipped ones.

The queue's name stands fast in them; path, time waited and key are values that each call puts in. To record the pieces:
ivr_trees/system/<language>/briefing.<queue>.1.wav …
"""

from __future__ import annotations

import re

from callrouter.config import Config, Queue
from callrouter.tree.model import Prompt, prompt_of

WHO = {
    "ru": "{queue}. {path}. Ждёт {waited:duration:accusative}.",
    "en": "{queue}. {path}. Waited {waited:duration}.",
}
PRESS = {"ru": "Чтобы принять звонок, нажмите {key:digits}.", "en": "To take the call, press {key:digits}."}
_QUEUE = re.compile(r"\{queue(:text)?\}")


def briefings(config: Config) -> dict[str, Prompt]:
    """Queue → what its agents are told; only queues that want it."""
    wordings = {name: _wording(queue) for name, queue in config.queues.items()}
    return {
        name: prompt_of(f"system.briefing.{name}", _named(words, config.queues[name].name))
        for name, words in wordings.items()
        if words
    }


def _wording(queue: Queue) -> dict[str, str]:
    """Words of one's own are said as they are; the shipped ones end with the key, if one is wanted."""
    briefing = queue.briefing
    if isinstance(briefing.say, dict):
        return briefing.say
    parts = [WHO] if briefing.say else []
    parts += [PRESS] if briefing.accept == "key" else []
    return {language: " ".join(part[language] for part in parts) for language in WHO} if parts else {}


def _named(wording: dict[str, str], queue: str) -> dict[str, str]:
    name = queue.replace("{", "{{").replace("}", "}}")
    return {language: _QUEUE.sub(lambda _: name, words) for language, words in wording.items()}
