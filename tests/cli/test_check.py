"""`callrouter check` as it is typed."""

from pathlib import Path

from typer.testing import CliRunner

from callrouter.cli import app

CONFIG = """\
trunks: {carrier: {addresses: [127.0.0.2]}}
numbers: [{number: "+74951234567", tree: desk, language: en}]
fallback: {text: {ru: Извините}}
trees: trees
agents: {anna: {name: Anna, queues: [desk]}}
queues: {desk: {name: Desk, ring_back_s: 60}}
"""
TREE = """\
schema: 1
languages: [en]
start: desk
nodes:
  desk:
    type: queue
    queue: desk
    full: bye
    resume: {en: You have your place back.}
  bye: {type: hangup}
"""


def test_a_way_of_a_tree_that_no_rule_of_its_queue_leads_to_is_a_warning_at_its_line(tmp_path: Path) -> None:
    for name in ("config", "trees"):
        (tmp_path / name).mkdir()
    (tmp_path / "config/all.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "trees/desk.yaml").write_text(TREE, encoding="utf-8")
    told = CliRunner().invoke(app, ["--config", str(tmp_path / "config"), "check"])
    assert told.exit_code == 0, told.output
    (line,) = told.output.splitlines()
    assert "trees/desk.yaml:8:11: warning: `full` never happens: the queue desk has no `max_waiting`" in line
