"""What goes out to other programs and comes back: addresses lead nowhere else, answers are typed or refused."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.tree.address import check_address, filled
from callrouter.tree.answers import values_from
from callrouter.tree.model import Answer, pieces_of, prompt_of
from callrouter.tree.model.prompt import Reading

ADDRESS = "https://crm.example:8443/a/{who}/b?x={what}&y=1"


@given(st.text(min_size=1, max_size=40), st.text(max_size=40))
def test_nothing_a_caller_says_leads_anywhere_else(who: str, what: str) -> None:
    try:
        url = filled(ADDRESS, {"who": who, "what": what})
    except ValueError:
        assert not who.strip(".")
        return
    except UnicodeEncodeError:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "crm.example:8443", "")
    segments = parts.path.split("/")
    assert segments[:2] + segments[3:] == ["", "a", "b"]
    assert unquote(segments[2]) == who
    assert parts.query == f"x={url.partition('x=')[2].partition('&')[0]}&y=1"


@pytest.mark.parametrize("who", ["", ".", ".."])
def test_a_segment_that_would_be_another_path_is_refused(who: str) -> None:
    with pytest.raises(ValueError, match="is empty"):
        filled(ADDRESS, {"who": who, "what": ""})


@pytest.mark.parametrize(
    "address",
    [
        "http://{who}/",
        "http://crm{who}.example/",
        "http://user@crm.example/",
        "http://crm.example/a?{who}=1",
        "http://crm.example/a#x",
        "http://crm.example/a b",
        "http://crm.example/{Who}",
        "http:///a",
        "http://crm.example/x?a={who}{who}",
    ],
)
def test_an_address_that_is_not_fixed_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check_address(address)


WANTED = {
    "name": Answer(path="customer.name", otherwise=None),
    "sum": Answer(path="orders.0.sum", type="number", otherwise=None),
    "vip": Answer(path="vip", type="bool", otherwise=False),
}


def test_an_answer_gives_the_variables_their_values() -> None:
    answer = {"customer": {"name": "A\x00nn\n"}, "orders": [{"sum": 5}]}
    assert values_from(answer, WANTED) == {"name": "Ann", "sum": 5, "vip": False}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        None,
        {"customer": {"name": "Ann"}, "orders": []},
        {"customer": {"name": "Ann"}, "orders": [{"sum": "5"}]},
        {"customer": {"name": "Ann"}, "orders": [{"sum": True}]},
        {"customer": {"name": "Ann"}, "orders": [{"sum": 10**20}]},
        {"customer": {"name": {}}, "orders": [{"sum": 1}]},
    ],
)
def test_an_answer_without_what_is_wanted_is_a_failure(answer: object) -> None:
    assert isinstance(values_from(answer, WANTED), str)  # type: ignore[arg-type]


def test_a_text_falls_into_words_and_readings() -> None:
    assert pieces_of("Order {order:digits}, {{sum}} {amount:money:rub}.") == (
        "Order ",
        Reading("order", "digits"),
        ", {sum} ",
        Reading("amount", "money", "rub"),
        ".",
    )


def test_a_prompt_takes_the_variables_that_it_reads_and_no_others() -> None:
    prompt = prompt_of("t.n", {"en": "Hi {name}", "ru": "{{}}"}, {"name": "Ann", "other": 5})
    assert (prompt.values, prompt.text["ru"], prompt.is_fixed) == ({"name": "Ann"}, "{}", False)
    assert prompt_of("t.n", {"en": "Hi"}).is_fixed
