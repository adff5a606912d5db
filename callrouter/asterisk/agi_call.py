"""One call that a dialplan sends us by AGI: which tree it wants, the walk, and the answer in channel variables.

    AGI(agi://HOST:4573/TREE,NUMBER,LANGUAGE)    the number that was dialled and the language may be left out;
    AGI(agi://HOST:4573/,NUMBER)                 without a tree: the one that config/numbers.yaml gives the number
Everything that comes over the connection is data: names are looked up, never built into paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from asterisk.agi import AGIError

from callrouter.asterisk.agi import Agi
from callrouter.asterisk.agi_walk import AgiWalk, Ask, Outcome, Result
from callrouter.calls.in_tree import clean_number
from callrouter.config import NumberRoute
from callrouter.tree.facts import Facts
from callrouter.tree.model import Prompt, Tree
from callrouter.tree.model.prompt import Value
from callrouter.tree.walk import JoinQueue

log = structlog.get_logger(__name__)

PREFIX = "CALLROUTER_"
LONGEST_VALUE = 1000
"""An AGI line may have 8192 bytes, 2048 in older Asterisks."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What every call is served from."""

    trees: Mapping[str, Tree]
    numbers: Sequence[NumberRoute]
    language: str
    """When neither the dialplan nor the number says one."""
    files: Callable[[Prompt, str], Sequence[str]]
    facts: Callable[[str, str, str], Facts]
    """Call, caller's number, number dialled → what a step may know of the world."""
    ask: Ask | None = None
    """For lookups; without it they are unsupported."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the dialplan asks for."""

    tree: str
    number: str
    language: str
    caller: str


def wish_of(env: Mapping[str, str]) -> Wish:
    """From AGI's variables (`agi_network_script: payments`, `agi_arg_1: 74951234567`)."""
    number = env.get("agi_arg_1", "") or env.get("agi_dnid", "") or env.get("agi_extension", "")
    return Wish(
        tree=env.get("agi_network_script", "").partition("?")[0].strip("/"),
        number=clean_number(number),
        language=env.get("agi_arg_2", ""),
        caller=clean_number(env.get("agi_callerid", "")),
    )


def tree_for(desk: Desk, wish: Wish) -> tuple[Tree | None, str]:
    """The tree and the language to begin in; no tree if there is none by that name or for that number."""
    digits = wish.number.removeprefix("+")
    route = next((route for route in desk.numbers if route.number.removeprefix("+") == digits), None)
    tree = desk.trees.get(wish.tree or (route.tree if route else ""))
    wanted = (wish.language, route.language if route else None, desk.language)
    spoken = tree.languages if tree else ()
    return tree, next((language for language in wanted if language in spoken), spoken[0] if spoken else desk.language)


def serve(agi: Agi, desk: Desk) -> None:
    """The whole call; whatever goes wrong, the dialplan is told and can go on."""
    wish = wish_of(agi.env)
    with structlog.contextvars.bound_contextvars(channel=agi.env.get("agi_uniqueid", "")[:64]):
        tree, language = tree_for(desk, wish)
        if tree is None:
            outcome = Outcome(Result.FAILED, language, reason=f"no tree {wish.tree[:40]!r} for this number")
        else:
            outcome = _walked(agi, tree, language, desk, wish)
        told = _tell(agi, variables(outcome, tree))
        log.info(
            "agi_call",
            caller=wish.caller,
            number=wish.number,
            tree=tree.name if tree else "",
            version=tree.version if tree else "",
            result=str(outcome.result),
            queue=outcome.join.queue if outcome.join else "",
            path=",".join(outcome.path)[-LONGEST_VALUE:],
            reason=outcome.reason,
            told=told,
        )


def _walked(agi: Agi, tree: Tree, language: str, desk: Desk, wish: Wish) -> Outcome:
    def facts() -> Facts:
        return desk.facts(agi.env.get("agi_uniqueid", ""), wish.caller, wish.number)

    try:
        return AgiWalk(agi, tree, language, desk.files, facts, told=_Progress(agi, tree).tell, ask=desk.ask).run()
    except Exception:  # a bug of ours must not leave the caller in silence: the dialplan's fallback speaks
        log.exception("agi_call_crashed")
        return Outcome(Result.FAILED, language, reason="an error in callrouter; see its log")


class _Progress:
    """The way so far in channel variables, for the `h` extension: Asterisk may end the conversation at any time."""

    def __init__(self, agi: Agi, tree: Tree) -> None:
        self._agi, self._tree = agi, tree
        self._known: Mapping[str, str] = {}

    def tell(self, so_far: Outcome) -> None:
        """Only what has changed."""
        now = variables(so_far, self._tree)
        for name in (f"{PREFIX}{word}" for word in ("TREE", "VERSION", "PATH")):
            if self._known.get(name) != now[name]:
                self._agi.set_variable(name, now[name])
        self._known = now


def variables(outcome: Outcome, tree: Tree | None) -> dict[str, str]:
    """The answer as the dialplan reads it; RESULT last, so that it stands only where all the others do."""
    join = outcome.join or JoinQueue("", 0)
    known = {
        "TREE": tree.name if tree else "",
        "VERSION": tree.version if tree else "",
        "PATH": ",".join(outcome.path)[-LONGEST_VALUE:],
        "NODE": outcome.path[-1] if outcome.path else "",
        "LANGUAGE": outcome.language,
        "QUEUE": join.queue,
        "PRIORITY": str(join.priority),
        "SKILLS": _skills(join.require),
        "PREFER": _skills(join.prefer),
        "MAX_WAIT": f"{join.max_wait_s:.0f}" if join.max_wait_s is not None else "",
        "MUSIC": join.music or "",
        "TARGET": outcome.target,
        "TAGS": ",".join(outcome.tags),
        "NOTICES": ",".join(outcome.notices),
        **{f"VAR_{name}": _shown(value) for name, value in outcome.answers.items()},
        "REASON": outcome.reason,
        "RESULT": str(outcome.result),
    }
    return {f"{PREFIX}{name}": _one_line(value) for name, value in known.items()}


def _skills(levels: Mapping[str, int]) -> str:
    return ",".join(f"{skill}:{level}" for skill, level in levels.items())


def _shown(value: Value) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _one_line(text: str) -> str:
    """What callers and other programs said is data: printable, and no longer than a line can bear."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[-LONGEST_VALUE:]


def _tell(agi: Agi, answer: Mapping[str, str]) -> bool:
    """False if Asterisk was not there any more to hear it."""
    try:
        for name, value in answer.items():
            agi.set_variable(name, value)
    except AGIError as error:
        log.info("agi_answer_lost", why=str(error))  # as a rule because the caller has hung up
        return False
    return True
