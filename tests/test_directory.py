"""The directory: who can be rung, when, through which trunk; tables of thousands of lines and what is wrong there."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.config import Outwards, Trunk
from callrouter.directory import Directory, Reach, read_directory

OUT = Outwards(caller_id="+74951234567", allowed_prefixes=("+7495", "7812"), number_format="national")
TRUNKS = {"carrier": Trunk(addresses=("127.0.0.2",), out=OUT), "deaf": Trunk(addresses=("127.0.0.3",))}
MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Europe/Moscow"))
FILE = """\
trunk: carrier
departments:
  accounting: {name: Accounting, numbers: ["+74950000001", "+74950000009"], hours: {mon-fri: "09:00-18:00"}}
merchants:
  shop-17: {name: A shop, numbers: ["78120000002"]}
"""


def read(text: str = FILE, table: bytes | None = None) -> tuple[Directory, list[str]]:
    directory, problems = read_directory(text, "config/directory.yaml", TRUNKS, lambda _: table)
    return directory, [str(problem) for problem in problems]


def test_an_entry_is_found_by_its_id_and_by_any_of_its_numbers() -> None:
    directory, problems = read()
    assert problems == []
    assert directory.find("accounting") == directory.find("74950000009") == "accounting"
    assert directory.find("nobody") is None
    assert (directory.kind_of("+78120000002"), directory.kind_of("+7999")) == ("merchants", None)


def test_somebody_is_rung_as_the_trunk_wants_it() -> None:
    directory, _ = read()
    assert directory.reach("accounting", MONDAY_NOON, TRUNKS) == Reach(
        "accounting", "84950000001", "carrier", "+74951234567"
    )


def test_why_somebody_cannot_be_rung_is_told() -> None:
    directory, _ = read()
    night = MONDAY_NOON.replace(hour=3)
    assert directory.reach("accounting", night, TRUNKS) == "closed"
    assert directory.reach("+79990000000", MONDAY_NOON, TRUNKS) == "unknown"
    assert directory.reach("accounting", MONDAY_NOON, {"carrier": TRUNKS["deaf"]}) == "forbidden"


def test_hours_are_those_of_the_entrys_own_zone() -> None:
    text = FILE.replace('"09:00-18:00"}', '"09:00-18:00"}, timezone: Asia/Vladivostok')
    directory, _ = read(text)
    assert directory.reach("accounting", MONDAY_NOON, TRUNKS) == "closed"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("+74950000001", "+79990000001"), "+79990000001 begins with none of trunks.carrier.out.allowed_prefixes"),
        (("trunk: carrier", "trunk: carier"), "there is no trunk `carier`; did you mean `carrier`?"),
        (("trunk: carrier", "trunk: deaf"), "the trunk deaf has no `out`"),
        (("shop-17", "accounting"), "`accounting` was already given"),
        (("A shop, numbers", "A shop, numbres"), "unknown key `numbres`; did you mean `numbers`?"),
        (("mon-fri", "mon-fry"), "`mon-fry` does not fit here"),
        (("trunk: carrier", "trunk: carrier\nmerchants_table: ../x.csv"), "`../x.csv` does not fit here"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(change: tuple[str, str], problem: str) -> None:
    _, problems = read(FILE.replace(*change))
    assert any(problem in one and one.startswith("config/directory.yaml:") for one in problems), problems


TABLE = FILE + "merchants_table: shops.csv\n"


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_of_thousands_is_read_at_once(separator: str) -> None:
    head = separator.join(("id", "name", "numbers", "hours", "language"))
    rows = [separator.join((f"s{n}", f"Shop {n}", f"7495{n:07}", "mon-fri 09:00-18:00", "ru")) for n in range(5_000)]
    began = time.monotonic()
    directory, problems = read(TABLE, "\n".join([head, *rows]).encode("utf-8-sig"))
    assert problems == []
    assert len(directory.entries) == 5_002
    assert directory.find("+74950004999") == "s4999"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("s1,Shop", "config/shops.csv:3:1: error: 2 cells where the first line names 4 (line 3)"),
        ("S 1,Shop,74951,", "the cell `id` does not fit"),
        ("s1,Shop,seven,", "the cell `numbers` does not fit"),
        ("s1,,74951,", "the cell `name` does not fit"),
        ("s1,Shop,74951,always", "hours are written like `mon-fri 09:00-18:00; sat 10:00-14:00`, not `always`"),
        ("s1,Shop,79991,", "79991 begins with none of trunks.carrier.out.allowed_prefixes"),
        ("accounting,Shop,74951,", "`accounting` was already given"),
    ],
)
def test_a_line_that_is_wrong_is_told_and_the_others_are_kept(row: str, problem: str) -> None:
    directory, problems = read(TABLE, f"id,name,numbers,hours\nok,Good,74952,sat 10:00-14:00\n{row}\n".encode())
    assert "ok" in directory.entries
    assert len(problems) == 1
    assert problem in problems[0]


def test_a_table_that_is_not_there_or_no_table_is_told() -> None:
    assert "no such file beside the directory" in read(TABLE, None)[1][0]
    assert "not UTF-8" in read(TABLE, b"\xff\xfe")[1][0]
    assert "the column `numbers` is missing" in read(TABLE, b"id,name\n")[1][0]
    assert "unknown column `phone`" in read(TABLE, b"id,name,numbers,phone\n")[1][0]


@given(st.binary(max_size=200))
def test_no_table_crashes_the_reader(data: bytes) -> None:
    _, problems = read(TABLE, b"id,name,numbers\n" + data)
    assert all(problem.startswith("config/") for problem in problems)
