"""Whatever the value is, something sensible is said: nothing a lookup answers can break a prompt."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callrouter.centre import programs
from callrouter.centre.install import VOICES
from callrouter.readings.reading import Case, Kind, Reading, Value, parse_reading
from callrouter.readings.russian_numbers import cardinal
from callrouter.readings.sounds import every_name, names_for, sounds
from callrouter.readings.values import LARGEST, number_of
from callrouter.readings.words import readable, words

VALUES = st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.from_regex(r"[-+0-9:T.,]{1,30}"))
READINGS = st.builds(
    Reading,
    kind=st.sampled_from(Kind),
    case=st.sampled_from(Case),
    forms=st.just(("one", "few", "many")),
    short=st.booleans(),
)


@given(READINGS, VALUES, st.sampled_from(["ru", "en", "de"]))
def test_any_value_is_read_as_one_printable_line(reading: Reading, value: Value, language: str) -> None:
    said = words(reading, value, language)
    assert said.isprintable()
    assert len(said) < 1500


@given(READINGS, VALUES, st.sampled_from(["ru", "en", "de"]))
def test_sounds_are_only_those_that_were_announced(reading: Reading, value: Value, language: str) -> None:
    assert set(sounds(reading, value, language) or ()) <= names_for(reading, language)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_sound_is_in_the_set_that_asterisk_ships(language: str) -> None:
    folder = programs.tree() / "root/usr/share/asterisk/sounds" / VOICES[language]
    assert [name for name in sorted(every_name(language)) if not (folder / f"{name}.wav").is_file()] == []


def test_the_test_above_looks_into_the_right_place() -> None:
    assert not (programs.tree() / "root/usr/share/asterisk/sounds" / VOICES["ru"] / "digits/200.wav").exists()


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("number", "twelve"),
        ("number", True),
        ("number", float("nan")),
        ("number", float("inf")),
        ("number", LARGEST),
        ("number", "1e3"),
        ("number", "١٢"),
        ("date", "2026-02-30"),
        ("date", "tomorrow"),
        ("time", "24:00"),
        ("duration", -1),
        ("phone", "anonymous"),
        ("phone", "+"),
        ("digits", "7" * 100),
        ("ordinal", 1.5),
    ],
)
def test_what_is_no_such_value_is_known_and_read_as_it_is(how: str, value: Value) -> None:
    reading = parse_reading(how)
    assert isinstance(reading, Reading)
    assert not readable(reading, value)
    assert words(reading, value, "en") in (str(value), "yes")
    assert sounds(reading, value, "en") is None


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("foo", "nothing is read as `foo`"),
        ("", "nothing is read as ``"),
        ("money:xyz", "it may have a case"),
        ("number:usd", "a gender"),
        ("count", "needs the forms"),
        ("count:one", "two or three forms"),
        ("count:a/b/c/d", "two or three forms"),
        ("count:[[x]]/y", "two or three forms"),
        ("digits:short", "it may have none"),
    ],
)
def test_a_wrong_reading_says_what_is_right(how: str, problem: str) -> None:
    said = parse_reading(how)
    assert isinstance(said, str)
    assert problem in said


@given(st.integers(0, 10**15 - 2))
def test_every_number_has_its_own_words(number: int) -> None:
    assert cardinal(number) != cardinal(number + 1)
    assert "  " not in cardinal(number)


@pytest.mark.parametrize("case", list(Case))
def test_no_two_numbers_below_ten_thousand_sound_alike_in_any_case(case: Case) -> None:
    assert len({cardinal(number, case=case) for number in range(10_000)}) == 10_000


@given(st.decimals(-(10**12), 10**12, places=2))
def test_numbers_written_as_text_are_exact(number: Decimal) -> None:
    assert number_of(str(number)) == number


@pytest.mark.parametrize(
    ("how", "value", "language", "said"),
    [
        ("digits", "4*", "ru", "digits/4 digits/star"),
        ("phone", "+7495", "en", "letters/plus digits/7 digits/4 digits/9 digits/5"),
        ("number", 21, "ru", "digits/20 digits/1"),
        ("number", 1111, "ru", "digits/thousand digits/hundred digits/11"),
        ("number:neuter", 1, "ru", "digits/1n"),
        ("number", "-2.05", "en", "digits/minus digits/2 letters/dot digits/0 digits/5"),
        ("number", 340, "en", "digits/3 digits/hundred digits/40"),
        ("ordinal", 31, "en", "digits/30 digits/h-1"),
        ("date", "2026-05-09", "en", "digits/mon-4 digits/h-9 digits/20 digits/20 digits/6"),
        ("time", "19:05", "en", "digits/7 digits/oh digits/5 digits/p-m"),
    ],
)
def test_recorded_sounds_where_they_can_say_it(how: str, value: Value, language: str, said: str) -> None:
    reading = parse_reading(how)
    assert isinstance(reading, Reading)
    assert sounds(reading, value, language) == tuple(said.split())


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("number:feminine", 21),
        ("number:genitive", 5),
        ("number", 200),
        ("number", 2000),
        ("number", 1.5),
        ("money", 5),
        ("date", "2026-05-09"),
        ("time", "19:00"),
        ("digits", "Ж1"),
    ],
)
def test_the_russian_set_says_only_what_it_says_rightly(how: str, value: Value) -> None:
    reading = parse_reading(how)
    assert isinstance(reading, Reading)
    assert sounds(reading, value, "ru") is None


def test_the_folder_of_sounds_is_a_folder() -> None:
    assert (Path(programs.tree()) / "root/usr/share/asterisk/sounds").is_dir()
