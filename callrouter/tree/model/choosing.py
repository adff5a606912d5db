"""Nodes that choose a way without a word: hours, caller, set, when, split, goto, subtree."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from callrouter.config.words import DialPrefix, Language, Name, Number, Part, TimeZone
from callrouter.hours import Country, Day, DayHours, Days, Windows
from callrouter.tree.condition import parse_condition
from callrouter.tree.model.label import Labelled
from callrouter.tree.model.prompt import Variable, Words

Priority = Annotated[int, Field(ge=-100, le=100)]
Level = Annotated[int, Field(ge=1, le=10)]


class HoursBranches(Part):
    """Where it goes."""

    open: Name
    closed: Name
    holiday: Name | None = Field(None, description="without it: as closed")
    emergency: Name | None = Field(None, description="while the switch is on")


class Hours(Labelled):
    """Goes by the time of the week. The switch wins over a day, a day over a holiday, a holiday over the week."""

    type: Literal["hours"]
    zone: TimeZone | None = Field(None, description="time zone; without it: centre.timezone")
    open: dict[Days, Windows] = Field(description='mon-fri: "09:00-18:00"')
    days: dict[Day, DayHours] = Field(default={}, description='exceptional days: "2026-12-31": "09:00-15:00"')
    holidays: Country | None = Field(None, description="public holidays of this country")
    switch: Name | None = Field(None, description="an emergency switch: `callrouter switch NAME on`")
    then: HoursBranches

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.switch is None) != (self.then.emergency is None):
            raise ValueError("`switch` and `then.emergency` belong together; give both or none")
        if self.then.holiday is not None and self.holidays is None and "holiday" not in self.days.values():
            raise ValueError("there is no holiday that could lead to `then.holiday`; give `holidays`")
        return self


class CallerBranch(Part):
    """One test of the caller, and where it leads. All that is given must hold."""

    number: Number | None = None
    prefix: tuple[DialPrefix, ...] | DialPrefix | None = Field(None, description='like "+7812", or several')
    in_list: Name | None = Field(None, alias="list", description="a list from `lists`, or merchants, or departments")
    called: Number | None = Field(None, description="the number that was dialled")
    again_within_m: int | None = Field(None, ge=1, le=43_200, description="called before within so many minutes")
    unfinished: bool | None = Field(None, description="the last call ended before anybody could help")
    anonymous: bool | None = Field(None, description="hides the number")
    rang_back: bool | None = Field(
        None, description="a place in a line is kept for this number, which dropped out of it (a queue's ring_back_s)"
    )
    then: Name

    @model_validator(mode="after")
    def _some_test(self) -> Self:
        if not self.model_fields_set - {"then"}:
            looks = ", ".join(field.alias or name for name, field in type(self).model_fields.items() if name != "then")
            raise ValueError(f"say what to look at: {looks}")
        return self


class Caller(Labelled):
    """Goes by who calls: the first branch that fits."""

    type: Literal["caller"]
    branches: tuple[CallerBranch, ...] = Field(min_length=1)
    otherwise: Name


class Set(Labelled):
    """Changes something about the call, then goes on."""

    type: Literal["set"]
    language: Language | None = None
    variables: dict[Variable, Words | int | float | bool] = Field(
        default={}, description="name → value; a text may hold {variables}"
    )
    tags: tuple[Name, ...] = Field(default=(), description="added to those the call has")
    caller_type: Name | None = Field(None, description="who calls: the variable caller_type")
    problem_type: Name | None = Field(None, description="what about: the variable problem_type")
    priority: Priority | None = Field(None, description="added to the priority of the queue node")
    require: dict[Name, Level] = Field(default={}, description="skills an agent must have, from this level (1-10) on")
    prefer: dict[Name, Level] = Field(default={}, description="skills an agent should have if anybody has")
    sticky_agent: bool | None = Field(None, description="the agent who helped this caller last is asked first")
    next: Name

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"type", "next"}:
            raise ValueError("nothing is set here: give language, variables, tags, priority …; or use goto")
        return self


def _parses(text: str) -> str:
    parse_condition(text)
    return text


ConditionText = Annotated[
    str,
    Field(min_length=1, max_length=500, json_schema_extra={"x-words": 'like balance > 100 and city == "Omsk"'}),
    AfterValidator(_parses),
]


class Case(Part):
    """A condition and where it leads."""

    condition: ConditionText = Field(alias="if")
    then: Name


class When(Labelled):
    """Goes by variables: the first case whose condition holds."""

    type: Literal["when"]
    cases: tuple[Case, ...] = Field(min_length=1)
    otherwise: Name


class Share(Part):
    """So many callers of a hundred."""

    percent: float = Field(gt=0, le=100)
    then: Name


class Split(Labelled):
    """Sends shares of the callers to different nodes; the same caller always goes the same way."""

    type: Literal["split"]
    shares: tuple[Share, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _a_hundred(self) -> Self:
        total = sum(share.percent for share in self.shares)
        if abs(total - 100) > 1e-6:
            raise ValueError(f"the shares make {total:g} percent; they must make 100")
        return self


class Goto(Labelled):
    """Goes on at another node, or at the beginning of another tree, and does not come back."""

    type: Literal["goto"]
    to: Name | None = None
    tree: Name | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.to is None) == (self.tree is None):
            raise ValueError("give either `to`, a node of this tree, or `tree`, another tree")
        return self


class Subtree(Labelled):
    """Walks through another tree and comes back by one of its `exits`."""

    type: Literal["subtree"]
    tree: Name
    exits: dict[Name, Name] = Field(min_length=1, description="each exit of that tree → the node to go on at")
