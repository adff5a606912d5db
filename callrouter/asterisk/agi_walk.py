"""A caller's way through a tree by AGI's blocking commands: the same pure step as over ARI, and the same keys count.

    Speak  → STREAM FILE, cut by exactly those keys to which the step would pay attention
    a timer → WAIT FOR DIGIT until its deadline
GET DATA is not used: it ends at `#`, starts its wait anew at every key, and knows no options of unequal length.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

import structlog
from asterisk.agi import AGIAppError

from callrouter.asterisk.agi import NotPlayed
from callrouter.tree import walk as tree_walk
from callrouter.tree.facts import Facts
from callrouter.tree.model import Prompt, Tree
from callrouter.tree.walk import Began, Input, KeyPressed, PromptHeard, TimeUp, Walk

log = structlog.get_logger(__name__)

KEYS = "0123456789*#ABCD"


class Channel(Protocol):
    """The verbs of pyst2's AGI that a walk needs. All raise AGIAppError (or AGIHangup, which is one) at a hang-up."""

    def answer(self) -> None: ...

    def stream_file(self, filename: str, escape_digits: str = "") -> str:
        """Play a sound; the key that cut it, or nothing. NotPlayed if there is no such sound."""
        ...

    def wait_for_digit(self, timeout: int) -> str:
        """A key pressed within so many milliseconds, or nothing."""
        ...


class Result(StrEnum):
    """How a walk ended, for the dialplan."""

    QUEUE = "queue"
    ENDED = "ended"
    HUNG_UP = "hung_up"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tree has decided, and the way there."""

    result: Result
    language: str
    path: tuple[str, ...] = ()
    queue: str = ""
    priority: int = 0
    reason: str = ""


class Unsupported(Exception):
    """The tree wants something that only the whole callrouter can do."""


class AgiWalk:
    """Made for one caller."""

    def __init__(
        self,
        channel: Channel,
        tree: Tree,
        language: str,
        files: Callable[[Prompt, str], Sequence[str]],
        now: Callable[[], float] = time.monotonic,
        facts: Callable[[], Facts] = lambda: Facts(datetime.now(UTC)),
    ) -> None:
        self._channel, self._tree, self._language = channel, tree, language
        self._files, self._now, self._facts = files, now, facts
        self._walk: Walk | None = None
        self._path: list[str] = []
        self._prompts: tuple[Prompt, ...] | None = None
        self._deadline: float | None = None
        self._outcome: Outcome | None = None

    def run(self) -> Outcome:
        """To the end of the tree, or of the caller's patience."""
        try:
            self._channel.answer()
            given: Input = Began()
            while self._give(given) is None:
                given = self._next_input()
            assert self._outcome is not None
            return self._outcome
        except AGIAppError:
            return self._ended(Result.HUNG_UP)
        except Unsupported as wish:
            return self._ended(Result.UNSUPPORTED, reason=str(wish))

    def _give(self, given: Input) -> Outcome | None:
        self._walk, outputs = self._step(given)
        for output in outputs:
            self._do(output)
        return self._outcome

    def _step(self, given: Input) -> tree_walk.Result:
        return tree_walk.step(self._tree, self._walk, given, self._facts())

    def _do(self, output: object) -> None:
        match output:
            case tree_walk.Entered(node=node):
                self._path.append(node)
            case tree_walk.SetLanguage(language=language):
                self._language = language
            case tree_walk.Speak(prompts=prompts):
                self._prompts = prompts
            case tree_walk.Hush():
                self._prompts = None
            case tree_walk.StartTimer(seconds=seconds):
                self._deadline = self._now() + seconds
            case tree_walk.StopTimer():
                self._deadline = None
            case tree_walk.JoinQueue(queue=queue, priority=priority, prompts=prompts):
                # Asterisk's queue says nothing of ours while it rings an agent: what is to be said is said before
                self._speak(prompts, keys="")
                self._outcome = self._ended(Result.QUEUE, queue=queue, priority=priority)
            case tree_walk.Leave(reason=reason):
                self._outcome = self._ended(Result.ENDED, reason=reason)
            case _:
                raise Unsupported(f"{type(output).__name__} at node {self._path[-1] if self._path else '?'}")

    def _next_input(self) -> Input:
        """What the caller does next, or does not."""
        if self._prompts is not None:
            prompts, self._prompts = self._prompts, None
            key = self._speak(prompts, keys=self._keys_that_count())
            return KeyPressed(key) if key else PromptHeard()
        if self._deadline is None:
            raise Unsupported(f"waiting for something else than keys at node {self._path[-1]}")
        key = self._wait_for_key(self._deadline)
        if key:
            return KeyPressed(key)
        self._deadline = None
        return TimeUp()

    def _keys_that_count(self) -> str:
        """Keys of which something would come while the node speaks; Asterisk throws the others away."""
        unmoved = (self._walk, ())
        return "".join(key for key in KEYS if self._step(KeyPressed(key)) != unmoved)

    def _speak(self, prompts: Sequence[Prompt], keys: str) -> str:
        for prompt in prompts:
            for file in self._files(prompt, self._language):
                try:
                    key = self._channel.stream_file(file, keys)
                except NotPlayed as error:
                    log.error("prompt_not_played", prompt=prompt.key, why=str(error))
                    continue
                if key:
                    return key
        return ""

    def _wait_for_key(self, deadline: float) -> str:
        left_ms = round((deadline - self._now()) * 1000)
        return self._channel.wait_for_digit(left_ms) if left_ms > 0 else ""

    def _ended(self, result: Result, *, queue: str = "", priority: int = 0, reason: str = "") -> Outcome:
        return Outcome(result, self._language, tuple(self._path), queue, priority, reason)
