"""Where a centre writes, and the passwords it makes for itself."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from callrouter.centre.layout import Layout, cache_folder
from callrouter.centre.secrets import Secrets, load_or_make
from callrouter.errors import SetupError


def test_everything_a_centre_writes_is_in_its_run_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    layout.prepare()
    for path in (layout.asterisk_conf, layout.monitor, layout.redis_data, layout.messages, layout.secrets, layout.log):
        assert path.is_relative_to(tmp_path / "run")


def test_the_run_folder_is_closed_to_other_users(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "run")
    layout.prepare()
    for folder in (layout.root, *layout.root.iterdir()):
        assert folder.stat().st_mode & 0o077 == 0, folder


def test_a_folder_that_was_there_before_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Layout(tmp_path).prepare()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in tmp_path.iterdir())


def test_sockets_of_a_deep_run_folder_get_a_short_path(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("deep" * 30))
    assert len(str(deep.sockets / "asterisk.ctl")) < 100
    assert deep.sockets != Layout(tmp_path / ("deep" * 31)).sockets


def test_a_socket_folder_that_somebody_else_laid_a_link_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    layout = Layout(tmp_path / ("deep" * 30))
    (tmp_path / "elsewhere").mkdir()
    layout.sockets.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SetupError, match="belongs to another user"):
        layout.prepare()


def test_the_cache_follows_xdg_unless_it_is_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/callrouter")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == Path.home() / ".cache/callrouter"


def test_passwords_stay_the_same_and_a_new_agent_gets_one(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    first = load_or_make(file, ["anna"])
    second = load_or_make(file, ["anna", "boris"])
    assert second.phones["anna"] == first.phones["anna"]
    assert second.ari_password == first.ari_password
    assert len({first.ari_password, first.ami_password, *(phone.password for phone in second.phones.values())}) == 4


def test_the_file_is_for_its_owner_only_and_a_wider_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    load_or_make(file, ["anna"])
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        load_or_make(file, ["anna"])


def test_a_damaged_file_is_not_silently_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secrets.yaml"
    file.write_text("just words")
    file.chmod(0o600)
    with pytest.raises(SetupError, match="damaged"):
        load_or_make(file, ["anna"])


def test_secrets_do_not_print(tmp_path: Path) -> None:
    secrets = load_or_make(tmp_path / "secrets.yaml", ["anna"])
    shown = f"{secrets!r} {secrets.phones['anna']!s}"
    for word in (secrets.ari_password, secrets.ami_password, secrets.phones["anna"].password):
        assert word not in shown


def test_starts_at_the_same_time_agree_on_one_set(tmp_path: Path) -> None:
    made: list[Secrets] = []
    threads = [
        threading.Thread(target=lambda: made.append(load_or_make(tmp_path / "secrets.yaml", ["anna"])))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.ari_password for one in made}) == 1
