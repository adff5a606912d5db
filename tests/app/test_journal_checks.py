from pathlib import Path

import pytest

from callrouter.app.journal_checks import compared, journal_findings
from callrouter.config import Config, HistoryPart, RedisPart, Secret, Webhook


@pytest.mark.parametrize(
    ("position", "newest", "state", "found"),
    [
        ("1000-0", "1000-0", "ok", "has all that the journal has"),
        ("1000-0", "61000-3", "ok", "60 s behind the journal"),
        ("1000-0", "302000-0", "warning", "301 s behind the journal"),
        ("", "1000-0", "warning", "nothing has come there yet"),
        ("", "", "ok", "the journal is empty"),
        ("1000-0", None, "ok", "no centre is running with whose journal it could be compared"),
    ],
)
def test_whoever_follows_the_journal_is_compared_with_it(
    position: str, newest: str | None, state: str, found: str
) -> None:
    finding = compared("history", position, newest)
    assert (finding.state, finding.found) == (state, found)
    assert bool(finding.do) == (state == "warning")


async def test_without_a_running_centre_everything_that_can_be_seen_is_told(tmp_path: Path) -> None:
    config = Config(
        redis=RedisPart(url=f"unix://{tmp_path}/nobody.sock"),
        history=HistoryPart(queue_log=tmp_path / "no-folder" / "queue_log"),
        webhooks={"crm": Webhook(url="https://crm.example.org/", secret=Secret(file=tmp_path / "no-secret"))},
    )
    found = {finding.part: finding for finding in await journal_findings(config, tmp_path)}
    assert found["history"].found == "not begun yet: the clerk makes it"
    assert found["queue_log"].state == "problem"
    assert found["queue_log"].do == "let callrouter's user write there"
    assert found["webhook crm"].state == "problem"
    assert "no-secret cannot be read" in found["webhook crm"].found
