"""From the configuration to Asterisk: trunks, the fallback, music."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from callrouter.centre.board import number_outwards, switchboard
from callrouter.centre.layout import Layout
from callrouter.centre.render import Switchboard
from callrouter.centre.secrets import load_or_make
from callrouter.config import Outwards
from callrouter.config_files import resolve
from callrouter.errors import SetupError
from tests.centre.conftest import a_config

OUT = {"caller_id": "+74951234567", "allowed_prefixes": ["+7"]}
CARRIER = {"server": "sip.carrier.example", "username": "74951234567", "password": {"env": "CARRIER_WORD"}}


def board(folder: Path, **more: Any) -> Switchboard:
    config, layout = a_config(**more), Layout(folder)
    layout.prepare()
    return switchboard(config, layout, load_or_make(layout.secrets, config.agents), resolve)


@pytest.mark.parametrize(
    ("number_format", "number", "dialled"),
    [
        ("plus", "74951234567", "+74951234567"),
        ("plus", "+74951234567", "+74951234567"),
        ("international", "+74951234567", "74951234567"),
        ("national", "+74951234567", "84951234567"),
        ("national", "+441234567890", "441234567890"),
    ],
)
def test_a_number_is_dialled_as_the_carrier_wants_it(number_format: str, number: str, dialled: str) -> None:
    assert number_outwards(number, Outwards.model_validate({**OUT, "number_format": number_format})) == dialled


def test_the_fallbacks_words_are_spoken_once_in_both_laws(tmp_path: Path) -> None:
    first = board(tmp_path).fallback.prompt
    spoken = [first.with_name(first.name + suffix) for suffix in (".alaw", ".ulaw")]
    assert all(file.stat().st_size > 4000 for file in spoken)
    made = [file.stat().st_mtime_ns for file in spoken]
    assert board(tmp_path).fallback.prompt == first
    assert [file.stat().st_mtime_ns for file in spoken] == made


def test_words_that_look_like_an_option_or_a_command_are_only_spoken(tmp_path: Path) -> None:
    hostile = "--path=/nowhere; $(touch /tmp/x) 'quoted'"
    prompt = board(tmp_path, fallback={"text": {"en": hostile}}).fallback.prompt
    assert prompt.with_name(f"{prompt.name}.alaw").stat().st_size > 4000


def test_the_fallback_rings_an_agents_phone_by_its_random_name(tmp_path: Path) -> None:
    dial = board(tmp_path, fallback={"agent": "anna"}).fallback.dial
    assert dial == f"PJSIP/{load_or_make(Layout(tmp_path).secrets, []).phones['anna'].endpoint}"


def test_the_fallback_rings_an_outside_number_through_a_trunk_with_our_number(tmp_path: Path) -> None:
    fallback = board(
        tmp_path,
        trunks={"city": {"addresses": ["10.0.0.1"], "out": OUT}},
        fallback={"number": "+79161112233", "trunk": "city"},
    ).fallback
    assert (fallback.dial, fallback.caller_id) == ("PJSIP/+79161112233@trunk-city", "+74951234567")


def test_a_fallback_number_without_a_trunk_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"needs fallback\.trunk"):
        board(tmp_path, fallback={"number": "+79161112233"})


def test_a_carriers_password_comes_from_where_the_configuration_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunks = {"city": {"register": CARRIER, "out": OUT}}
    monkeypatch.setenv("CARRIER_WORD", "pa$$word")
    [trunk] = board(tmp_path, trunks=trunks).trunks
    assert trunk.registration
    assert trunk.registration.password == "pa$$word"
    assert "pa$$word" not in repr(trunk)
    assert trunk.contact == "sip:sip.carrier.example:5060"
    monkeypatch.delenv("CARRIER_WORD")
    with pytest.raises(SetupError, match="CARRIER_WORD"):
        board(tmp_path, trunks=trunks)


def test_shipped_music_is_there_unless_the_user_has_a_default_of_their_own(tmp_path: Path) -> None:
    [shipped] = board(tmp_path).music
    assert list(shipped.folder.glob("*.alaw"))
    own = {"default": str(shipped.folder.parent / "root/usr/share/asterisk/moh")}
    [music] = board(tmp_path, music=own).music
    assert music.folder == Layout(tmp_path).music / "default"
    assert list(music.folder.glob("*.ulaw"))
