"""Nothing that a person writes in the configuration can break out of its place in Asterisk's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from callrouter.centre.layout import Layout
from callrouter.centre.programs import AsteriskFolders
from callrouter.centre.render import (
    FallbackFacts,
    MusicClass,
    Switchboard,
    TrunkFacts,
    TrunkRegistration,
    argument,
    render,
    value,
    whole,
)
from callrouter.config import Sip
from callrouter.errors import SetupError

FOLDERS = AsteriskFolders(Path("/modules"), Path("/data"))
FALLBACK = FallbackFacts("ru", Path("/p/words"), Path("/p/goodbye"), Path("/p/intro"), Path("/messages"))
BOARD = Switchboard(Sip(), 8188, 5138, "ari-word", "ami-word", FALLBACK, (MusicClass("default", Path("/moh")),))


def rendered(board: Switchboard, run_folder: Path) -> dict[str, str]:
    layout = Layout(run_folder)
    layout.prepare()
    render(board, layout, FOLDERS)
    return {file.name: file.read_text(encoding="utf-8") for file in layout.asterisk_etc.iterdir()}


@given(some.text())
def test_a_value_never_ends_its_line_nor_begins_a_comment_nor_a_quote(text: str) -> None:
    try:
        kept = value(text)
    except SetupError:
        return
    assert kept == text
    assert not set(kept) & set("\r\n;\"'\\\x00")


@given(some.text())
def test_a_dialplan_argument_never_brings_a_variable_or_a_second_argument(text: str) -> None:
    try:
        kept = argument(text)
    except SetupError:
        return
    assert not set(kept) & set("\r\n;\"'\\$[]{}(),|&^%")


@pytest.mark.parametrize("given_number", ["5070", True, None, 5.0])
def test_a_port_must_be_a_whole_number(given_number: object) -> None:
    with pytest.raises(SetupError, match="whole number"):
        whole(given_number)


def test_an_ipv6_address_stands_in_brackets_before_its_port(tmp_path: Path) -> None:
    assert "\nbind = [::1]:5070\n" in rendered(replace(BOARD, sip=Sip(bind="::1")), tmp_path)["pjsip.conf"]


def test_a_refused_password_is_not_shown() -> None:
    with pytest.raises(SetupError) as refused:
        value("a-long-password-that-nobody-should-ever-see;")
    assert "password" not in str(refused.value)


@pytest.mark.parametrize("hostile", ["x\nsecret=1", "x;y", 'x"y', "> x", " x"])
@pytest.mark.parametrize("place", ["ari_password", "trunk", "music", "dial", "registration"])
def test_hostile_values_are_refused_wherever_they_stand(hostile: str, place: str, tmp_path: Path) -> None:
    boards = {
        "ari_password": replace(BOARD, ari_password=hostile),
        "trunk": replace(BOARD, trunks=(TrunkFacts("city", addresses=(hostile,)),)),
        "music": replace(BOARD, music=(MusicClass(hostile, Path("/moh")),)),
        "dial": replace(BOARD, fallback=replace(FALLBACK, dial=hostile)),
        "registration": replace(
            BOARD, trunks=(TrunkFacts("city", registration=TrunkRegistration("c.example", 5060, "u", hostile)),)
        ),
    }
    with pytest.raises(SetupError, match="cannot stand in"):
        rendered(boards[place], tmp_path)


def test_nothing_is_written_when_one_file_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        rendered(replace(BOARD, ami_password="a;b"), tmp_path)
    assert list(Layout(tmp_path).asterisk_etc.iterdir()) == []


def test_a_trunk_known_by_its_addresses_has_an_identify_and_no_password(tmp_path: Path) -> None:
    board = replace(BOARD, trunks=(TrunkFacts("city", addresses=("10.0.0.5", "10.1.0.0/16")),))
    pjsip = rendered(board, tmp_path)["pjsip.conf"]
    assert "match = 10.0.0.5\nmatch = 10.1.0.0/16\n" in pjsip
    assert "[trunk-city](trunk-defaults)" in pjsip
    assert "type = registration" not in pjsip


def test_a_trunk_we_register_with_knows_its_calls_by_the_line(tmp_path: Path) -> None:
    registration = TrunkRegistration("sip.carrier.example", 5060, "74951234567", "pa$$word")
    trunk = TrunkFacts(
        "city", contact="sip:sip.carrier.example:5060", caller_id="+74951234567", registration=registration
    )
    pjsip = rendered(replace(BOARD, trunks=(trunk,)), tmp_path)["pjsip.conf"]
    for line in (
        "server_uri = sip:sip.carrier.example:5060",
        "line = yes",
        "endpoint = trunk-city",
        "password = pa$$word",
        "contact = sip:sip.carrier.example:5060",
        "from_user = +74951234567",
    ):
        assert f"\n{line}\n" in pjsip


def test_strangers_have_no_endpoint_and_addresses_are_asked_first(tmp_path: Path) -> None:
    files = rendered(BOARD, tmp_path)
    assert "endpoint_identifier_order = ip,username\n" in files["pjsip.conf"]
    assert "anonymous.so" not in files["modules.conf"]


def test_asterisks_own_queues_are_loaded_for_benchmarks_only(tmp_path: Path) -> None:
    assert "app_queue" not in rendered(BOARD, tmp_path / "a")["modules.conf"]
    assert "load = app_queue.so" in rendered(replace(BOARD, bench=True), tmp_path / "b")["modules.conf"]


def test_no_pattern_in_the_dialplan_matches_everything(tmp_path: Path) -> None:
    assert "_." not in rendered(BOARD, tmp_path)["extensions.conf"]


def test_the_fallback_rings_whom_we_say_and_then_takes_a_message(tmp_path: Path) -> None:
    fallback = replace(FALLBACK, dial="PJSIP/+79161112233@trunk-city", caller_id="+74951234567", ring_s=20)
    dialplan = rendered(replace(BOARD, fallback=fallback), tmp_path)["extensions.conf"]
    assert "Dial(PJSIP/+79161112233@trunk-city,20)" in dialplan
    assert dialplan.index("Dial(") < dialplan.index("Record(/messages/")
    silent = rendered(replace(BOARD, fallback=replace(FALLBACK, message=False)), tmp_path)["extensions.conf"]
    assert "Record(" not in silent
