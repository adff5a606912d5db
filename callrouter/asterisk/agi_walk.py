"""A caller's way through a tree by AGI's blocking commands: the same pure step as over ARI, and the same keys count.

    Speak  → STREAM FILE, cut by exactly those keys to which the step would pay attention
    a timer → WAIT FOR DIGIT until its deadline
    LookUp  → asked at once; what takes longer than a moment is waited for behind the filler, then music
GET DATA is not used: it ends at `#`, starts its wait anew at every key, and knows no options of unequal length.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import structlog
from asterisk.agi import AGIAppError

from callrouter.asterisk.agi import NotPlayed
from callrouter.tree import walk as tree_walk
from callrouter.tree.facts import Facts
from callrouter.tree.model import Prompt, Tree
from callrouter.tree.model.prompt import Value
from callrouter.tree.walk import Began, Input, JoinQueue, KeyPressed, LookedUp, PromptHeard, TimeUp, Walk

log = structlog.get_logger(__name__)

KEYS = "0123456789*#ABCD"
AT_ONCE_S = 0.4
"""A quick answer needs no filler."""
LATE_S = 0.5
"""Who asks keeps the lookup's time; this is for an answer on its way."""


class Channel(Protocol):
    """The verbs of pyst2's AGI that a walk needs. All raise AGIAppError (or AGIHangup, which is one) at a hang-up."""

    def answer(self) -> None: ...

    def stream_file(self, filename: str, escape_digits: str = "") -> str:
        """Play a sound; the key that cut it, or nothing. NotPlayed if there is no such sound."""
        ...

    def wait_for_digit(self, timeout: int) -> str:
        """A key pressed within so many milliseconds, or nothing."""
        ...

    def set_music(self, on: bool) -> None: ...


