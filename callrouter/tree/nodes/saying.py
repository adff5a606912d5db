"""Say, notice, message, hangup: something is said to its end, and keys do not cut it."""

from __future__ import annotations

from dataclasses import replace

from callrouter.tree.model import Hangup, Message, Notice, Say
from callrouter.tree.nodes.moves import At, Go, Move, On, Stay, said_again, speak
from callrouter.tree.words import (
    Consented,
    Input,
    Leave,
    MessageTaken,
    Phase,
    PromptHeard,
    Resumed,
    TakeMessage,
)

NOTICE_TRIES = 2


def enter_say(at: At) -> Move:
    return speak(at, at.prompt(at.node(Say).prompt))


def after_say(at: At, _: Input) -> Move:
    return Go(at.node(Say).next, at.walk)


def enter_notice(at: At) -> Move:
    at = replace(at, walk=replace(at.walk, asked=at.counted()))
    return speak(at, at.prompt(at.node(Notice).prompt))


def resume_notice(at: At, _: Input) -> Move:
    return speak(at, at.prompt(at.node(Notice).prompt))


def after_notice(at: At, given: Input) -> Move:
    """A notice that broke off is said once more; then the call goes on, and the journal says what was heard."""
    notice = at.node(Notice)
    whole = isinstance(given, PromptHeard) and given.whole
    if not whole and at.asked() < NOTICE_TRIES:
        return enter_notice(at)
    return Go(notice.next, at.walk, outputs=(Consented(at.walk.node, notice.version, whole),))


def enter_message(at: At) -> Move:
    return speak(at, at.prompt(at.node(Message).prompt))


def record(at: At, _: Input) -> Move:
    message = at.node(Message)
    take = TakeMessage(message.group, message.max_s, message.silence_s)
    return Stay(replace(at.walk, phase=Phase.RECORDING), (take,))


def after_message(at: At, given: Input) -> Move:
    taken = isinstance(given, MessageTaken) and given.seconds > 0
    return Go(at.node(Message).next, at.walk, by="message" if taken else "no message")


def enter_hangup(at: At) -> Move:
    prompt = at.node(Hangup).prompt
    return speak(at, at.prompt(prompt)) if prompt else leave(at, PromptHeard())


def leave(at: At, _: Input) -> Move:
    return Stay(replace(at.walk, phase=Phase.ENDED), (Leave("tree"),))


ON_SAY: On = {
    (Phase.SPEAKING, PromptHeard): after_say,
    (Phase.SPEAKING, Resumed): said_again(enter_say),
}
ON_NOTICE: On = {
    (Phase.SPEAKING, PromptHeard): after_notice,
    (Phase.SPEAKING, Resumed): resume_notice,
}
ON_MESSAGE: On = {
    (Phase.SPEAKING, PromptHeard): record,
    (Phase.SPEAKING, Resumed): said_again(enter_message),
    (Phase.RECORDING, MessageTaken): after_message,
    (Phase.RECORDING, Resumed): said_again(enter_message),
}
ON_HANGUP: On = {
    (Phase.SPEAKING, PromptHeard): leave,
    (Phase.SPEAKING, Resumed): said_again(enter_hangup),
}
