"""One caller tries a tree in virtual time: deeds in, where it ended and every way taken out. Nothing ever sleeps.

Presses after the prompt ─▶ the trial runs on by itself until the tree listens, then the keys come
Presses during it        ─▶ the keys come at once
Nothing                  ─▶ the trial runs on until silence has been noticed
Answers and the like     ─▶ kept until they are needed; their place among the caller's deeds does not matter
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from callrouter.tree.facts import Facts
from callrouter.tree.model import Prompt, Tree, Value
from callrouter.tree.proof.deeds import (
    Deed,
    HangsUp,
    Nothing,
    Presses,
    Situation,
    Waits,
)
from callrouter.tree.proof.pending import End, Pending, after, by_itself, happened
from callrouter.tree.proof.script import SCRIPTED, answered, fits, takes_s
from callrouter.tree.proof.tell import deed_words, done_words, end_words
from callrouter.tree.proof.world import World, facts_at
from callrouter.tree.walk import step
from callrouter.tree.words import (
    Began,
    Entered,
    Input,
    JoinQueue,
    KeepSecret,
    KeyPressed,
    LookUp,
    Output,
    PromptHeard,
    QueueLeft,
    SetLanguage,
    Speak,
    StartTimer,
    Walk,
)

SECONDS_A_LETTER = 0.07
"""How long a text is spoken, about: 14 letters a second."""
SECONDS_A_FILE = 5.0
LOOKUP_S = 0.5
MESSAGE_S = 10.0
MOST_EVENTS = 10_000
"""Of a trial: a proved tree ends long before."""
Crossing = tuple[str, str, str]
"""From a node (empty: the beginning), by what the journal says of it, to a node."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a caller ended, and what was done on the way."""

    end: End | None
    """None: hung up, or the deeds were over while the tree still asked."""
    hung_up: bool
    node: str
    language: str
    crossings: tuple[Crossing, ...]
    heard: tuple[str, ...]
    """Keys of the prompts."""
    done: tuple[str, ...]
    """Messages taken, callbacks noted, tags and the like, in words."""
    variables: Mapping[str, Value]
    seconds: float
    complaints: tuple[str, ...] = ()
    """What the test has not told, or told for nothing."""

    @property
    def ended(self) -> str:
        """`queue merchants, priority 7`."""
        return end_words(self.end, self.hung_up, self.node)

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(to for _, _, to in self.crossings)


