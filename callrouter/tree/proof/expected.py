"""What a test of a tree may demand, each as words that become a question to the outcome."""

from __future__ import annotations

from collections.abc import Callable

from callrouter.tree.proof.reading import LANGUAGES, NODE, Fragments
from callrouter.tree.proof.trial import Outcome

Expectation = Callable[[Outcome], str]
"""What is otherwise than it should be, or empty."""


def _ends(wanted: str) -> Expectation:
    """The first words of the end: `queue payers` also stands for `queue payers, priority 5`."""
    return lambda outcome: "" if outcome.ended.split(", ")[0] == wanted else f"ended in {outcome.ended}"


def _ends_with(wanted: str) -> Expectation:
    return lambda o: "" if wanted in o.ended.split(", ")[1:] else f"ended in {o.ended}, not with {wanted}"


def _no_priority(outcome: Outcome) -> str:
    return f"ended in {outcome.ended}, not with priority 0" if ", priority " in outcome.ended else ""


def _at(node: str) -> Expectation:
    return lambda outcome: "" if outcome.node == node else f"ended at {outcome.node}, not at {node}"


def _over(node: str) -> Expectation:
    return lambda outcome: "" if node in outcome.path else f"did not come over {node}"


def _not_over(node: str) -> Expectation:
    return lambda outcome: f"came over {node}" if node in outcome.path else ""


def _language(code: str) -> Expectation:
    return lambda outcome: "" if outcome.language == code else f"was spoken to in {outcome.language}, not in {code}"


def _heard(prompt: str) -> Expectation:
    """`payer_problem.invalid`, without the tree's name."""
    return lambda o: "" if any(key.partition(".")[2] == prompt for key in o.heard) else f"did not hear {prompt}"


def _done(what: str) -> Expectation:
    return lambda outcome: (
        "" if what in outcome.done else f"no {what}; there was {', '.join(outcome.done) or 'nothing'}"
    )


def _variable(name: str, wanted: str) -> Expectation:
    def seen(outcome: Outcome) -> str:
        if name not in outcome.variables:
            return f"{name} has no value"
        value = outcome.variables[name]
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return "" if text == wanted else f"{name} is {text}, not {wanted}"

    return seen


EXPECTATIONS: Fragments[Expectation] = {
    "queue NAME": (rf"queue {NODE}", lambda m: _ends(m[0])),
    "priority 0": (r"priority 0", lambda _: _no_priority),
    "priority 7": (r"priority -?[0-9]{1,3}", lambda m: _ends_with(m[0])),
    "needs SKILL 5": (rf"needs {NODE} \d\d?", lambda m: _ends_with(m[0])),
    "prefers SKILL 5": (rf"prefers {NODE} \d\d?", lambda m: _ends_with(m[0])),
    "the agent who helped last": (r"the agent who helped last", lambda m: _ends_with(m[0])),
    "transfer NAME": (r"transfer \S{1,80}", lambda m: _ends(m[0])),
    "hangup": (r"hangup", lambda m: _ends(m[0])),
    "hung up at NODE": (rf"hung up at {NODE}", lambda m: _ends(m[0])),
    "still asked at NODE": (rf"still asked at {NODE}", lambda m: _ends(m[0])),
    "at NODE": (rf"at {NODE}", lambda m: _at(m[1])),
    "over NODE": (rf"over {NODE}", lambda m: _over(m[1])),
    "not over NODE": (rf"not over {NODE}", lambda m: _not_over(m[1])),
    "hears NODE": (rf"hears ({NODE}(?:\.[a-z_]+)?)", lambda m: _heard(m[1])),
    "message for GROUP": (rf"message for {NODE}", lambda m: _done(m[0])),
    "callback for QUEUE": (rf"callback for {NODE}(?: to \+?\d+)?", lambda m: _done(m[0])),
    "consent NODE": (rf"consent {NODE}", lambda m: _done(m[0])),
    "tag NAME": (rf"tag {NODE}", lambda m: _done(m[0])),
    "secret NAME": (r"secret \w{1,40}", lambda m: _done(m[0])),
    "NAME = VALUE": (r"(\w{1,40}) ?= ?(\S.*)", lambda m: _variable(m[1], m[2].strip('"'))),
    "in English": (rf"in ([a-z]{{2}}|{'|'.join(LANGUAGES)})", lambda m: _language(LANGUAGES.get(m[1], m[1]))),
}
