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
from callrouter.asterisk.agi_walk import AgiWalk, Outcome, Result
from callrouter.calls.in_tree import clean_number
from callrouter.config import NumberRoute
from callrouter.tree.model import Prompt, Tree

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
            outcome = _walked(agi, tree, language, desk)
        told = _tell(agi, variables(outcome, tree))
        log.info(
            "agi_call",
            caller=wish.caller,
            number=wish.number,
            tree=tree.name if tree else "",
            version=tree.version if tree else "",
            result=str(outcome.result),
            queue=outcome.queue,
            path=",".join(outcome.path)[-LONGEST_VALUE:],
            reason=outcome.reason,
            told=told,
        )


def _walked(agi: Agi, tree: Tree, language: str, desk: Desk) -> Outcome:
    try:
        return AgiWalk(agi, tree, language, desk.files).run()
    except Exception:  # a bug of ours must not leave the caller in silence: the dialplan's fallback speaks
        log.exception("agi_call_crashed")
        return Outcome(Result.FAILED, language, reason="an error in callrouter; see its log")


def variables(outcome: Outcome, tree: Tree | None) -> dict[str, str]:
    """The answer as the dialplan reads it; RESULT last, so that it stands only where all the others do."""
    return {
        f"{PREFIX}TREE": tree.name if tree else "",
        f"{PREFIX}VERSION": tree.version if tree else "",
        f"{PREFIX}PATH": ",".join(outcome.path)[-LONGEST_VALUE:],
        f"{PREFIX}NODE": outcome.path[-1] if outcome.path else "",
        f"{PREFIX}LANGUAGE": outcome.language,
        f"{PREFIX}QUEUE": outcome.queue,
        f"{PREFIX}PRIORITY": str(outcome.priority),
        f"{PREFIX}REASON": outcome.reason,
        f"{PREFIX}RESULT": str(outcome.result),
    }


def _tell(agi: Agi, answer: Mapping[str, str]) -> bool:
    """False if Asterisk was not there any more to hear it. After a hang-up the `h` extension can still read them."""
    try:
        for name, value in answer.items():
            agi.set_variable(name, value)
    except AGIError as error:
        log.warning("agi_answer_lost", why=str(error))
        return False
    return True
