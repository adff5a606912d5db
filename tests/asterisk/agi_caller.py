"""A caller in virtual time, met twice: by AGI's blocking commands, and by events as ARI sends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from asterisk.agi import AGIHangup

from callrouter.tree import walk as tree_walk
from callrouter.tree.facts import Facts
from callrouter.tree.model import Prompt, Tree
from callrouter.tree.walk import Began, Input, KeyPressed, PromptHeard, TimeUp, Walk

SOUND_S = 4.0
"""Each prompt lasts so long."""


FACTS = Facts(now=datetime(2026, 11, 23, 12, 0, tzinfo=UTC))


def facts() -> Facts:
    return FACTS


def files(prompt: Prompt, language: str) -> tuple[str, ...]:
    return (f"{language}/{prompt.key}",)


@dataclass
class Caller:
    """Presses keys at given times (seconds from the beginning, rising), hears sounds; may hang up."""

    keys: Sequence[tuple[float, str]] = ()
    hangs_up_at: float = float("inf")
    now: float = 0.0
    heard: list[str] = field(default_factory=list)
    """Sounds that began."""
    _taken: int = 0

    def clock(self) -> float:
        return self.now

    def answer(self) -> None:
        self.heard.append("answer")

    def stream_file(self, filename: str, escape_digits: str = "") -> str:
        self.heard.append(filename)
        return self._until(self.now + SOUND_S, escape_digits)

    def wait_for_digit(self, timeout: int) -> str:
        return self._until(self.now + timeout / 1000, "0123456789*#ABCD")

    def set_music(self, on: bool) -> None:
        self.heard.append("music" if on else "no music")

    def _until(self, end: float, keys: str) -> str:
        """As Asterisk: the first such key ends it; others are thrown away."""
        while self._taken < len(self.keys) and self.keys[self._taken][0] < end:
            at, key = self.keys[self._taken]
            if at >= self.hangs_up_at:
                break
            self._taken += 1
            self.now = max(self.now, at)
            if key in keys:
                return key
        if self.hangs_up_at <= end:
            self.now = self.hangs_up_at
            raise AGIHangup
        self.now = end
        return ""


def by_events(tree: Tree, language: str, caller: Caller) -> tuple[list[str], str]:
    """The same walk as a worker does it: a key, the end of a prompt, the timer, whichever comes first.

    What was heard and how it ended, in words.
    """
    walk: Walk | None = None
    heard, path = ["answer"], list[str]()
    playing: list[str] = []
    sound_ends = timer = float("inf")
    keys = list(caller.keys)
    given: Input = Began()
    while True:
        walk, outputs = tree_walk.step(tree, walk, given, FACTS)
        for output in outputs:
            match output:
                case tree_walk.Entered(node=node):
                    path.append(node)
                case tree_walk.SetLanguage(language=language):
                    pass
                case tree_walk.Speak(prompts=prompts):
                    playing = [file for prompt in prompts for file in files(prompt, language)]
                    heard.append(playing.pop(0))
                    sound_ends = caller.now + SOUND_S
                case tree_walk.Hush():
                    playing, sound_ends = [], float("inf")
                case tree_walk.StartTimer(seconds=seconds):
                    timer = caller.now + seconds
                case tree_walk.StopTimer():
                    timer = float("inf")
                case tree_walk.JoinQueue(queue=queue, priority=priority):
                    return heard, f"{language} queue {queue} {priority} {','.join(path)}"
                case tree_walk.Leave(reason=reason):
                    return heard, f"{language} ended {reason} {','.join(path)}"
        while True:
            next_key = keys[0][0] if keys else float("inf")
            caller.now = min(sound_ends, timer, next_key, caller.hangs_up_at)
            if caller.now == caller.hangs_up_at:
                return heard, f"{language} hung_up {','.join(path)}"
            if caller.now == next_key:
                given = KeyPressed(keys.pop(0)[1])
                break
            if caller.now == timer:
                timer, given = float("inf"), TimeUp()
                break
            if playing:
                heard.append(playing.pop(0))
                sound_ends = caller.now + SOUND_S
                continue
            sound_ends, given = float("inf"), PromptHeard()
            break
