"""What others than the caller answer in a trial: faked lookups, messages, transfers and lines."""

from __future__ import annotations

from callrouter.tree.model import Lookup, Value
from callrouter.tree.proof.deeds import Answers, Deed, LeavesMessage, NotConnected, WaitsTooLong
from callrouter.tree.proof.pending import End, Pending, Question
from callrouter.tree.words import (
    Input,
    JoinQueue,
    LookedUp,
    LookUp,
    MessageTaken,
    QueueLeft,
    TakeMessage,
    TargetEnded,
    Transfer,
)

LOOKUP_S = 0.5
MESSAGE_S = 10.0
SCRIPTED = (Answers, LeavesMessage, NotConnected, WaitsTooLong)
"""Deeds whose place among the caller's own does not matter."""
Waited = End | Question | None


def answered(waited: Waited, deed: Deed | None) -> tuple[Input | None, list[str]]:
    """The answer to what is waited for, and what is wrong with the script. A lookup of which it says nothing fails."""
    match waited, deed:
        case LookUp() as asked, Answers() as told:
            return _looked_up(asked.lookup, told)
        case LookUp() as asked, _:
            return LookedUp(failure="failed"), [f"asked {asked.node}, and nothing is said of what it answers"]
        case TakeMessage(), LeavesMessage(seconds=seconds):
            return MessageTaken(seconds), []
        case TakeMessage(), _:
            return MessageTaken(MESSAGE_S), []
        case Transfer(), NotConnected(why=why):
            return TargetEnded(why), []
        case Transfer(), Answers():
            return TargetEnded("no_answer"), []
        case JoinQueue(), WaitsTooLong():
            return QueueLeft("timed_out"), []
        case _:
            return None, []


def _looked_up(lookup: Lookup, told: Answers) -> tuple[LookedUp, list[str]]:
    """As the real lookup would: a value that is missing and has no `otherwise`, or is of another kind, is a failure."""
    if told.failure:
        return LookedUp(failure=told.failure), []
    strange = set(told.values) - set(lookup.answers())
    complaints = [f"{told.lookup} has no variable {', '.join(sorted(strange))}"] if strange else []
    values: dict[str, Value] = {}
    for name, answer in lookup.answers().items():
        text = told.values.get(name)
        try:
            value = answer.otherwise if text is None else _typed(text, answer.type)
        except ValueError:
            return LookedUp(failure=f"no {name}"), [*complaints, f"{name}={text} is no {answer.type}"]
        if value is None:
            return LookedUp(failure=f"no {name}"), complaints
        values[name] = value
    return LookedUp(values), complaints


def fits(deed: Deed, waited: Waited) -> bool:
    match deed, waited:
        case Answers(lookup=name), LookUp(node=node):
            return name.lower() in (node.lower(), node.rpartition("/")[2].lower())
        case Answers(lookup=name, failure="timeout"), Transfer(target=target):
            return name.lower() in (target.lower(), "transfer", "phone")
        case (LeavesMessage(), TakeMessage()) | (NotConnected(), Transfer()):
            return True
        case WaitsTooLong(), JoinQueue(returns=returns):
            return returns
        case _:
            return False


def takes_s(answer: Input, pending: Pending) -> float:
    match answer:
        case MessageTaken(seconds=seconds):
            return seconds
        case LookedUp(failure="timeout") if isinstance(pending.question, LookUp):
            return pending.question.lookup.timeout_s
        case LookedUp():
            return LOOKUP_S
        case QueueLeft(how="timed_out") if isinstance(pending.end, JoinQueue):
            return pending.end.max_wait_s or 0.0
        case _:
            return 0.0


def _typed(text: str, kind: str) -> Value:
    match kind:
        case "number":
            return float(text) if "." in text else int(text)
        case "bool":
            if text not in ("true", "false"):
                raise ValueError(text)
            return text == "true"
        case _:
            return text
