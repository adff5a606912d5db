"""What agents are told: shipped words or the queue's own, with the queue's name in them."""

from __future__ import annotations

from callrouter.config import Briefing, Config, Queue
from callrouter.config.briefing import SAID, SHIPPED_IN
from callrouter.prompts.briefing import PRESS, WHO, briefings
from callrouter.tree.model import Prompt, Reading


def told(name: str = "Payers", **briefing: object) -> Prompt | None:
    queue = Queue(name=name, briefing=Briefing.model_validate(briefing))
    return briefings(Config(queues={"payers": queue})).get("payers")


def said(prompt: Prompt | None, language: str) -> str:
    assert prompt is not None
    pieces = prompt.pieces.get(language) or (prompt.text[language],)
    return "".join(f"<{piece.variable}>" if isinstance(piece, Reading) else piece for piece in pieces)


def test_a_queue_that_wants_nothing_said_has_no_words() -> None:
    assert told() is None
    assert told(auto_answer=True) is None


def test_the_shipped_words_tell_the_queue_the_path_the_wait_and_the_key_if_one_is_wanted() -> None:
    assert said(told(say=True), "en") == "Payers. <path>. Waited <waited>."
    assert said(told(say=True, accept="key"), "ru").endswith("нажмите <key>.")
    assert said(told(accept="key"), "en") == "To take the call, press <key>."


def test_words_of_ones_own_are_said_as_they_are() -> None:
    assert said(told(say={"en": "{queue}! {path}"}, accept="key"), "en") == "Payers! <path>"


def test_a_queues_name_with_braces_in_it_stays_a_name() -> None:
    assert said(told("{path} & co", say={"en": "{queue}"}), "en") == "{path} & co"


def test_the_shipped_words_are_in_the_languages_that_the_checks_know_and_hold_what_can_be_said() -> None:
    assert set(SHIPPED_IN) == set(WHO) == set(PRESS)
    prompt = told(say=True, accept="key")
    assert prompt is not None
    read = {piece.variable for pieces in prompt.pieces.values() for piece in pieces if isinstance(piece, Reading)}
    assert read <= set(SAID)
