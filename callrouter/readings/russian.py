"""Values read in Russian. A reading's case is for its place in a sentence: `до {when:date:genitive}`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal

from callrouter.readings.reading import Case, Gender, Reading
from callrouter.readings.russian_numbers import (
    Noun,
    cardinal,
    counted,
    decimal,
    feminine,
    forms,
    masculine,
    ordinal,
    plural,
)
from callrouter.readings.values import round_to

YES, NO = "да", "нет"
DIGITS = dict(zip("0123456789", forms("ноль один два три четыре пять шесть семь восемь девять"), strict=True))
SIGNS = {"*": "звёздочка", "#": "решётка", "+": "плюс"}
MONTHS = forms("января февраля марта апреля мая июня июля августа сентября октября ноября декабря")


def _noun(gender: Gender, one: str, many: str) -> Noun:
    return gender, forms(one), forms(many)


def _unchanged(word: str) -> Noun:
    return Gender.MASCULINE, (word,) * 6, (word,) * 6


_M, _F = Gender.MASCULINE, Gender.FEMININE
_ROUBLE = _noun(_M, "рубль рубля рублю рубль рублём рубле", "рубли рублей рублям рубли рублями рублях")
_KOPECK = _noun(
    _F, "копейка копейки копейке копейку копейкой копейке", "копейки копеек копейкам копейки копейками копейках"
)
_BELARUSIAN = forms("белорусский белорусского белорусскому белорусский белорусским белорусском")
_BELARUSIANS = forms("белорусские белорусских белорусским белорусские белорусскими белорусских")


def _belarusian_rouble() -> Noun:
    """After two, three and four an adjective is in the genitive plural: два белорусских рубля. See `_money`."""
    return _M, _joined(_BELARUSIAN, _ROUBLE[1]), _joined(_BELARUSIANS, _ROUBLE[2])


def _joined(adjectives: Sequence[str], nouns: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{one} {other}" for one, other in zip(adjectives, nouns, strict=True))


CURRENCIES: dict[str, tuple[Noun, Noun]] = {
    "rub": (_ROUBLE, _KOPECK),
    "byn": (_belarusian_rouble(), _KOPECK),
    "usd": (masculine("доллар"), masculine("цент")),
    "eur": (_unchanged("евро"), masculine("цент")),
    "gbp": (masculine("фунт"), masculine("пенс")),
    "cny": (
        _noun(_M, "юань юаня юаню юань юанем юане", "юани юаней юаням юани юанями юанях"),
        _noun(_M, "фэнь фэня фэню фэнь фэнем фэне", "фэни фэней фэням фэни фэнями фэнях"),
    ),
    "kzt": (_unchanged("тенге"), masculine("тиын")),
}
_DAY = _noun(_M, "день дня дню день днём дне", "дни дней дням дни днями днях")
_HOUR = _noun(_M, "час часа часу час часом часе", "часы часов часам часы часами часах")
_MINUTE, _SECOND = feminine("минут", "минут"), feminine("секунд", "секунд")


def number(value: Decimal, reading: Reading) -> str:
    return decimal(value, reading.gender, reading.case)


def nth(value: int, reading: Reading) -> str:
    return ordinal(value, reading.gender, reading.case)


def count(value: Decimal, reading: Reading) -> str:
    """The forms are given in the case that is wanted; of two, the second is for all but one."""
    form = plural(value)
    if form == 1 and reading.case not in (Case.NOMINATIVE, Case.ACCUSATIVE):
        form = 2
    return f"{number(value, reading)} {reading.forms[min(form, len(reading.forms) - 1)]}"


def day(value: date, reading: Reading) -> str:
    """пятое мая две тысячи двадцать шестого года"""
    said = f"{ordinal(value.day, Gender.NEUTER, reading.case)} {MONTHS[value.month - 1]}"
    return said if reading.short else f"{said} {ordinal(value.year, Gender.MASCULINE, Case.GENITIVE)} года"


def clock(value: time, reading: Reading) -> str:
    """девятнадцать часов пять минут; a full hour has no minutes"""
    hours = counted(value.hour, _HOUR, reading.case)
    return f"{hours} {counted(value.minute, _MINUTE, reading.case)}" if value.minute else hours


def money(value: Decimal, reading: Reading) -> str:
    """сто рублей пятьдесят копеек; nothing is said of no kopecks, and of no roubles if there are kopecks"""
    rounded = round_to(value, 2)
    whole, part = divmod(int(abs(rounded) * 100), 100)
    large, small = CURRENCIES[reading.currency]
    said = [_money(whole, large, reading.case)] if whole or not part else []
    said += [_money(part, small, reading.case)] if part else []
    return " ".join(["минус", *said] if rounded < 0 else said)


def _money(amount: int, noun: Noun, case: Case) -> str:
    said = counted(amount, noun, case)
    if plural(amount) == 1 and case in (Case.NOMINATIVE, Case.ACCUSATIVE):
        return said.replace("белорусского", "белорусских")
    return said


def duration(seconds: int, reading: Reading) -> str:
    """одна минута одна секунда"""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    parts = ((days, _DAY), (hour, _HOUR), (minute, _MINUTE), (second, _SECOND))
    return " ".join(counted(n, noun, reading.case) for n, noun in parts if n) or counted(0, _SECOND, reading.case)


def phone_group(digits: str) -> str:
    """Numbers are said in groups: 495 as one number, 05 as ноль пять."""
    zeros = len(digits) - len(digits.lstrip("0"))
    rest = [cardinal(int(digits))] if zeros < len(digits) else []
    return " ".join([DIGITS["0"]] * zeros + rest)


def phone_groups(digits: str) -> list[str]:
    """Eleven digits are 8 495 123 45 67; others in threes and twos from the end."""
    sizes = {11: (1, 3, 3, 2, 2), 10: (3, 3, 2, 2), 7: (3, 2, 2), 6: (2, 2, 2)}.get(len(digits))
    if sizes is None:
        first = len(digits) % 3
        sizes = (*((first,) if first else ()), *(3,) * (len(digits) // 3))
    ends = [sum(sizes[: number + 1]) for number in range(len(sizes))]
    return [digits[end - size : end] for end, size in zip(ends, sizes, strict=True)]
