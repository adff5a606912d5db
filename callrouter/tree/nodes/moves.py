"""What a node answers with: stay and wait for something, or go on to another node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from callrouter.tree.facts import Facts
from callrouter.tree.model import Node, Prompt, Recorded, Tree, Value
from callrouter.tree.words import Answered, Hush, Input, Output, Phase, Speak, StopTimer, Walk

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class At:
    """A caller at a node."""

    tree: Tree
    walk: Walk
    facts: Facts

    def node(self, kind: type[N]) -> N:
        found = self.tree.nodes[self.walk.node]
        assert isinstance(found, kind), f"{self.walk.node} is no {kind.__name__}"
        return found

    @property
    def variables(self) -> dict[str, Value]:
        """Those of the call, and those that every call has."""
        return {"caller": self.facts.caller, "called": self.facts.called, **self.walk.variables}

    def prompt(self, wording: Mapping[str, str | Recorded], part: str = "", **more: Value) -> Prompt:
        """What the node says, with what it reads aloud."""
        return self.tree.prompt(self.walk.node, wording, part, {**self.variables, **more})

    def asked(self, counter: str = "") -> int:
        """How often this node has asked (or one of its further questions)."""
        return self.walk.asked.get(self._counter(counter), 0)

    def counted(self, counter: str = "") -> dict[str, int]:
        """The counts after asking once more."""
        return {**self.walk.asked, self._counter(counter): self.asked(counter) + 1}

    def _counter(self, counter: str) -> str:
        return f"{self.walk.node} {counter}" if counter else self.walk.node


@dataclass(frozen=True, slots=True)
class Stay:
    walk: Walk
    outputs: tuple[Output, ...] = ()


@dataclass(frozen=True, slots=True)
class Go:
    """On to another node. `by`: what led there, for the journal."""

    to: str
    walk: Walk
    by: str = ""
    outputs: tuple[Output, ...] = ()


Move = Stay | Go
Enter = Callable[[At], Move]
On = Mapping[tuple[Phase, type[Input]], Callable[[At, Input], Move]]


def after(outputs: tuple[Output, ...], move: Move) -> Move:
    """The move, after these outputs."""
    return replace(move, outputs=(*outputs, *move.outputs))


def speak(at: At, *prompts: Prompt) -> Stay:
    """Say this to its end."""
    return Stay(replace(at.walk, phase=Phase.SPEAKING), (Speak(prompts),))


def said_again(enter: Enter) -> Callable[[At, Input], Move]:
    """For `Resumed`: the node from its first word."""
    return lambda at, _: after((StopTimer(),), enter(at))


def learned(walk: Walk, values: Mapping[str, Value]) -> tuple[Walk, tuple[Output, ...]]:
    """Variables with new values, and the word of it."""
    outputs = tuple(Answered(name, value) for name, value in values.items())
    return replace(walk, variables={**walk.variables, **values}), outputs


def stop_waiting(at: At) -> tuple[Output, ...]:
    """A key came: what was being said or waited for ends."""
    return (Hush(),) if at.walk.phase is Phase.SPEAKING else (StopTimer(),)


__all__ = [
    "At",
    "Enter",
    "Go",
    "Move",
    "Node",
    "On",
    "Stay",
    "after",
    "learned",
    "said_again",
    "speak",
    "stop_waiting",
]
