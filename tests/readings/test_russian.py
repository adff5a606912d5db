"""Russian as people say it: the hard cases, one a line. Whoever speaks it can correct this table."""

import pytest

from callrouter.readings.reading import Reading, Value, parse_reading
from callrouter.readings.words import words


def read(how: str, value: Value, language: str = "ru") -> str:
    reading = parse_reading(how)
    assert isinstance(reading, Reading), reading
    return words(reading, value, language)


@pytest.mark.parametrize(
    ("value", "masculine", "feminine", "neuter"),
    [
        (0, "ноль", "ноль", "ноль"),
        (1, "один", "одна", "одно"),
        (2, "два", "две", "два"),
        (5, "пять", "пять", "пять"),
        (11, "одиннадцать", "одиннадцать", "одиннадцать"),
        (21, "двадцать один", "двадцать одна", "двадцать одно"),
        (101, "сто один", "сто одна", "сто одно"),
        (111, "сто одиннадцать", "сто одиннадцать", "сто одиннадцать"),
        (222, "двести двадцать два", "двести двадцать две", "двести двадцать два"),
        (1000, "тысяча", "тысяча", "тысяча"),
        (1001, "тысяча один", "тысяча одна", "тысяча одно"),
        (2000, "две тысячи", "две тысячи", "две тысячи"),
        (5000, "пять тысяч", "пять тысяч", "пять тысяч"),
        (11_000, "одиннадцать тысяч", "одиннадцать тысяч", "одиннадцать тысяч"),
        (21_000, "двадцать одна тысяча", "двадцать одна тысяча", "двадцать одна тысяча"),
        (101_000, "сто одна тысяча", "сто одна тысяча", "сто одна тысяча"),
        (1_001_000, "миллион одна тысяча", "миллион одна тысяча", "миллион одна тысяча"),
        (2_000_001, "два миллиона один", "два миллиона одна", "два миллиона одно"),
        (-3, "минус три", "минус три", "минус три"),
    ],
)
def test_a_number_agrees_in_gender(value: int, masculine: str, feminine: str, neuter: str) -> None:
    assert read("number", value) == masculine
    assert read("number:feminine", value) == feminine
    assert read("number:neuter", value) == neuter


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "одна целая пять десятых"),
        ("0.01", "ноль целых одна сотая"),
        ("2,25", "две целых двадцать пять сотых"),
        ("21.021", "двадцать одна целая двадцать одна тысячная"),
        ("3.10", "три целых одна десятая"),
        ("7.000", "семь"),
    ],
)
def test_fractions_are_said_with_their_name(value: Value, said: str) -> None:
    assert read("number", value) == said


@pytest.mark.parametrize(
    ("value", "case", "said"),
    [
        (1, "genitive", "одного"),
        (2, "genitive", "двух"),
        (21, "dative", "двадцати одному"),
        (40, "genitive", "сорока"),
        (50, "instrumental", "пятьюдесятью"),
        (80, "instrumental", "восемьюдесятью"),
        (90, "prepositional", "девяноста"),
        (100, "dative", "ста"),
        (200, "genitive", "двухсот"),
        (345, "instrumental", "тремястами сорока пятью"),
        (500, "prepositional", "пятистах"),
        (1000, "accusative", "тысячу"),
        (21_000, "accusative", "двадцать одну тысячу"),
        (2000, "instrumental", "двумя тысячами"),
        (0, "genitive", "нуля"),
    ],
)
def test_a_number_takes_a_case(value: int, case: str, said: str) -> None:
    assert read(f"number:{case}", value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "ноль рублей"),
        (1, "один рубль"),
        (2, "два рубля"),
        (5, "пять рублей"),
        (11, "одиннадцать рублей"),
        (12, "двенадцать рублей"),
        (21, "двадцать один рубль"),
        (101, "сто один рубль"),
        (111, "сто одиннадцать рублей"),
        (1000, "тысяча рублей"),
        (2000, "две тысячи рублей"),
        (21_000, "двадцать одна тысяча рублей"),
        ("0.01", "одна копейка"),
        ("0.02", "две копейки"),
        ("0.11", "одиннадцать копеек"),
        ("1.21", "один рубль двадцать одна копейка"),
        (99.995, "сто рублей"),
        ("-1.50", "минус один рубль пятьдесят копеек"),
        (1_000_000, "миллион рублей"),
    ],
)
def test_roubles_and_kopecks_agree_with_their_number(value: Value, said: str) -> None:
    assert read("money", value) == said


def test_money_in_other_currencies_and_cases() -> None:
    assert read("money:usd", "2.05") == "два доллара пять центов"
    assert read("money:eur", 21) == "двадцать один евро"
    assert read("money:byn", 3) == "три белорусских рубля"
    assert read("money:kzt", 1000) == "тысяча тенге"
    assert read("money:accusative", "1.01") == "один рубль одну копейку"
    assert read("money:instrumental", 1000) == "тысячей рублей"
    assert read("money:genitive", 2) == "двух рублей"


