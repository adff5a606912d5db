"""A tree walked in a terminal: prompts as text, keys typed, Enter alone for silence. No Asterisk, no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from callrouter.tree.model import Prompt
from callrouter.tree.proof.deeds import Deed, NotConnected, WaitsTooLong
from callrouter.tree.proof.pending import KEYS
from callrouter.tree.proof.script import answered
from callrouter.tree.proof.sentence import NotUnderstood, read_deed
from callrouter.tree.proof.trial import Trial
from callrouter.tree.words import (
    Began,
    Entered,
    Input,
    JoinQueue,
    KeyPressed,
    LookUp,
    Output,
    PromptHeard,
    QueueLeft,
    Speak,
    TakeMessage,
    TimeUp,
    Transfer,
)

Ask = Callable[[str], str]
Tell = Callable[[str], None]
HELP = "Type keys; Enter alone is silence; q hangs up."
_KEYS = frozenset(key.digit for key in KEYS)


def walk_by_hand(trial: Trial, ask: Ask, tell: Tell) -> Trial:
    """Until the call leaves the tree or whoever types hangs up."""
    tell(HELP)
    given: Sequence[Input] = [Began()]
    while given:
        for one in given:
            for output in trial.give(one):
                for line in _lines(trial, output):
                    tell(line)
        given = _next(trial, ask, tell)
    tell(f"═ {trial.outcome().ended}")
    return trial


def _lines(trial: Trial, output: Output) -> Iterator[str]:
    match output:
        case Entered(node=node, by=by):
            yield f"● {node}{f'  ({by})' if by else ''}"
        case Speak(prompts=prompts) | JoinQueue(prompts=prompts) | LookUp(filler=prompts):
            yield from (f"  « {spoken(prompt, trial.language)} »" for prompt in prompts)


def spoken(prompt: Prompt, language: str) -> str:
    """A prompt's words with the values of its variables, or its file."""
    pieces = prompt.pieces.get(language)
    if pieces is None:
        words = prompt.text.get(language) or prompt.file.get(language, "")
    else:
        words = "".join(one if isinstance(one, str) else str(prompt.values.get(one.variable, "")) for one in pieces)
    return " ".join(words.split())


def _next(trial: Trial, ask: Ask, tell: Tell) -> Sequence[Input]:
    """What happens next; nothing when the call is over."""
    waited = trial.pending.end or trial.pending.question
    match waited:
        case LookUp(node=node, lookup=lookup):
            names = "".join(f"{name}=… " for name in lookup.answers())
            question = f"{node} answers ({names}or a status like 500; Enter: no answer): "
            return _answer(trial, lambda: _looked_up(ask(question).strip()), tell)
        case TakeMessage():
            return _answer(trial, lambda: read_deed(f"leaves a message of {_seconds(ask)}s"), tell)
        case Transfer(target=target):
            why = ask(f"transfer to {target} (Enter: they talk; or busy, no_answer, closed): ").strip()
            return _answer(trial, lambda: NotConnected(why), tell) if why else ()
        case JoinQueue() as join if join.returns or join.exit_key or join.branches:
            return _in_line(trial, join, ask, tell)
        case None if trial.pending.speaking:
            return (PromptHeard(),)
        case None:
            return _keys(trial, ask, tell)
        case _:
            return ()


def _looked_up(typed: str) -> Deed:
    return read_deed(f"lookup answers {typed}" if typed else "lookup does not answer")


def _seconds(ask: Ask) -> str:
    return ask("a message of how many seconds (Enter: 10): ").strip() or "10"


def _answer(trial: Trial, read: Callable[[], Deed], tell: Tell) -> Sequence[Input]:
    """Somebody's answer, asked for until it can be understood."""
    while True:
        try:
            given, complaints = answered(trial.pending.end or trial.pending.question, read())
        except NotUnderstood as error:
            tell(f"  {error}")
            continue
        for words in complaints:
            tell(f"  {words}")
        return () if given is None else (given,)


def _in_line(trial: Trial, join: JoinQueue, ask: Ask, tell: Tell) -> Sequence[Input]:
    keys = f"; {join.exit_key}: leave the line" if join.exit_key else ""
    late = "; w: wait too long" if join.returns else ""
    sent = "".join(f"; {why}: sent away" for why in join.branches)
    typed = ask(f"in the line of {join.queue} (Enter: somebody answers{keys}{late}{sent}): ").strip()
    if typed and typed == join.exit_key:
        return (QueueLeft("exit"),)
    if typed in join.branches:
        return (QueueLeft(typed),)
    return _answer(trial, WaitsTooLong, tell) if typed == "w" and join.returns else ()


def _keys(trial: Trial, ask: Ask, tell: Tell) -> Sequence[Input]:
    while True:
        typed = ask("> ").strip()
        if typed == "q":
            trial.hung_up = True
            return ()
        strange = "".join(char for char in typed if char not in _KEYS)
        if not strange:
            return [KeyPressed(key) for key in typed] or [TimeUp()]
        tell(f"  `{strange[:20]}` is no key; keys are 0-9, *, #, A-D. {HELP}")
