"""The plan of the house, checked: imports point down only, siblings leave each other alone, pure rooms stay pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[1] / "callrouter"


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ROWS: tuple[frozenset[str], ...] = tuple(
    words(row)
    for row in (
        "cli",
        "app views report_view",
        "asterisk store parties prompts lookups metrics webhooks centre config_files schemas",
        "engine",
        "calls transfers supervision simulation",
        "tree acd recordings reporting publishing directory",
        "telephony journal audio readings hours public_holidays documents config config_checks errors log",
    )
)
"""Top to bottom. A room is a folder or a file directly in callrouter/."""

SIBLINGS = {
    ("config_checks", "config"): "what is checked is a Config",
    ("config_checks", "documents"): "a problem is told with its place in the document",
    ("config_checks", "errors"): "a problem is a Problem",
    ("config_checks", "journal"): "a webhook names words of the journal",
    ("config", "hours"): "when a queue is served, and when people may be called back, is written as in trees",
    ("config_checks", "public_holidays"): "a queue is closed on the holidays of a country that is known",
    ("documents", "errors"): "what is wrong in a document is a Problem",
    ("report_view", "views"): "lengths of time and text from outside look the same everywhere",
}
"""Neighbours that may be imported, and why."""

PURE = words(
    "calls transfers supervision simulation tree acd recordings reporting publishing directory"
    " telephony journal audio readings hours documents config errors"
)
WORLD = words("asyncio aiohttp redis time random logging os socket subprocess")
"""What a pure room must not know of."""

BAD_NAMES = words("utils helpers manager handler service base common models types")

Import = tuple[str, str, int]
"""The file's name, the module it imports, the line."""


def imports(source: str, file: str) -> Iterator[Import]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((file, alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                yield file, f"relative:{module}", node.lineno
            elif module == "callrouter":
                yield from ((file, f"callrouter.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield file, module, node.lineno


def room_of(module: str) -> str:
    """`callrouter.acd.floor` and `acd/floor.py` are both in the room `acd`."""
    parts = module.removeprefix("callrouter.").replace("/", ".").split(".")
    return parts[0]


def row_of(room: str) -> int | None:
    return next((number for number, row in enumerate(ROWS) if room in row), None)


def wrong_import(found: Import) -> str | None:
    """Why this import may not be, or None."""
    file, module, line = found
    room = room_of(file)
    where = f"{file}:{line}"
    if module.startswith("relative:"):
        return f"{where}: relative import; write callrouter.<room>"
    if room in PURE and module.split(".")[0] in WORLD:
        return f"{where}: {room} is a pure room and imports {module}"
    if not module.startswith("callrouter.") or module == "callrouter.__version__":
        return None
    other = room_of(module)
    here, there = row_of(room), row_of(other)
    if here is None or there is None:
        return f"{where}: {room if here is None else other} has no place in the plan (ROWS)"
    if there < here:
        return f"{where}: {room} imports {other}, which is above it"
    if there == here and other != room and (room, other) not in SIBLINGS:
        return f"{where}: {room} imports its neighbour {other}"
    return None


def all_imports() -> Iterator[Import]:
    for path in sorted(HOUSE.rglob("*.py")):
        if path != HOUSE / "__init__.py":
            yield from imports(path.read_text(encoding="utf-8"), str(path.relative_to(HOUSE)))


def told(source: str, file: str) -> list[str]:
    return [why for found in imports(source, file) if (why := wrong_import(found))]


def test_imports_point_down_and_pure_rooms_know_nothing_of_the_world() -> None:
    assert [why for found in all_imports() if (why := wrong_import(found))] == []


def test_every_room_has_a_place_in_the_plan() -> None:
    rooms = {path.relative_to(HOUSE).parts[0].removesuffix(".py") for path in HOUSE.rglob("*.py")} - {"__init__"}
    assert rooms - frozenset().union(*ROWS) == set()


def test_every_exception_between_neighbours_is_still_needed() -> None:
    used = {(room_of(file), room_of(module)) for file, module, _ in all_imports() if module.startswith("callrouter.")}
    assert set(SIBLINGS) - used == set()


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [path for path in HOUSE.rglob("*.py") if path.stem in BAD_NAMES] == []


def test_the_check_finds_an_import_that_points_up() -> None:
    source = "from callrouter.engine.ports import Line"
    assert told(source, "acd/choose.py") == ["acd/choose.py:1: acd imports engine, which is above it"]
    assert told("def f() -> None:\n    from callrouter import engine", "calls/life.py") != []


def test_the_check_finds_neighbours_that_import_one_another() -> None:
    assert told("import callrouter.store.keys", "asterisk/switch.py") != []
    assert told("from callrouter.tree import walk", "acd/floor.py") != []


def test_the_check_finds_the_world_in_a_pure_room() -> None:
    assert told("import time", "calls/life.py") == ["calls/life.py:1: calls is a pure room and imports time"]
    assert told("from os.path import join", "journal.py") != []
    assert told("import asyncio", "engine/session.py") == []


def test_the_check_finds_a_room_without_a_place_and_a_relative_import() -> None:
    assert told("from callrouter.errors import SetupError", "attic/box.py") != []
    assert told("from . import keys", "store/redis_line.py") != []
