"""One caller's way through a tree, pure: step(tree, walk, input) → (walk, outputs). The walk has one timer, not more.

    no walk ──Began──▶ SPEAKING ──PromptHeard──▶ menu: LISTENING · say: its next · hangup: ENDED (queue: at once)
                        │      ▲
               key, if the     │  asked again, or the next node speaks
               menu lets it    │
                        ▼      │
                       LISTENING ──keys, TimeUp──▶ an option, `invalid` or `no_input`

Every menu is asked at most `tries` times in one walk, however it is reached; a menu with none left passes the caller on
to its `no_input` branch. validate.py refuses circles of those branches, so every walk ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from callrouter.tree.model import Hangup, Menu, Prompt, Queue, Say, Set, Tree, prompt_of

NEXT_DIGIT_S = 3.0

# --- what happens, and what comes of it ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Began:
    """The caller has been answered."""


@dataclass(frozen=True, slots=True)
class KeyPressed:
    digit: str


@dataclass(frozen=True, slots=True)
class PromptHeard:
    """What was said has been heard to its end (or could not be played)."""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The walk's timer has run out."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The call was carried over from a worker that died: nobody knows what its caller has heard."""


Input = Began | KeyPressed | PromptHeard | TimeUp | Resumed


@dataclass(frozen=True, slots=True)
class Entered:
    """The caller came to a node. `by`: the keys pressed, `silence`, `invalid`, or empty when the tree just went on."""

    node: str
    by: str