@pytest.mark.parametrize(
    ("seconds", "said", "accusative"),
    [
        (0, "ноль секунд", "ноль секунд"),
        (1, "одна секунда", "одну секунду"),
        (2, "две секунды", "две секунды"),
        (61, "одна минута одна секунда", "одну минуту одну секунду"),
        (300, "пять минут", "пять минут"),
        (3600, "один час", "один час"),
        (7322, "два часа две минуты две секунды", "два часа две минуты две секунды"),
        (86_400, "один день", "один день"),
        (59.6, "одна минута", "одну минуту"),
    ],
)
def test_durations_agree(seconds: float, said: str, accusative: str) -> None:
    assert read("duration", seconds) == said
    assert read("duration:accusative", seconds) == accusative


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("00:00", "ноль часов"),
        ("00:01", "ноль часов одна минута"),
        ("01:00", "один час"),
        ("12:00", "двенадцать часов"),
        ("19:05", "девятнадцать часов пять минут"),
        ("21:02", "двадцать один час две минуты"),
        ("23:59:59", "двадцать три часа пятьдесят девять минут"),
        ("2026-05-09T09:30:00+03:00", "девять часов тридцать минут"),
    ],
)
def test_the_clock_has_twenty_four_hours(clock: str, said: str) -> None:
    assert read("time", clock) == said


def test_the_clock_takes_a_case() -> None:
    assert read("time:genitive", "21:01") == "двадцати одного часа одной минуты"
    assert read("time:accusative", "21:01") == "двадцать один час одну минуту"
    assert read("time:genitive", "00:00") == "нуля часов"


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("2026-01-01", "первое января две тысячи двадцать шестого года"),
        ("2000-02-29", "двадцать девятое февраля двухтысячного года"),
        ("2003-03-03", "третье марта две тысячи третьего года"),
        ("1999-12-31", "тридцать первое декабря тысяча девятьсот девяносто девятого года"),
        ("2040-10-20", "двадцатое октября две тысячи сорокового года"),
        ("1900-11-13", "тринадцатое ноября тысяча девятисотого года"),
        ("2026-05-08T23:00", "восьмое мая две тысячи двадцать шестого года"),
    ],
)
def test_dates_are_ordinals_and_years_are_in_the_genitive(day: str, said: str) -> None:
    assert read("date", day) == said


def test_a_date_takes_a_case_and_may_leave_out_its_year() -> None:
    assert read("date:genitive:short", "2026-05-03") == "третьего мая"
    assert read("date:dative", "2026-06-30").startswith("тридцатому июня")


@pytest.mark.parametrize(
    ("value", "masculine", "feminine_genitive"),
    [
        (0, "нулевой", "нулевой"),
        (1, "первый", "первой"),
        (2, "второй", "второй"),
        (3, "третий", "третьей"),
        (7, "седьмой", "седьмой"),
        (40, "сороковой", "сороковой"),
        (80, "восьмидесятый", "восьмидесятой"),
        (100, "сотый", "сотой"),
        (121, "сто двадцать первый", "сто двадцать первой"),
        (400, "четырёхсотый", "четырёхсотой"),
        (1000, "тысячный", "тысячной"),
        (2000, "двухтысячный", "двухтысячной"),
        (21_000, "двадцатиоднотысячный", "двадцатиоднотысячной"),
        (1_000_000, "миллионный", "миллионной"),
    ],
)
def test_ordinals(value: int, masculine: str, feminine_genitive: str) -> None:
    assert read("ordinal", value) == masculine
    assert read("ordinal:feminine:genitive", value) == feminine_genitive


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1, "один звонок"),
        (3, "три звонка"),
        (5, "пять звонков"),
        (11, "одиннадцать звонков"),
        (21, "двадцать один звонок"),
    ],
)
def test_any_word_can_be_counted(value: int, said: str) -> None:
    assert read("count:звонок/звонка/звонков", value) == said
    assert read("count:минуту/минуты/минут:feminine:accusative", 1) == "одну минуту"
    assert read("count:новой заявки/новых заявок:feminine:genitive", 2) == "двух новых заявок"
    assert read("count:час/часа/часов", 1.5) == "одна целая пять десятых часа"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+74951234567", "плюс семь, четыреста девяносто пять, сто двадцать три, сорок пять, шестьдесят семь"),
        ("8 (800) 200-05-00", "восемь, восемьсот, двести, ноль пять, ноль ноль"),
        ("2128506", "двести двенадцать, восемьдесят пять, ноль шесть"),
        ("112", "сто двенадцать"),
        ("0051", "ноль, ноль пятьдесят один"),
    ],
)
def test_phone_numbers_are_said_in_groups(number: str, said: str) -> None:
    assert read("phone", number) == said


def test_digits_are_said_one_by_one_with_a_breath_between_threes() -> None:
    assert read("digits", "0042") == "ноль ноль четыре два"
    assert read("digits", "12-34-56*#") == "один два три, четыре пять шесть, звёздочка решётка"


def test_true_and_false_are_words() -> None:
    assert (read("text", True), read("text", False)) == ("да", "нет")
