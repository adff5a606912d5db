import json
from dataclasses import fields

from callrouter.journal import Word
from callrouter.reporting.calls import fold
from callrouter.reporting.record import CallRecord
from callrouter.reporting.stretches import Stretch
from callrouter.store.history import tables
from callrouter.store.history.rows import call_row, record_of, rows_of, stretch_row
from tests.reporting.diary import CALL, Diary, a_call_that_rings_twice


def a_record() -> CallRecord:
    return fold(a_call_that_rings_twice(Diary()).entries)[CALL]


def test_a_record_comes_back_as_it_was() -> None:
    row = call_row(a_record())
    assert record_of(str(row["record"])) == a_record()
    assert row.keys() == set(tables.calls.columns.keys())


def test_a_record_of_an_earlier_or_a_later_version_can_still_be_read() -> None:
    told = json.loads(str(call_row(a_record())["record"]))
    needed = {"call", "arrived_ms"}
    earlier = {name: value for name, value in told.items() if name in needed}
    assert record_of(json.dumps(earlier)) == CallRecord(CALL, a_record().arrived_ms)
    assert record_of(json.dumps({**told, "of tomorrow": 1})) == a_record()


def test_every_row_has_exactly_its_tables_columns() -> None:
    for table, rows in rows_of(a_record()).items():
        for row in rows:
            assert row.keys() == set(table.columns.keys())
    stretch = Stretch("anna", "1-0", 1)
    assert stretch_row(stretch).keys() == {field.name for field in fields(Stretch)} == set(tables.stretches.c.keys())


def test_what_a_database_cannot_keep_is_shown_by_a_sign() -> None:
    diary = Diary()
    diary.says(Word.ARRIVED, caller="a\x00b")
    row = call_row(fold(diary.entries)[CALL])
    assert row["caller"] == "a␀b"
    assert "\x00" not in str(row["record"])
    assert record_of(str(row["record"])).caller == "a\x00b"
