"""Which program is taken: the machine's own if it is new enough, else the private one, else a clear word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from callrouter.centre import install, programs
from callrouter.centre.needs import ASTERISK, ESPEAK, NEEDS, REDIS
from callrouter.errors import SetupError


def fake(folder: Path, name: str, says: str, code: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing installed, an empty cache; the folder that is the whole PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("callrouter.centre.programs.search_path", lambda: str(tmp_path / "bin"))
    return tmp_path / "bin"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What other tests found is not what these find, and the other way round."""
    programs.command.cache_clear()
    yield
    programs.command.cache_clear()


@pytest.mark.parametrize("says", ["Redis server v=7.0.15 sha=00:0", "Valkey server v=8.1.0 sha=00:0"])
def test_the_machines_own_redis_or_valkey_is_taken(says: str, empty_machine: Path) -> None:
    fake(empty_machine, "valkey-server" if "Valkey" in says else "redis-server", says)
    program = programs.find(REDIS)
    assert program
    assert program.origin == "machine"
    assert programs.command("redis-server") == program.command


@pytest.mark.parametrize("says", ["Redis server v=6.2.1 sha=0", "no version at all"])
def test_a_program_too_old_or_unknown_is_not_taken(says: str, empty_machine: Path) -> None:
    fake(empty_machine, "redis-server", says)
    assert programs.find(REDIS) is None


def test_a_newer_version_with_fewer_figures_is_newer(empty_machine: Path) -> None:
    fake(empty_machine, "espeak-ng", "eSpeak NG text-to-speech: 1.52 Data at: /x")
    assert programs.find(ESPEAK)


def test_an_own_asterisk_without_the_modules_we_use_is_left_alone(
    empty_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(empty_machine, "asterisk", "Asterisk 22.10.1")
    monkeypatch.setattr("callrouter.centre.programs._own_folders", lambda: None)
    assert programs.find(ASTERISK) is None


def test_an_own_asterisk_can_be_declined(empty_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = programs.AsteriskFolders(Path("/m"), Path("/d"))
    fake(empty_machine, "asterisk", "Asterisk 22.11.0")
    monkeypatch.setattr("callrouter.centre.programs._own_folders", lambda: folders)
    assert programs.find(ASTERISK)
    monkeypatch.setenv("CALLROUTER_OWN_ASTERISK", "no")
    assert programs.find(ASTERISK) is None


def test_a_missing_program_says_what_to_do(empty_machine: Path) -> None:
    with pytest.raises(SetupError, match=r"asterisk >= 22\.10\.1 is not there: run `make setup`"):
        programs.command("asterisk")


def test_only_what_the_machine_lacks_is_fetched(empty_machine: Path) -> None:
    assert {"asterisk", "redis-server", "espeak-ng"} <= set(install.wanted_packages())
    fake(empty_machine, "redis-server", "Redis server v=7.2.0")
    assert "redis-server" not in install.wanted_packages()
    assert "asterisk-core-sounds-ru-wav" in install.wanted_packages()


def test_an_empty_cache_is_not_complete_and_an_older_arrangement_neither(empty_machine: Path) -> None:
    assert not install.is_complete()
    programs.tree().mkdir(parents=True)
    (programs.tree() / "stamp.json").write_text('{"layout": 0, "packages": {"asterisk": "1"}}')
    assert not install.is_complete()


def test_every_need_names_its_reason_and_its_package() -> None:
    for need in NEEDS:
        assert need.why
        assert need.packages
        assert need.minimum


def test_another_kind_of_computer_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SetupError, match="riscv64"):
        programs.machine()


def test_arm_has_its_own_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    prefix = programs.tree_command("asterisk", "usr/sbin", root=Path("/tree"))
    assert prefix[0] == "/tree/usr/lib/ld-linux-aarch64.so.1"
    assert "/tree/usr/lib/aarch64-linux-gnu" in prefix[2]
