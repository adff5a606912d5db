"""Nodes that speak with the caller: menu, say, collect, notice, message, callback."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from callrouter.config.words import Name, Part, Seconds
from callrouter.tree.model.label import Labelled
from callrouter.tree.model.prompt import Key, Keys, Variable, Wording
from callrouter.tree.pattern import Pattern


class Branch(Part):
    """What happens when the caller's answer is missing or not an option."""

    prompt: Wording | None = Field(None, description="said before the menu is asked again")
    then: Name = Field(description="the node to go to when `tries` are used up")


class Menu(Labelled):
    """Asks, and goes where the pressed key leads. Asked at most `tries` times in one call, however it is reached."""

    type: Literal["menu"]
    prompt: Wording
    options: dict[Keys, Name] = Field(min_length=1, description="key or keys → the node they lead to")
    barge_in: bool = Field(True, description="keys work during the prompt and cut it; false: they are not heard")
    first_digit_s: Seconds = Field(6, description="silence after the prompt before `no_input`")
    next_digit_s: Seconds | None = Field(None, description="wait for the next digit of a longer option (default 3)")
    tries: int = Field(3, ge=1, le=10, description="asked so many times at most; repeat and back keys count too")
    repeat_key: Key | None = Field(None, description="this key asks again")
    back_key: Key | None = Field(None, description="this key goes back to the menu before")
    invalid: Branch
    no_input: Branch


class Say(Labelled):
    """Says something to its end, then goes on."""

    type: Literal["say"]
    prompt: Wording
    next: Name


class Length(Part):
    """How many digits."""

    least: int = Field(1, ge=1, le=32)
    most: int = Field(ge=1, le=32)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError("`least` is more than `most`; exchange them")
        return self


class Confirm(Part):
    """Reads the digits back and asks whether they are right."""

    prompt: Wording = Field(description='reads the variable back: "You said {order:digits}. One: right. Two: again."')
    yes_key: Key = "1"
    no_key: Key = "2"

    @model_validator(mode="after")
    def _two_keys(self) -> Self:
        if self.yes_key == self.no_key:
            raise ValueError("yes_key and no_key are the same key; choose two")
        return self


def _compiles(text: str) -> str:
    Pattern(text)
    return text


PatternText = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra={"x-words": r"like 40[0-9]{6} or \d{4,6}"})
]
DigitPattern = Annotated[PatternText, AfterValidator(_compiles)]


EndKey = Annotated[str, Field(pattern=r"^[*#A-D]$", json_schema_extra={"x-words": "*, # or A-D"})]


class Collect(Labelled):
    """Takes digits into a variable. Asked at most `tries` times in one call; a key may cut the prompt."""

    type: Literal["collect"]
    prompt: Wording
    into: Variable
    length: int | Length = Field(description="so many digits, or {least: 4, most: 8}")
    pattern: DigitPattern | None = Field(None, description="the whole of the digits must fit it")
    checksum: Literal["luhn"] | None = Field(None, description="luhn: as bank cards have it (ISO/IEC 7812-1)")
    confirm: Confirm | None = None
    secret: bool = Field(False, description="never stored, journalled, logged or read aloud; only a lookup may send it")
    end_key: EndKey | None = Field("#", description="ends the digits before the longest length is reached")
    barge_in: bool = True
    first_digit_s: Seconds = 6
    next_digit_s: Seconds = 4
    tries: int = Field(3, ge=1, le=10)
    invalid: Branch
    no_input: Branch
    next: Name

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.secret and self.confirm is not None:
            raise ValueError("a secret is never read back; delete `confirm` or `secret`")
        if not isinstance(self.length, Length) and not 1 <= self.length <= 32:
            raise ValueError("`length` must be from 1 to 32 digits")
        return self

    @property
    def least(self) -> int:
        return self.length.least if isinstance(self.length, Length) else self.length

    @property
    def most(self) -> int:
        return self.length.most if isinstance(self.length, Length) else self.length


class Notice(Labelled):
    """A text that must be heard to its end, like that a call is recorded. Journalled with its version."""

    type: Literal["notice"]
    prompt: Wording
    version: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$", description="change it with the text: like 2026-1"
    )
    next: Name


class Message(Labelled):
    """Says its prompt, then records what the caller says for a group of people. `#`, silence or `max_s` ends it."""

    type: Literal["message"]
    prompt: Wording
    group: Name = Field(description="for whom it is; it is kept in recordings/messages/<group>")
    max_s: int = Field(120, ge=5, le=600, description="the longest message")
    silence_s: int = Field(5, ge=2, le=30, description="so much silence ends it")
    next: Name


class Callback(Labelled):
    """Offers to call back: confirms the caller's number, or takes another one, and notes it for a queue."""

    type: Literal["callback"]
    queue: Name
    prompt: Wording = Field(description='"We call {number:phone}. One: right. Two: another number."')
    yes_key: Key = "1"
    other_key: Key = "2"
    other: Wording = Field(description="asks for another number, ended by #")
    already: Wording | None = Field(None, description="said to whom we were going to call there anyway")
    tries: int = Field(3, ge=1, le=10)
    first_digit_s: Seconds = 6
    next_digit_s: Seconds = 4
    invalid: Branch
    no_input: Branch
    next: Name

    @model_validator(mode="after")
    def _two_keys(self) -> Self:
        if self.yes_key == self.other_key:
            raise ValueError("yes_key and other_key are the same key; choose two")
        return self