@dataclass(frozen=True, slots=True)
class Speak:
    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop what is being said."""


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Also restarts it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    pass


@dataclass(frozen=True, slots=True)
class SetLanguage:
    language: str


@dataclass(frozen=True, slots=True)
class JoinQueue:
    queue: str
    priority: int
    prompts: tuple[Prompt, ...] = ()
    """Said while the caller already stands in line; an agent who is free need not wait for the end of it."""


@dataclass(frozen=True, slots=True)
class Leave:
    reason: str


Output = Entered | Speak | Hush | StartTimer | StopTimer | SetLanguage | JoinQueue | Leave

# --- states -------------------------------------------------------------------------------------------------------


class Phase(StrEnum):
    SPEAKING = "SPEAKING"
    LISTENING = "LISTENING"
    ENDED = "ENDED"


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a caller is in the tree. Only plain values: it is stored after every step."""

    node: str
    phase: Phase = Phase.SPEAKING
    digits: str = ""
    """The beginning of an option of several digits."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """Menu → how often it has been asked."""
    came_by: tuple[str, ...] = ()
    """Menus whose options led here: the way back."""


Result = tuple[Walk, tuple[Output, ...]]


def step(tree: Tree, walk: Walk | None, given: Input) -> Result:
    """What comes of an input. A walk begins with none and `Began`; inputs that come too late change nothing."""
    if walk is None:
        return _go(tree, Walk(tree.start), tree.start, by="") if isinstance(given, Began) else (Walk(tree.start), ())
    handler = TRANSITIONS.get((walk.phase, type(given)))
    return handler(tree, walk, given) if handler else (walk, ())


# --- handlers -----------------------------------------------------------------------------------------------------


def after_prompt(tree: Tree, walk: Walk, _: Input) -> Result:
    """The node has spoken: listen, go on, or end."""
    match tree.nodes[walk.node]:
        case Menu() as menu:
            return replace(walk, phase=Phase.LISTENING, digits=""), (StartTimer(menu.first_digit_s),)
        case Say() as say:
            return _go(tree, walk, say.next, by="")
        case _:
            return replace(walk, phase=Phase.ENDED), (Leave("tree"),)


def key_during_prompt(tree: Tree, walk: Walk, given: Input) -> Result:
    """The caller knows the menu already: stop speaking and take the key. Other prompts are said to their end."""
    node = tree.nodes[walk.node]
    if isinstance(node, Menu) and node.barge_in:
        return _before(Hush(), take_key(tree, replace(walk, phase=Phase.LISTENING), given))
    return walk, ()


def key_after_prompt(tree: Tree, walk: Walk, given: Input) -> Result:
    return _before(StopTimer(), take_key(tree, walk, given))


def take_key(tree: Tree, walk: Walk, given: Input) -> Result:
    """A complete option acts at once; the beginning of a longer one waits for the next digit."""
    menu = _menu(tree, walk)
    key = given.digit if isinstance(given, KeyPressed) else ""
    digits = walk.digits + key
    if not walk.digits and key in (menu.repeat_key, menu.back_key):
        return _ask_again(tree, walk, key) if key == menu.repeat_key else _go_back(tree, walk, key)
    if any(option.startswith(digits) and option != digits for option in menu.options):
        return replace(walk, digits=digits), (StartTimer(menu.next_digit_s or NEXT_DIGIT_S),)
    return _choose(tree, walk, digits)


def time_is_up(tree: Tree, walk: Walk, _: Input) -> Result:
    """No key at all, or no further digit: the digits so far are the answer."""
    if walk.digits:
        return _choose(tree, walk, walk.digits)
    return _ask_again(tree, walk, "silence")


def say_again(tree: Tree, walk: Walk, _: Input) -> Result:
    """The same node from its first word; it costs the caller no try."""
    node = tree.nodes[walk.node]
    wording = None if isinstance(node, Set) else node.prompt
    assert wording is not None, f"a walk rests only on nodes that speak, not on {walk.node}"
    speak = Speak((prompt_of(tree.name, walk.node, wording),))
    return replace(walk, phase=Phase.SPEAKING, digits=""), (StopTimer(), speak)


TRANSITIONS: dict[tuple[Phase, type[Input]], Callable[[Tree, Walk, Input], Result]] = {
    (Phase.SPEAKING, PromptHeard): after_prompt,
    (Phase.SPEAKING, KeyPressed): key_during_prompt,
    (Phase.LISTENING, KeyPressed): key_after_prompt,
    (Phase.LISTENING, TimeUp): time_is_up,
    (Phase.SPEAKING, Resumed): say_again,
    (Phase.LISTENING, Resumed): say_again,
}
IGNORED: set[tuple[Phase, type[Input]]] = {
    (Phase.SPEAKING, Began),
    (Phase.SPEAKING, TimeUp),  # the timer ran out just as a key was taken
    (Phase.LISTENING, Began),
    (Phase.LISTENING, PromptHeard),  # the end of a prompt that a key has cut
    *((Phase.ENDED, given) for given in (Began, KeyPressed, PromptHeard, TimeUp, Resumed)),
}

# --- moves --------------------------------------------------------------------------------------------------------


def _choose(tree: Tree, walk: Walk, digits: str) -> Result:
    target = _menu(tree, walk).options.get(digits)
    if target is None:
        return _ask_again(tree, walk, "invalid")
    return _go(tree, replace(walk, came_by=(*walk.came_by, walk.node)), target, by=digits)


def _ask_again(tree: Tree, walk: Walk, by: str) -> Result:
    """The same menu once more, after a word about what went wrong; with no tries left its branch."""
    menu = _menu(tree, walk)
    branch = menu.invalid if by == "invalid" else menu.no_input
    if walk.asked[walk.node] >= menu.tries:
        return _go(tree, walk, branch.then, by)
    word = branch.prompt if by in ("invalid", "silence") else None
    prompts = (prompt_of(tree.name, walk.node, word, "invalid" if by == "invalid" else "no_input"),) if word else ()
    return _ask(tree, walk, menu, (Entered(walk.node, by),), prompts)


def _go_back(tree: Tree, walk: Walk, key: str) -> Result:
    if not walk.came_by:
        return _ask_again(tree, walk, key)
    return _go(tree, replace(walk, came_by=walk.came_by[:-1]), walk.came_by[-1], by=key)


def _go(tree: Tree, walk: Walk, name: str, by: str) -> Result:
    """Enter a node, and the next ones, until one waits for something."""
    outputs: tuple[Output, ...] = ()
    while True:
        node = tree.nodes[name]
        outputs, walk, by = (*outputs, Entered(name, by)), replace(walk, node=name, digits=""), ""
        match node:
            case Set():
                outputs, name = (*outputs, SetLanguage(node.language)), node.next
            case Menu() if walk.asked.get(name, 0) >= node.tries:
                name = node.no_input.then
            case Menu():
                return _ask(tree, walk, node, outputs)
            case Queue():
                said = (prompt_of(tree.name, name, node.prompt),) if node.prompt else ()
                join = JoinQueue(node.queue, node.priority, said)
                return replace(walk, phase=Phase.ENDED), (*outputs, join)
            case Say() | Hangup() if node.prompt:
                speak = Speak((prompt_of(tree.name, name, node.prompt),))
                return replace(walk, phase=Phase.SPEAKING), (*outputs, speak)
            case _:
                return _before_all(outputs, after_prompt(tree, walk, PromptHeard()))


def _ask(tree: Tree, walk: Walk, menu: Menu, outputs: tuple[Output, ...], first: tuple[Prompt, ...] = ()) -> Result:
    asked = {**walk.asked, walk.node: walk.asked.get(walk.node, 0) + 1}
    speak = Speak((*first, prompt_of(tree.name, walk.node, menu.prompt)))
    return replace(walk, phase=Phase.SPEAKING, digits="", asked=asked), (*outputs, speak)


def _menu(tree: Tree, walk: Walk) -> Menu:
    node = tree.nodes[walk.node]
    assert isinstance(node, Menu), f"only menus listen, not {walk.node}"
    return node


def _before(first: Output, result: Result) -> Result:
    return _before_all((first,), result)


def _before_all(first: tuple[Output, ...], result: Result) -> Result:
    return result[0], (*first, *result[1])
