"""pydantic's errors → one sentence each that says what to do, at the key path of the value they are about.

What a key may be called is looked up in the model's own JSON Schema, so that editors and errors never disagree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic_core import ErrorDetails

from callrouter.documents.strict_yaml import KeyPath, Value

Schema = Mapping[str, Any]


class Complaint(NamedTuple):
    path: KeyPath
    message: str
    about_key: bool = False


def complaints(errors: Sequence[ErrorDetails], value: Value, schema: Schema) -> Iterator[Complaint]:
    """One complaint for each place (of the branches of a union the first), and for each key that is missing there."""
    seen: set[tuple[KeyPath, str]] = set()
    for error in errors:
        if _only_seems_short(error, value, schema):
            continue
        complaint = _complaint(error, value, schema)
        place = complaint.path, complaint.message if error["type"] == "missing" else ""
        if place not in seen:
            seen.add(place)
            yield complaint


def _only_seems_short(error: ErrorDetails, value: Value, schema: Schema) -> bool:
    """pydantic does not count the items of a list that are wrong themselves; those are told anyway."""
    if error["type"] != "too_short":
        return False
    _, found = _follow(error["loc"], value, schema, to_new_key=False)
    return isinstance(found, list | dict) and len(found) >= error.get("ctx", {}).get("min_length", 0)


def _complaint(error: ErrorDetails, value: Value, schema: Schema) -> Complaint:
    kind, loc = error["type"], error["loc"]
    path, found = _follow(loc, value, schema, to_new_key=kind == "missing")
    if kind == "missing":
        words = f"`{path[-1]}` is missing; add it"
        return Complaint(path[:-1], words + _example(_nodes_at(schema, path, value), schema), about_key=True)
    if kind == "extra_forbidden" and (moved := _moved(schema, path, value)):
        return Complaint(path, f"`{path[-1]}` is written in another way now: {moved}", about_key=True)
    if kind == "extra_forbidden":
        return Complaint(path, _unknown("key", str(path[-1]), known_keys(schema, path[:-1], value)), about_key=True)
    if kind == "union_tag_invalid":
        tag = error.get("ctx", {})
        key = str(tag.get("discriminator", "type")).strip("'")
        return Complaint((*path, key), _unknown(key, str(tag.get("tag")), _listed(str(tag.get("expected_tags")))))
    if loc[-1:] == ("[key]",) and path:
        keys = [node.get("propertyNames", {}) for node in _nodes_at(schema, path[:-1], value)]
        return Complaint(path, _words(error, path[-1]) + _example(keys, schema), about_key=True)
    example = _example(_nodes_at(schema, path, value), schema) if kind in _HELPED else ""
    return Complaint(path, _words(error, found) + example, about_key=kind == "union_tag_not_found")


def _moved(schema: Schema, path: KeyPath, value: Value) -> str:
    """How a key of an earlier version is written now, for keys that a model names as `x-moved`."""
    nodes = _expanded(schema, _nodes_at(schema, path[:-1], value), None)
    return next((str(node["x-moved"][path[-1]]) for node in nodes if path[-1] in node.get("x-moved", {})), "")


def _follow(loc: Sequence[str | int], value: Value, schema: Schema, *, to_new_key: bool) -> tuple[KeyPath, Value]:
    """pydantic's location without the names of union branches that it mixes in."""
    path: list[str | int] = []
    top, steps = value, list(loc)
    while steps:
        step = steps.pop(0)
        if isinstance(value, dict) and isinstance(step, str) and (step in value or (not steps and to_new_key)):
            path.append(step)
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            path.append(step)
            value = value[step]
        else:
            continue
        # the branch's name may also be one of its keys (`queue: payers` in a node of type queue), so look it up
        if steps and steps[0] in _branches(schema, tuple(path), top):
            steps.pop(0)
    return tuple(path), value


def _branches(schema: Schema, path: KeyPath, value: Value) -> set[str]:
    nodes = _expanded(schema, _nodes_at(schema, path, value), None)
    return {name for node in nodes for name in node.get("discriminator", {}).get("mapping", {})}


