"""The snippets for people's own Asterisk work as they are: a real Asterisk takes them, and calls reach a worker."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from callrouter.centre.asterisk_process import console
from callrouter.centre.render import TEMPLATES
from tests.centre.conftest import Rig
from tests.centre.test_asterisk_live import application, next_event, originate

ATTACH = TEMPLATES.parent / "attach"


async def reload_with(rig: Rig, dialplan: str) -> str:
    """Its dialplan exchanged for ours; what it logs about that."""
    log = rig.layout.asterisk_messages
    before = log.stat().st_size
    (rig.layout.asterisk_etc / "extensions.conf").write_text(dialplan, encoding="utf-8")
    await console(rig.layout, "dialplan reload")
    return log.read_text(encoding="utf-8")[before:]


def for_older_versions() -> str:
    """As the plain snippet tells: its contexts instead of those of the same name."""
    plain = (ATTACH / "extensions_plain_stasis.conf").read_text(encoding="utf-8")
    dialplan = (ATTACH / "extensions_custom.conf").read_text(encoding="utf-8")
    for context in re.findall(r"^\[.*\]", plain, re.M):
        dialplan = re.sub(rf"^{re.escape(context)}.*?(?=^\[|\Z)", "", dialplan, flags=re.M | re.S)
    return dialplan + plain


@pytest.mark.live
async def test_a_call_reaches_a_worker_through_the_custom_dialplan(asterisk: Rig) -> None:
    said = await reload_with(asterisk, (ATTACH / "extensions_custom.conf").read_text(encoding="utf-8"))
    assert "ERROR" not in said
    assert "WARNING" not in said
    async with application(asterisk, "probe"), application(asterisk, "callrouter-w1") as events:
        await originate(asterisk, "74951234567@callrouter-in")
        channel = (await next_event(events, "CallBroadcast"))["channel"]["id"]
        await asterisk.call("POST", "events/claim", params={"channelId": channel, "application": "callrouter-w1"})
        assert (await next_event(events, "StasisStart"))["args"] == ["in", "74951234567"]


@pytest.mark.live
async def test_without_stasisbroadcast_the_second_worker_is_asked_when_the_first_is_away(asterisk: Rig) -> None:
    assert "ERROR" not in await reload_with(asterisk, for_older_versions())
    async with application(asterisk, "probe"), application(asterisk, "callrouter-w2") as events:
        await originate(asterisk, "+74951234567@callrouter-in")
        assert (await next_event(events, "StasisStart"))["args"] == ["in", "+74951234567"]
        await originate(asterisk, "*11@from-agent")
        start = await next_event(events, "StasisStart")
        assert (start["args"][0], start["args"][-1]) == ("agent", "*11")


def settings(file: Path) -> list[str]:
    lines = (line.partition(";")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def test_the_sorcery_snippet_is_what_our_own_asterisk_uses() -> None:
    assert settings(ATTACH / "sorcery.conf") == settings(TEMPLATES / "sorcery.conf.j2")


@pytest.mark.parametrize("name", ["http.conf", "ari.conf", "manager.conf"])
def test_a_snippet_opens_nothing_to_the_network_and_has_no_password(name: str) -> None:
    parser = configparser.ConfigParser(comment_prefixes=(";",), strict=False)
    parser.read(ATTACH / name)
    for section in parser.sections():
        assert parser[section].get("bindaddr", "127.0.0.1") == "127.0.0.1"
        assert parser[section].get("password", "CHANGE-ME") == "CHANGE-ME"
        assert parser[section].get("secret", "CHANGE-ME") == "CHANGE-ME"