@dataclass
class Trial:
    """A call under way."""

    tree: Tree
    situation: Situation = field(default_factory=Situation)
    world: World = field(default_factory=World)
    script: list[Deed] = field(default_factory=list)
    """Answers that have not been needed yet."""
    now_s: float = 0.0
    walk: Walk | None = None
    pending: Pending = field(default_factory=Pending)
    language: str = ""
    prompt_ends: float = 0.0
    time_up: float = 0.0
    hung_up: bool = False
    crossings: list[Crossing] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    begins: datetime = field(init=False)
    _facts: Facts = field(init=False)

    def __post_init__(self) -> None:
        self.language = self.situation.language or self.tree.languages[0]
        self.begins = datetime.combine(self.situation.day, self.situation.at, self.world.zone)
        self._facts = facts_at(self.begins, self.tree, self.situation, self.world)

    def begin(self) -> Trial:
        self.give(Began())
        return self

    @property
    def over(self) -> bool:
        """Nothing more can come of it by itself."""
        return self.hung_up or (self.pending.end is not None and not self._scripted())

    def facts(self) -> Facts:
        """The world at this moment of the call; the clock matters only where minutes have passed."""
        now = self.begins + timedelta(seconds=self.now_s)
        if now.minute != self._facts.now.minute or now - self._facts.now > timedelta(minutes=1):
            self._facts = facts_at(now, self.tree, self.situation, self.world, self.secrets)
        return self._facts

    def give(self, given: Input) -> tuple[Output, ...]:
        """One input, now."""
        self.walk, outputs = step(self.tree, self.walk, given, self.facts())
        self.pending = after(happened(self.pending, given), outputs)
        for output in outputs:
            self._note(output)
        return outputs

    def _note(self, output: Output) -> None:
        match output:
            case Entered(node=node, by=by):
                self.crossings.append((self.crossings[-1][2] if self.crossings else "", by, node))
            case SetLanguage(language=language):
                self.language = language
            case Speak(prompts=prompts):
                self.heard += [prompt.key for prompt in prompts]
                self.prompt_ends = self.now_s + sum(length(prompt, self.language) for prompt in prompts)
            case StartTimer(seconds=seconds):
                self.time_up = self.now_s + seconds
            case JoinQueue(prompts=prompts) | LookUp(filler=prompts):
                self.heard += [prompt.key for prompt in prompts]
            case KeepSecret(variable=variable, digits=digits):
                self.secrets = {**self.secrets, variable: digits} if digits else self._without(variable)
                self._facts = replace(self._facts, secrets=self.secrets)
            case _:
                self.done += done_words(output)

    def _without(self, variable: str) -> dict[str, str]:
        return {name: digits for name, digits in self.secrets.items() if name != variable}

    # --- what the caller does -----------------------------------------------------------------------------------------

    def does(self, deed: Deed) -> None:
        """One deed of the caller's, and what happens until it is done."""
        match deed:
            case Presses(keys=keys, during=during):
                if not during:
                    self.until_listening()
                for key in keys:
                    self._press(key)
            case Nothing():
                self.until_listening()
                self.happen()
            case Waits(seconds=seconds):
                self.until(self.now_s + seconds)
            case HangsUp():
                self.hung_up = True
            case _:
                self.script.append(deed)

    def _press(self, key: str) -> None:
        match self.pending.end:
            case JoinQueue(exit_key=exit_key) if exit_key == key:
                self.give(QueueLeft("exit"))
            case None if not self.hung_up:
                self.give(KeyPressed(key))
            case _:
                self.complaints.append(f"pressed {key} when the call had left the tree")

    # --- what happens meanwhile ---------------------------------------------------------------------------------------

    def happen(self) -> bool:
        """The next thing that comes by itself. False: nothing does."""
        answer = None if self.hung_up else self._answer()
        if answer is not None:
            self.now_s += takes_s(answer, self.pending)
            self.give(answer)
            return True
        due = [(self._due(given), number, given) for number, given in enumerate(by_itself(self.pending))]
        if not due or self.over:
            return False
        self.now_s, _, given = min(due)
        self.give(given)
        return True

    def _due(self, given: Input) -> float:
        return self.prompt_ends if isinstance(given, PromptHeard) else self.time_up

    def _scripted(self) -> Deed | None:
        """The deed in the script that answers what is waited for."""
        waited = self.pending.end or self.pending.question
        return next((deed for deed in self.script if fits(deed, waited)), None)

    def _answer(self) -> Input | None:
        """Somebody's answer to what is waited for. A lookup of which the test says nothing has failed."""
        waited, deed = self.pending.end or self.pending.question, self._scripted()
        if deed is not None:
            self.script.remove(deed)
        answer, complaints = answered(waited, deed)
        self.complaints += complaints
        return answer

    def until_listening(self) -> None:
        """Until it is the caller's turn, or the call is over."""
        for _ in range(MOST_EVENTS):
            if self.over or self.pending.listening or not self.happen():
                return
        raise AssertionError(f"the tree {self.tree.name} never listens; was it checked?")

    def until(self, moment_s: float) -> None:
        """Until a moment, whatever happens meanwhile."""
        for _ in range(MOST_EVENTS):
            due = [self._due(given) for given in by_itself(self.pending)]
            waits_for_answer = self.pending.question is not None or self._scripted() is not None
            if self.over or (not waits_for_answer and (not due or min(due) > moment_s)):
                self.now_s = max(self.now_s, moment_s)
                return
            self.happen()
        raise AssertionError(f"too much happens in the tree {self.tree.name}")

    def outcome(self, unused: Iterable[Deed] = ()) -> Outcome:
        late = [f"the call was over before the caller {words}" for words in map(deed_words, unused)]
        never = [f"nothing ever asked for this: {deed_words(deed)}" for deed in self.script]
        return Outcome(
            self.pending.end,
            self.hung_up,
            self.crossings[-1][2],
            self.language,
            tuple(self.crossings),
            tuple(self.heard),
            tuple(self.done),
            self.walk.variables if self.walk else {},
            self.now_s,
            (*self.complaints, *late, *never),
        )


def try_out(
    tree: Tree, deeds: Iterable[Deed], situation: Situation | None = None, world: World | None = None
) -> Outcome:
    """A whole call: every deed in turn, then what follows by itself until it is the caller's turn again."""
    every = list(deeds)
    script: list[Deed] = [deed for deed in every if isinstance(deed, SCRIPTED)]
    left = [deed for deed in every if not isinstance(deed, SCRIPTED)]
    trial = Trial(tree, situation or Situation(), world or World(), script).begin()
    while left and not (trial.hung_up or _final(trial)):
        trial.does(left.pop(0))
    trial.until_listening()
    return trial.outcome(left)


def _final(trial: Trial) -> bool:
    """Keys can do nothing any more."""
    end = trial.pending.end
    return trial.over and end is not None and not (isinstance(end, JoinQueue) and end.exit_key)


def length(prompt: Prompt, language: str) -> float:
    """How long a prompt takes, about."""
    if language in prompt.file:
        return SECONDS_A_FILE
    return len(prompt.text.get(language, "")) * SECONDS_A_LETTER