def _words(error: ErrorDetails, given: object) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if given is None and kind.endswith("_type"):
        return "nothing is written here; write a value or delete the key"
    match kind:
        case "string_type":
            quotable = isinstance(given, int | float) and not isinstance(given, bool)
            return f'this must be text; put it in quotes: "{given}"' if quotable else "this must be text"
        case "int_type" | "int_from_float":
            return f"{_show(given)} is not a whole number; write it without quotes and fraction"
        case "float_type":
            return f"{_show(given)} is not a number; write it without quotes and units"
        case "bool_type":
            return f"{_show(given)} is not true or false; write one of them, without quotes"
        case "tuple_type" | "list_type" | "set_type":
            return "this must be a list: [one, two], or lines that begin with `- `"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "this must hold keys of its own: lines like `key: value`, indented below it"
        case "literal_error" | "enum":
            return f"{_show(given)} is not known here" + _close(given, _listed(context.get("expected", "")))
        case "union_tag_not_found":
            return f"`{str(context.get('discriminator', 'type')).strip(chr(39))}` is missing; add it"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return f"{_show(given)} is out of bounds: {_lower(error['msg'].removeprefix('Input should be '))}"
        case "string_pattern_mismatch":
            return f"{_show(given)} does not fit here"
        case "string_too_short":
            return f"this text is too short: at least {context.get('min_length')} characters"
        case "string_too_long":
            return f"this text is too long: at most {context.get('max_length')} characters"
        case "too_short":
            return f"at least {context.get('min_length')} must be given here"
        case "value_error" | "assertion_error":
            return error["msg"].partition(", ")[2]
        case _:
            return _lower(error["msg"])


_HELPED = ("string_pattern_mismatch", "string_type")


def _example(nodes: Sequence[Schema], schema: Schema) -> str:
    """What the model itself says about the value."""
    words = (node.get("x-words") for node in _expanded(schema, nodes, None))
    return next((f" ({word})" for word in words if word), "")


def _unknown(what: str, given: str, known: Sequence[str]) -> str:
    return f"unknown {what} `{given[:60]}`{_close(given, known)}"


def _close(given: object, known: Sequence[str]) -> str:
    matches = get_close_matches(str(given), known, n=1)
    if matches:
        return f"; did you mean `{matches[0]}`?"
    return f"; known are: {', '.join(known)}" if known else ""


def close_to(given: str, known: Sequence[str]) -> str:
    """`; did you mean payers?`, or what there is to choose from."""
    return _close(given, sorted(known)[:20])


def _listed(text: str) -> list[str]:
    """The choices out of pydantic's "'menu', 'say' or 'queue'"."""
    return re.findall(r"'([^']*)'", text)


def _show(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "this" if isinstance(value, dict | list) or value is None else f"`{text[:60]}`"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


# --- the model's JSON Schema --------------------------------------------------------------------------------------


def known_keys(schema: Schema, path: KeyPath, value: Value) -> list[str]:
    """The keys that may stand at this place."""
    here = _value_at(value, path)
    nodes = _expanded(schema, _nodes_at(schema, path, value), here)
    return sorted({key for node in nodes for key in node.get("properties", {})})


def _nodes_at(schema: Schema, path: KeyPath, value: Value) -> list[Schema]:
    nodes = [schema]
    for number, step in enumerate(path):
        here = _value_at(value, path[:number])
        nodes = [child for node in _expanded(schema, nodes, here) for child in _children(node, step)]
    return nodes


def _children(node: Schema, step: str | int) -> Iterator[Schema]:
    if isinstance(step, int):
        items = node.get("items")
        yield from [items] if isinstance(items, dict) else []
    elif step in node.get("properties", {}):
        yield node["properties"][step]
    else:
        extra = [node.get("additionalProperties"), *node.get("patternProperties", {}).values()]
        yield from (child for child in extra if isinstance(child, dict))


def _expanded(schema: Schema, nodes: Sequence[Schema], value: Value) -> Iterator[Schema]:
    """References and alternatives followed, without the alternatives that this value cannot be."""
    for node in nodes:
        if "$ref" in node:
            target = schema["$defs"][node["$ref"].rpartition("/")[2]]
            yield from _expanded(schema, [target], value)
        alternatives = [*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())]
        yield from _expanded(schema, alternatives, value)
        if _may_be(node, value):
            yield node


def _may_be(node: Schema, value: Value) -> bool:
    if not isinstance(value, dict):
        return True
    fixed = {key: part["const"] for key, part in node.get("properties", {}).items() if "const" in part}
    return all(value.get(key, const) == const for key, const in fixed.items())


def _value_at(value: Value, path: KeyPath) -> Value:
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
