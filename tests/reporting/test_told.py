from callrouter.journal import Entry, Word
from callrouter.reporting.told import Wanted, masked_numbers, told

NUMBER = "+79161112233"


def data_of(entry: Entry, *, whole: bool = False) -> object:
    return told(entry, whole_numbers=whole)["data"]


def test_what_may_be_a_callers_number_is_masked() -> None:
    assert data_of(Entry(Word.ARRIVED, data={"caller": NUMBER, "number": "+74951234567"})) == {
        "caller": "••••••••2233",
        "number": "+74951234567",
    }
    assert data_of(Entry(Word.CALLBACK, data={"number": NUMBER})) == {"number": "••••••••2233"}
    typed = Entry(Word.ANSWER, data={"variable": "phone", "value": f"call {NUMBER}"})
    assert data_of(typed) == {"variable": "phone", "value": "call ••••••••2233"}
    assert data_of(typed, whole=True) == {"variable": "phone", "value": f"call {NUMBER}"}
    assert masked_numbers("1234") == "1234"


def test_our_own_references_and_the_floor_are_nobodys_business() -> None:
    entry = Entry(Word.OFFER, "c", "anna", "q", {"floor": "1-0 2", "ring_s": "5"}, {"agent:anna": {"call": "c"}})
    assert told(entry, whole_numbers=True) == {
        "id": "",
        "at": "1970-01-01T00:00:00.000+00:00",
        "event": "OFFER",
        "call": "c",
        "agent": "anna",
        "queue": "q",
        "data": {"ring_s": "5"},
    }


def test_who_asks_for_something_is_told_nothing_else() -> None:
    entry = Entry(Word.CONNECT, "c01hf7yat00aaaa1234", "anna", "payers")
    for wanted in (
        Wanted(),
        Wanted(frozenset({"CONNECT"})),
        Wanted(call="1234"),
        Wanted(call="c01h", agent="anna", queue="payers"),
    ):
        assert wanted.has(entry)
    for wanted in (
        Wanted(frozenset({"ABANDON"})),
        Wanted(call="234"),
        Wanted(agent="boris"),
        Wanted(queue="merchants"),
    ):
        assert not wanted.has(entry)
    assert not Wanted().has(Entry(Word.SNAPSHOT))
