"""What is taken out of another program's JSON answer. It is data from outside: typed, bounded, or refused."""

from __future__ import annotations

from collections.abc import Mapping

from callrouter.tree.address import shown
from callrouter.tree.model import Answer, Value

LONGEST = 500
LARGEST = 10**15

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def values_from(answer: Json, wanted: Mapping[str, Answer]) -> Mapping[str, Value] | str:
    """Every variable's value, or what is wrong with the answer."""
    found: dict[str, Value] = {}
    for name, where in wanted.items():
        there = _at(answer, where.path)
        value = where.otherwise if there is None else _typed(there, where.type)
        if value is None:
            return f"nothing of use at {where.path}"
        found[name] = value
    return found


def _at(answer: Json, path: str) -> Json:
    """The value at `customer.orders.0.number`; None if there is none."""
    for step in path.split("."):
        match answer:
            case dict():
                answer = answer.get(step)
            case list() if step.isdecimal() and int(step) < len(answer):
                answer = answer[int(step)]
            case _:
                return None
    return answer


def _typed(value: Json, kind: str) -> Value | None:
    """None for what cannot be read as this kind."""
    match kind, value:
        case "bool", bool():
            return value
        case "number", int() | float() if not isinstance(value, bool) and abs(value) < LARGEST:
            return value
        case "text", str():
            return "".join(char for char in value if char.isprintable())[:LONGEST]
        case "text", int() | float():
            return shown(value)[:LONGEST]
        case _:
            return None
