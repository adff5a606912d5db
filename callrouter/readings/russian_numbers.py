"""Russian numerals: cardinals and ordinals in every gender and case, and the form of a word after a number.

Tables are in the order of Case: nominative, genitive, dative, accusative (of things), instrumental, prepositional.
The rules are those of Rozental's reference of Russian, sections on numerals.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from callrouter.readings.reading import Case, Gender

M, F, N = Gender.MASCULINE, Gender.FEMININE, Gender.NEUTER
_CASES = {case: number for number, case in enumerate(Case)}


def forms(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _soft(stem: str) -> tuple[str, ...]:
    """пять, пяти, пяти, пять, пятью, пяти"""
    return tuple(stem + ending for ending in ("ь", "и", "и", "ь", "ью", "и"))


def _both_parts(nominative: str, stem: str) -> tuple[str, ...]:
    """пятьдесят, пятидесяти …: both halves change"""
    return (nominative, f"{stem}идесяти", f"{stem}идесяти", nominative, f"{stem}ьюдесятью", f"{stem}идесяти")


def _hundreds(nominative: str, genitive: str, dative: str, instrumental: str) -> tuple[str, ...]:
    return (nominative, f"{genitive}сот", f"{dative}стам", nominative, f"{instrumental}стами", f"{genitive}стах")


_GENDERED = {
    (1, M): forms("один одного одному один одним одном"),
    (1, F): forms("одна одной одной одну одной одной"),
    (1, N): forms("одно одного одному одно одним одном"),
    (2, M): forms("два двух двум два двумя двух"),
    (2, F): forms("две двух двум две двумя двух"),
    (2, N): forms("два двух двум два двумя двух"),
}
_WORDS = {
    0: forms("ноль нуля нулю ноль нулём нуле"),
    3: forms("три трёх трём три тремя трёх"),
    4: forms("четыре четырёх четырём четыре четырьмя четырёх"),
    5: _soft("пят"),
    6: _soft("шест"),
    7: _soft("сем"),
    8: forms("восемь восьми восьми восемь восемью восьми"),
    9: _soft("девят"),
    10: _soft("десят"),
    11: _soft("одиннадцат"),
    12: _soft("двенадцат"),
    13: _soft("тринадцат"),
    14: _soft("четырнадцат"),
    15: _soft("пятнадцат"),
    16: _soft("шестнадцат"),
    17: _soft("семнадцат"),
    18: _soft("восемнадцат"),
    19: _soft("девятнадцат"),
    20: _soft("двадцат"),
    30: _soft("тридцат"),
    40: forms("сорок сорока сорока сорок сорока сорока"),
    50: _both_parts("пятьдесят", "пят"),
    60: _both_parts("шестьдесят", "шест"),
    70: _both_parts("семьдесят", "сем"),
    80: forms("восемьдесят восьмидесяти восьмидесяти восемьдесят восемьюдесятью восьмидесяти"),
    90: forms("девяносто девяноста девяноста девяносто девяноста девяноста"),
    100: forms("сто ста ста сто ста ста"),
    200: _hundreds("двести", "двух", "двум", "двумя"),
    300: _hundreds("триста", "трёх", "трём", "тремя"),
    400: _hundreds("четыреста", "четырёх", "четырём", "четырьмя"),
    500: _hundreds("пятьсот", "пяти", "пяти", "пятью"),
    600: _hundreds("шестьсот", "шести", "шести", "шестью"),
    700: _hundreds("семьсот", "семи", "семи", "семью"),
    800: _hundreds("восемьсот", "восьми", "восьми", "восемью"),
    900: _hundreds("девятьсот", "девяти", "девяти", "девятью"),
}

Noun = tuple[Gender, tuple[str, ...], tuple[str, ...]]
"""Gender, six forms of the singular, six of the plural."""


def masculine(stem: str) -> Noun:
    """миллион, доллар, цент"""
    one = tuple(stem + ending for ending in ("", "а", "у", "", "ом", "е"))
    return M, one, tuple(stem + ending for ending in ("ы", "ов", "ам", "ы", "ами", "ах"))


def feminine(stem: str, many: str) -> Noun:
    """минута; `many` is the genitive plural: минут"""
    one = tuple(stem + ending for ending in ("а", "ы", "е", "у", "ой", "е"))
    return F, one, (f"{stem}ы", many, f"{stem}ам", f"{stem}ы", f"{stem}ами", f"{stem}ах")


_THOUSAND: Noun = (
    F,
    forms("тысяча тысячи тысяче тысячу тысячей тысяче"),
    forms("тысячи тысяч тысячам тысячи тысячами тысячах"),
)
_SCALES: tuple[tuple[int, Noun], ...] = (
    (10**12, masculine("триллион")),
    (10**9, masculine("миллиард")),
    (10**6, masculine("миллион")),
    (1000, _THOUSAND),
)


def cardinal(number: int, gender: Gender = M, case: Case = Case.NOMINATIVE) -> str:
    """двадцать одна; of 1000 and 1 000 000 just тысяча, миллион."""
    if number < 0:
        return f"минус {cardinal(-number, gender, case)}"
    return " ".join(_parts(number, gender, case)) or _WORDS[0][_CASES[case]]


def _parts(number: int, gender: Gender, case: Case) -> Iterator[str]:
    first = True
    for size, noun in _SCALES:
        count, number = divmod(number, size)
        if count:
            if count > 1 or not first:
                yield from _below_thousand(count, noun[0], case)
            yield noun_after(count, noun, case)
            first = False
    yield from _below_thousand(number, gender, case)


def _below_thousand(number: int, gender: Gender, case: Case) -> Iterator[str]:
    for part in split_number(number):
        forms = _GENDERED[part, gender] if part in (1, 2) else _WORDS[part]
        yield forms[_CASES[case]]


def split_number(number: int) -> list[int]:
    """Below a thousand, as it is said: 321 → 300, 20, 1; 0 → nothing."""
    tens = number % 100
    small = [tens] if tens < 20 else [tens // 10 * 10, tens % 10]
    return [part for part in (number // 100 * 100, *small) if part]


def plural(number: Decimal | int) -> int:
    """Which form follows in the nominative: 0 рубль, 1 рубля, 2 рублей. Fractions rule the genitive: 1,5 рубля."""
    if number != int(number):
        return 1
    last_two, last = abs(int(number)) % 100, abs(int(number)) % 10
    if 11 <= last_two <= 14 or last == 0 or last > 4:
        return 2
    return 0 if last == 1 else 1


def noun_after(number: int, noun: Noun, case: Case = Case.NOMINATIVE) -> str:
    """The word in the form that the number asks for. Nought, тысяча and миллион are nouns: тысячей рублей."""
    _, one, many = noun
    form = plural(number)
    if form == 0:
        return one[_CASES[case]]
    if case in (Case.NOMINATIVE, Case.ACCUSATIVE) or number % 1000 == 0:
        return (one if form == 1 else many)[_CASES[Case.GENITIVE]]
    return many[_CASES[case]]


def counted(number: int, noun: Noun, case: Case = Case.NOMINATIVE) -> str:
    """двадцать одна минута"""
    return f"{cardinal(number, noun[0], case)} {noun_after(number, noun, case)}"


# --- ordinals -----------------------------------------------------------------------------------------------------

_HARD = {
    M: forms("ый ого ому ый ым ом"),
    F: forms("ая ой ой ую ой ой"),
    N: forms("ое ого ому ое ым ом"),
}
_PLURAL = forms("ые ых ым ые ыми ых")
_STRESSED = {2, 6, 7, 8, 40}
"""второй, not вторый"""
_THIRD = {
    M: forms("третий третьего третьему третий третьим третьем"),
    F: forms("третья третьей третьей третью третьей третьей"),
    N: forms("третье третьего третьему третье третьим третьем"),
}
_ORDINAL_STEMS = {
    0: "нулев",
    1: "перв",
    2: "втор",
    4: "четвёрт",
    6: "шест",
    7: "седьм",
    8: "восьм",
    40: "сороков",
    80: "восьмидесят",
    90: "девяност",
    100: "сот",
    **{tens: _WORDS[tens][1][:-1] for tens in (50, 60, 70)},
    **{hundred: _WORDS[hundred][1] for hundred in range(200, 1000, 100)},
}


def ordinal(number: int, gender: Gender = M, case: Case = Case.NOMINATIVE) -> str:
    """двадцать первая: only the last part is an ordinal. Below a milliard; 0 is нулевой."""
    if number < 0:
        return f"минус {ordinal(-number, gender, case)}"
    last = _last_part(number)
    before = cardinal(number - last) + " " if number > last else ""
    return before + _ordinal_part(last, gender, case)


def _last_part(number: int) -> int:
    if number % 1000:
        return split_number(number % 1000)[-1]
    size = 1000 if number % 10**6 else 10**6
    return number % (size * 1000)


def _ordinal_part(part: int, gender: Gender, case: Case) -> str:
    if part == 3:
        return _THIRD[gender][_CASES[case]]
    if part >= 1000:
        size, word = (1000, "тысячн") if part % 10**6 else (10**6, "миллионн")
        return _count_before(part // size) + word + _HARD[gender][_CASES[case]]
    ending = _HARD[gender][_CASES[case]]
    if ending == "ый" and part in (_STRESSED | {0}):
        ending = "ой"
    stem = _ORDINAL_STEMS[part] if part in _ORDINAL_STEMS else _WORDS[part][0].removesuffix("ь")
    return stem + ending


def _count_before(count: int) -> str:
    """The beginning of двадцатиодно|тысячный: genitives in one word."""
    if count == 1:
        return ""
    fixed = {1: "одно", 90: "девяносто", 100: "сто"}
    return "".join(
        fixed.get(part) or (_GENDERED[2, M] if part == 2 else _WORDS[part])[1] for part in split_number(count)
    )


# --- fractions ----------------------------------------------------------------------------------------------------

_FRACTIONS = ("десят", "сот", "тысячн", "десятитысячн", "стотысячн", "миллионн")


def decimal(number: Decimal, gender: Gender = M, case: Case = Case.NOMINATIVE) -> str:
    """одна целая пять десятых; a whole number is a cardinal."""
    if number == int(number):
        return cardinal(int(number), gender, case)
    if number < 0:
        return f"минус {decimal(-number, gender, case)}"
    digits = f"{number:f}".partition(".")[2].rstrip("0")
    part = _FRACTIONS[len(digits) - 1]
    return f"{_counted_adjective(int(number), 'цел', case)} {_counted_adjective(int(digits), part, case)}"


def _counted_adjective(count: int, stem: str, case: Case) -> str:
    if plural(count) == 0:
        ending = _HARD[F][_CASES[case]]
    else:
        direct = case in (Case.NOMINATIVE, Case.ACCUSATIVE) or count % 1000 == 0
        ending = _PLURAL[_CASES[Case.GENITIVE if direct else case]]
    return f"{cardinal(count, F, case)} {stem}{ending}"
