"""Trials in the words that tests use: what was done, and where it ended."""

from __future__ import annotations

from callrouter.tree.proof.deeds import (
    Answers,
    Deed,
    HangsUp,
    LeavesMessage,
    NotConnected,
    Nothing,
    Presses,
    Waits,
    WaitsTooLong,
)
from callrouter.tree.proof.pending import End
from callrouter.tree.words import (
    Answered,
    Consented,
    JoinQueue,
    Leave,
    NoteCallback,
    Output,
    Tagged,
    TakeMessage,
    Transfer,
)


def done_words(output: Output) -> list[str]:
    """Something done on the way, as a test would say it."""
    match output:
        case Tagged(tags=tags):
            return [f"tag {tag}" for tag in tags]
        case TakeMessage(group=group):
            return [f"message for {group}"]
        case NoteCallback(number=number, queue=queue):
            return [f"callback for {queue}", f"callback for {queue} to {number}"]
        case Consented(notice=notice, whole=True):
            return [f"consent {notice}"]
        case Answered(variable=variable, secret=True):
            return [f"secret {variable}"]
        case _:
            return []


def deed_words(deed: Deed) -> str:
    match deed:
        case Presses(keys=keys):
            return f"pressed {keys}"
        case Nothing():
            return "said nothing"
        case Waits(seconds=seconds):
            return f"had waited {seconds:g} s"
        case HangsUp():
            return "hung up"
        case Answers(lookup=lookup):
            return f"{lookup} answers"
        case LeavesMessage():
            return "a message"
        case NotConnected(why=why):
            return f"the transfer ends: {why}"
        case WaitsTooLong():
            return "a wait that is too long"


def end_words(end: End | None, hung_up: bool, node: str) -> str:
    """`queue merchants, priority 7`, as a test would say it."""
    match end:
        case JoinQueue() as join:
            return ", ".join([f"queue {join.queue}", *_queue_words(join)])
        case Transfer(target=target):
            return f"transfer {target}"
        case Leave(reason="tree"):
            return "hangup"
        case Leave(reason=reason):
            return reason
        case None:
            return f"{'hung up' if hung_up else 'still asked'} at {node}"


def _queue_words(join: JoinQueue) -> list[str]:
    return [
        *(f"priority {n}" for n in [join.priority] if n),
        *(f"needs {skill} {level}" for skill, level in join.require.items()),
        *(f"prefers {skill} {level}" for skill, level in join.prefer.items()),
        *(["the agent who helped last"] if join.sticky_agent else []),
    ]
