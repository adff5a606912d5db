"""English: the hard cases, one a line."""

import pytest

from callrouter.readings.reading import Reading, Value, parse_reading
from callrouter.readings.words import words


@pytest.mark.parametrize(
    ("how", "value", "said"),
    [
        ("number", 0, "zero"),
        ("number", 21, "twenty-one"),
        ("number", 101, "one hundred one"),
        ("number", 1111, "one thousand one hundred eleven"),
        ("number", 21_000, "twenty-one thousand"),
        ("number", "0.01", "zero point zero one"),
        ("number", "-1,50", "minus one point five"),
        ("ordinal", 1, "first"),
        ("ordinal", 12, "twelfth"),
        ("ordinal", 20, "twentieth"),
        ("ordinal", 21, "twenty-first"),
        ("ordinal", 103, "one hundred third"),
        ("count:call/calls", 1, "one call"),
        ("count:call/calls", 0, "zero calls"),
        ("money", "1.01", "one ruble and one kopeck"),
        ("money:usd", "0.01", "one cent"),
        ("money:usd", 0, "zero dollars"),
        ("money:gbp", "2.02", "two pounds and two pence"),
        ("date", "2026-05-09", "May ninth, twenty twenty-six"),
        ("date", "2000-01-01", "January first, two thousand"),
        ("date", "2005-07-03", "July third, two thousand five"),
        ("date", "1905-12-31", "December thirty-first, nineteen oh five"),
        ("date", "1900-02-22", "February twenty-second, nineteen hundred"),
        ("date:short", "2026-05-12", "May twelfth"),
        ("time", "00:00", "midnight"),
        ("time", "00:05", "twelve oh five a.m."),
        ("time", "12:00", "noon"),
        ("time", "12:30", "twelve thirty p.m."),
        ("time", "19:00", "seven p.m."),
        ("duration", 61, "one minute and one second"),
        ("duration", 90_061, "one day one hour one minute and one second"),
        ("duration", 0, "zero seconds"),
        ("digits", "0042", "zero zero four two"),
        ("digits", "AB-12", "A B one two"),
        ("phone", "+12125551234", "plus one, two one two, five five five, one two three four"),
        ("phone", "5551234", "five five five, one two three four"),
        ("phone", "+442071234567", "plus four four two, zero seven one, two three four, five six seven"),
        ("text", "  two \n lines ", "two lines"),
        ("text", True, "yes"),
    ],
)
def test_read_aloud(how: str, value: Value, said: str) -> None:
    reading = parse_reading(how)
    assert isinstance(reading, Reading)
    assert words(reading, value, "en") == said