class Result(StrEnum):
    """How a walk ended, for the dialplan."""

    QUEUE = "queue"
    TRANSFER = "transfer"
    ENDED = "ended"
    HUNG_UP = "hung_up"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the tree has decided, and what was learned on the way there."""

    result: Result
    language: str
    path: tuple[str, ...] = ()
    join: JoinQueue | None = None
    target: str = ""
    """To whom the caller is to be put through: an entry of the directory, or one of its numbers."""
    answers: Mapping[str, Value] = field(default_factory=dict)
    """Variables; never a secret."""
    tags: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    """`name version heard`, or `name version cut`."""
    reason: str = ""


class Answer(Protocol):
    """Of a lookup, to come (a concurrent.futures.Future is one)."""

    def result(self, timeout: float) -> LookedUp:
        """TimeoutError if it is not there within so many seconds."""
        ...


Ask = Callable[[tree_walk.LookUp, Mapping[str, str]], Answer]
"""A lookup and the secrets it needs → its answer."""


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
        facts: Callable[[], Facts],
        now: Callable[[], float] = time.monotonic,
        told: Callable[[Outcome], None] = lambda _: None,
        ask: Ask | None = None,
    ) -> None:
        """`told` hears how far the caller has come, before each wait: Asterisk may lose us at any time."""
        self._channel, self._tree = channel, tree
        self._files, self._now, self._facts, self._tell, self._ask = files, now, facts, told, ask
        self._walk: Walk | None = None
        self._secrets: dict[str, str] = {}
        """Here and nowhere else, until the call leaves us."""
        self._so_far = Outcome(Result.HUNG_UP, language)
        self._prompts: tuple[Prompt, ...] | None = None
        self._deadline: float | None = None
        self._asked: tuple[tree_walk.LookUp, Answer] | None = None
        self._is_over = False

    def run(self) -> Outcome:
        """To the end of the tree, or of the caller's patience."""
        try:
            self._channel.answer()
            given: Input = Began()
            while not self._give(given):
                self._tell(self._so_far)
                given = self._next_input()
        except AGIAppError:
            self._note(result=Result.HUNG_UP)
        except Unsupported as wish:
            self._note(result=Result.UNSUPPORTED, reason=str(wish))
        return self._so_far

    def _give(self, given: Input) -> bool:
        """Whether the walk is over."""
        self._walk, outputs = self._step(given)
        for output in outputs:
            self._do(output)
        return self._is_over

    def _step(self, given: Input) -> tree_walk.Result:
        facts = replace(self._facts(), secrets=dict(self._secrets))
        return tree_walk.step(self._tree, self._walk, given, facts)

    def _do(self, output: object) -> None:
        match output:
            case tree_walk.Speak(prompts=prompts):
                self._prompts = prompts
            case tree_walk.Hush():
                self._prompts = None
            case tree_walk.StartTimer(seconds=seconds):
                self._deadline = self._now() + seconds
            case tree_walk.StopTimer():
                self._deadline = None
            case tree_walk.KeepSecret(variable=variable, digits=digits):
                self._secrets[variable] = digits
            case tree_walk.LookUp(secrets=secrets) if self._ask is not None:
                self._asked = (output, self._ask(output, {name: self._secrets[name] for name in secrets}))
            case tree_walk.JoinQueue(prompts=prompts):
                # Asterisk's queue says nothing of ours while it rings an agent: what is to be said is said before
                self._speak(prompts, keys="")
                self._end(Result.QUEUE, join=output)
            case tree_walk.PutThrough(target=target):
                self._end(Result.TRANSFER, target=target)
            case tree_walk.Leave(reason=reason):
                self._end(Result.ENDED, reason=reason)
            case _:
                self._learn(output)

    def _learn(self, output: object) -> None:
        """What is told to the dialplan in the end."""
        so_far = self._so_far
        match output:
            case tree_walk.Entered(node=node):
                self._note(path=(*so_far.path, node))
            case tree_walk.SetLanguage(language=language):
                self._note(language=language)
            case tree_walk.Answered(variable=variable, value=value, secret=False):
                self._note(answers={**so_far.answers, variable: value})
            case tree_walk.Answered():
                pass  # that a secret was given is nothing for a dialplan
            case tree_walk.Tagged(tags=tags):
                self._note(tags=tuple(dict.fromkeys((*so_far.tags, *tags))))
            case tree_walk.Consented(notice=notice, version=version, whole=whole):
                heard = f"{notice} {version} {'heard' if whole else 'cut'}"
                self._note(notices=(*so_far.notices, heard))
            case _:
                raise Unsupported(f"{type(output).__name__} at node {self._node}")

    @property
    def _node(self) -> str:
        return self._so_far.path[-1] if self._so_far.path else "?"

    def _next_input(self) -> Input:
        """What the caller does next, or does not."""
        if self._prompts is not None:
            prompts, self._prompts = self._prompts, None
            key, whole = self._speak(prompts, keys=self._keys_that_count())
            return KeyPressed(key) if key else PromptHeard(whole)
        if self._asked is not None:
            asked, self._asked = self._asked, None
            return self._answer_to(*asked)
        if self._deadline is None:
            raise Unsupported(f"waiting for something else than keys at node {self._node}")
        key = self._wait_for_key(self._deadline)
        if key:
            return KeyPressed(key)
        self._deadline = None
        return TimeUp()

    def _answer_to(self, wish: tree_walk.LookUp, answer: Answer) -> LookedUp:
        """However slow the other program is, the caller waits no longer than the lookup's time and its filler."""
        end = self._now() + wish.lookup.timeout_s + LATE_S
        try:
            return answer.result(AT_ONCE_S)
        except TimeoutError:
            self._speak(wish.filler, keys="")
        self._channel.set_music(True)
        try:
            return answer.result(max(0.0, end - self._now()))
        except TimeoutError:
            return LookedUp(failure=f"no answer within {wish.lookup.timeout_s:g} s")
        finally:
            self._channel.set_music(False)

    def _keys_that_count(self) -> str:
        """Keys of which something would come while the node speaks; Asterisk throws the others away."""
        unmoved = (self._walk, ())
        return "".join(key for key in KEYS if self._step(KeyPressed(key)) != unmoved)

    def _speak(self, prompts: Sequence[Prompt], keys: str) -> tuple[str, bool]:
        """The key that cut it, or nothing; and whether all could be played."""
        whole = True
        for prompt in prompts:
            files = self._files(prompt, self._so_far.language)
            whole = whole and bool(files)
            for file in files:
                try:
                    key = self._channel.stream_file(file, keys)
                except NotPlayed as error:
                    log.error("prompt_not_played", prompt=prompt.key, why=str(error))
                    whole = False
                    continue
                if key:
                    return key, False
        return "", whole

    def _wait_for_key(self, deadline: float) -> str:
        left_ms = round((deadline - self._now()) * 1000)
        return self._channel.wait_for_digit(left_ms) if left_ms > 0 else ""

    def _end(self, result: Result, *, join: JoinQueue | None = None, target: str = "", reason: str = "") -> None:
        self._is_over = True
        self._note(result=result, join=join, target=target, reason=reason)

    def _note(self, **known: Any) -> None:
        self._so_far = replace(self._so_far, **known)
