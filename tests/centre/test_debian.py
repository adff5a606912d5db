"""Where packages come from: the machine's own apt sources, read in both of their formats."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.centre.apt_sources import (
    Source,
    chosen_mirror,
    debian_mirror,
    machine_sources,
    sources_in_deb822,
    sources_in_list,
)
from callrouter.centre.debian import PrivateApt, name_and_version, unpack, what_apt_means
from callrouter.errors import SetupError

DEB822 = """\
# The main archive
Types: deb deb-src
URIs: https://mirror.example/debian
  https://second.example/debian
Suites: bookworm bookworm-updates
Components: main
# a comment within
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://off.example/debian
Suites: bookworm
Enabled: no

Types: deb-src
URIs: https://sources.example/debian
Suites: bookworm
"""


def test_one_line_sources_are_read_with_and_without_options() -> None:
    text = """\
# deb http://commented.example/debian stable main
deb http://plain.example/debian stable main contrib # why
deb [arch=amd64 signed-by=/key.gpg] https://signed.example/debian/ stable-updates main
deb-src http://plain.example/debian stable main
"""
    assert list(sources_in_list(text)) == [
        Source("http://plain.example/debian", "stable"),
        Source("https://signed.example/debian/", "stable-updates"),
    ]


def test_deb822_sources_are_read_without_the_switched_off_and_the_source_code() -> None:
    uris = ("https://mirror.example/debian", "https://second.example/debian")
    assert list(sources_in_deb822(DEB822)) == [
        Source(uri, suite) for uri in uris for suite in ("bookworm", "bookworm-updates")
    ]


def test_a_machines_sources_come_from_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example/debian stable main\n")
    (tmp_path / "sources.list.d/two.list").write_text("deb http://two.example/ubuntu noble main\n")
    (tmp_path / "sources.list.d/three.sources").write_text(DEB822)
    assert [source.uri for source in machine_sources(tmp_path)][:3] == [
        "http://one.example/debian",
        "http://two.example/ubuntu",
        "https://mirror.example/debian",
    ]


@pytest.mark.parametrize(
    ("source", "is_mirror"),
    [
        (Source("http://a.example/debian", "bookworm"), True),
        (Source("http://a.example/debian/", "trixie"), True),
        (Source("http://a.example/archive/debian/20250520T000000Z", "bookworm"), True),
        (Source("http://a.example/debian-security", "bookworm-security"), False),
        (Source("http://a.example/debian", "bookworm-security"), False),
        (Source("http://a.example/ubuntu", "noble"), False),
        (Source("https://a.example/apt", "debian"), False),
    ],
)
def test_only_a_debian_archive_is_taken_for_a_mirror(source: Source, is_mirror: bool) -> None:
    assert debian_mirror([source]) == (source.uri if is_mirror else None)


def test_a_mirror_named_by_the_user_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLROUTER_DEBIAN_MIRROR", "http://mine.example/debian")
    assert chosen_mirror() == "http://mine.example/debian"


def test_without_any_mirror_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLROUTER_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr("callrouter.centre.apt_sources.machine_sources", list)
    with pytest.raises(SetupError, match="set CALLROUTER_DEBIAN_MIRROR"):
        chosen_mirror()


def test_a_package_files_name_tells_its_version() -> None:
    assert name_and_version(Path("redis-server_5%3a8.0.6-3_amd64.deb")) == ("redis-server", "5:8.0.6-3")


def test_a_damaged_package_is_removed_so_that_the_next_try_fetches_it_again(tmp_path: Path) -> None:
    damaged = tmp_path / "x_1_all.deb"
    damaged.write_bytes(b"!<arch>\n")
    with pytest.raises(SetupError, match="repeat to fetch it again"):
        unpack([damaged], tmp_path / "root")
    assert not damaged.exists()


def test_ubuntu_hears_at_once_of_both_things_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLROUTER_DEBIAN_MIRROR", raising=False)
    monkeypatch.setattr("callrouter.centre.apt_sources.machine_sources", list)
    monkeypatch.setenv("CALLROUTER_DEBIAN_KEYRING", str(tmp_path / "none.gpg"))
    with pytest.raises(SetupError, match=r"CALLROUTER_DEBIAN_MIRROR.*apt-get install debian-archive-keyring"):
        PrivateApt(tmp_path, "forky", "amd64").prepare()


def test_a_system_without_apt_hears_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"no Debian or Ubuntu\. Install asterisk >= 22\.10\.1"):
        PrivateApt(tmp_path, "forky", "amd64").prepare()


@pytest.mark.parametrize(
    ("stderr", "advice"),
    [
        ("E: Release file for x is expired (invalid since 15d).", "CALLROUTER_DEBIAN_CHECK_DATES=no"),
        ("E: Unable to locate package asterisk", "CALLROUTER_DEBIAN_SUITE"),
        ("W: GPG error: NO_PUBKEY 1234\nE: x is not signed.", "debian-archive-keyring"),
        ("W: Failed to fetch http://x  Could not resolve 'x'", "just repeat"),
    ],
)
def test_what_apt_says_becomes_what_to_do(stderr: str, advice: str) -> None:
    said = what_apt_means(stderr)
    assert advice in said
    assert stderr.splitlines()[0] in said or "E: x is not signed." in said


def test_the_private_apt_keeps_the_machines_proxy_and_none_of_its_hooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    dump = 'Acquire::http::Proxy "http://proxy.example:3128";\nDPkg::Post-Invoke:: "rm -rf /";\nDir::Cache "/var";'
    for name in ("apt-get", "dpkg-deb", "apt-config"):
        (tools / name).write_text(f"#!/bin/sh\ncat <<'END'\n{dump}\nEND\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("CALLROUTER_DEBIAN_MIRROR", "http://mine.example/debian")
    monkeypatch.setenv("CALLROUTER_DEBIAN_KEYRING", str(tools / "apt-get"))
    PrivateApt(tmp_path / "apt", "forky", "arm64").prepare()
    written = (tmp_path / "apt/apt.conf").read_text()
    assert 'Acquire::http::Proxy "http://proxy.example:3128";' in written
    assert "Post-Invoke" not in written
    assert '"/var"' not in written
    assert 'APT::Architecture "arm64";' in written
    sources = (tmp_path / "apt/sources.list").read_text()
    assert sources == f"deb [signed-by={tools / 'apt-get'}] http://mine.example/debian forky main\n"
