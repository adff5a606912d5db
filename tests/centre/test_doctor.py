"""The doctor finds what is wrong and says what to do."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from callrouter.centre import attached_checks, doctor, machine_checks
from callrouter.centre.findings import Finding, as_json, as_text, is_well
from callrouter.centre.layout import Layout
from callrouter.centre.lock import running_parent, sole_parent
from callrouter.centre.needs import Need
from callrouter.config import AttachedAsterisk, Config, RedisPart, Secret
from callrouter.config_files import resolve
from callrouter.errors import ConfigError, Problem, SetupError
from tests.centre.conftest import Rig, a_config


def broken() -> Config:
    raise ConfigError(
        [Problem("config/a.yaml", 3, 1, "agents", "unknown key"), Problem("config/b.yaml", 1, 1, "", "bad")]
    )


def state(finding: Finding) -> tuple[str, str]:
    return finding.part, finding.state


async def test_every_problem_of_the_configuration_is_told_and_the_programs_are_still_looked_at(tmp_path: Path) -> None:
    findings = await doctor.look(broken, Layout(tmp_path / "run"), resolve)
    problems = [finding.found for finding in findings if state(finding) == ("configuration", "problem")]
    assert problems == ["config/a.yaml:3:1: error: unknown key (agents)", "config/b.yaml:1:1: error: bad"]
    assert "asterisk" in {finding.part for finding in findings}
    assert not is_well(findings)


async def test_it_writes_nothing(tmp_path: Path) -> None:
    config = a_config(recordings={"folder": str(tmp_path / "recordings")})
    await doctor.look(lambda: config, Layout(tmp_path / "run"), resolve)
    assert list(tmp_path.iterdir()) == []


def test_the_exit_code_is_one_when_there_is_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.examine(broken, tmp_path / "run", resolve, json=True) == 1
    assert json.loads(capsys.readouterr().out)["well"] is False


def test_warnings_are_no_obstacle() -> None:
    findings = [Finding("open files", "warning", "few", "raise it")]
    assert is_well(findings)
    assert "-> raise it" in as_text(findings)
    assert json.loads(as_json(findings))["findings"][0]["do"] == "raise it"


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    config = a_config()
    with socket.socket() as other:
        other.bind(("127.0.0.1", config.asterisk.http_port))
        other.listen()
        finding = machine_checks.ports(config, Layout(tmp_path))
    assert finding.state == "problem"
    assert f"TCP port {config.asterisk.http_port} is taken: set asterisk.http_port" in finding.found
    assert machine_checks.ports(config, Layout(tmp_path)).state == "ok"


def test_an_address_that_is_not_ours_is_told(tmp_path: Path) -> None:
    config = a_config()
    config = config.model_copy(update={"sip": config.sip.model_copy(update={"bind": "192.0.2.1"})})
    assert "192.0.2.1 is not an address of this computer" in machine_checks.ports(config, Layout(tmp_path)).found


def test_ports_of_the_centre_that_runs_here_are_no_problem(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with sole_parent(layout):
        assert machine_checks.ports(a_config(), layout).found.endswith(f"(process {os.getpid()})")
    assert running_parent(layout) is None


def test_a_second_parent_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with (
        sole_parent(layout),
        pytest.raises(SetupError, match=rf"already running .*process {os.getpid()}"),
        sole_parent(layout),
    ):
        pass


def test_passwords_that_others_can_read_are_a_problem(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.secrets.write_text("x")
    layout.secrets.chmod(0o640)
    finding = machine_checks.run_folder(layout)
    assert (finding.state, finding.do) == ("problem", f"chmod 600 {layout.secrets}")


def test_a_missing_program_is_told_with_its_reason_and_the_command() -> None:
    finding = machine_checks.program(Need("sox", "shaves", (1,), ("sox",), ("no-such-binary",), "-V", r"(\d+)"))
    assert finding.state == "problem"
    assert "it shaves" in finding.found
    assert finding.do == "make setup"


def test_too_little_disk_is_a_problem(tmp_path: Path) -> None:
    config = a_config(limits={"free_disk_mb": 10**9}, recordings={"folder": str(tmp_path)})
    assert {finding.state for finding in machine_checks.disk(config, Layout(tmp_path))} == {"problem"}


def test_few_ports_for_many_calls_is_a_warning() -> None:
    findings = machine_checks.limits(a_config(limits={"calls": 300}))
    [ports] = [finding for finding in findings if finding.part == "sound ports"]
    assert (ports.state, ports.found) == ("warning", "enough for about 50 of 300 calls")


async def test_a_redis_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    part = RedisPart(url=f"unix://{tmp_path}/none.sock")
    assert (await attached_checks.redis(part, str(part.url), resolve)).state == "problem"


@pytest.mark.live
async def test_an_attached_asterisk_is_asked_for_its_version(asterisk: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHRASE", asterisk.secrets.ari_password)
    attached = AttachedAsterisk(
        ari_url=f"http://127.0.0.1:{asterisk.config.asterisk.http_port}",
        ari_password=Secret(env="PHRASE"),
        ami_port=asterisk.config.asterisk.ami_port,
        ami_password=Secret(env="PHRASE"),
        recording_folder=asterisk.layout.monitor,
    )
    ari, ami = await attached_checks.attached_ari(attached, resolve), await attached_checks.attached_ami(attached)
    assert (ari.state, ami.state) == ("ok", "ok")
    assert "Asterisk 22." in ari.found
    monkeypatch.setenv("PHRASE", "wrong")
    assert (await attached_checks.attached_ari(attached, resolve)).found.endswith("answers 401")
