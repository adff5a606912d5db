"""`callrouter agi` before any call: which trees it serves, what they may know, and errors that say what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callrouter.app.agi import loop_beside, served, world
from callrouter.app.site import Site, open_site
from callrouter.errors import ConfigError, SetupError

CONFIG = """
centre: {timezone: Asia/Vladivostok}
trees: trees
numbers: [{number: "+74951234567", tree: one, language: en}]
queues: {shop: {name: Shop}}
lists: {vip: {numbers: ["+79161112233"]}}
"""
TREE = """schema: 1
languages: [en]
start: top
nodes:
  top: {type: queue, queue: shop}
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "config").mkdir()
    (tmp_path / "trees").mkdir()
    (tmp_path / "config" / "centre.yaml").write_text(CONFIG, encoding="utf-8")
    for name in ("one", "two"):
        (tmp_path / "trees" / f"{name}.yaml").write_text(TREE, encoding="utf-8")
    return open_site(tmp_path / "config", tmp_path / "run")


def test_trees_of_numbers_are_served_and_those_that_are_named(site: Site) -> None:
    assert set(served(site, ())) == {"one"}
    assert set(served(site, ("two",))) == {"one", "two"}


def test_a_tree_that_is_not_there_or_not_good_is_told(site: Site) -> None:
    with pytest.raises(SetupError, match="no tree 'three': no file"):
        served(site, ("three",))
    (site.config.trees / "two.yaml").write_text(TREE.replace("queue: shop", "queue: shops"), encoding="utf-8")
    with pytest.raises(ConfigError, match="there is no queue `shops`"):
        served(site, ("two",))


def test_a_step_knows_the_centres_time_and_the_callers_lists(site: Site) -> None:
    facts = world(site)("call", "+79161112233", "+74951234567")
    assert str(facts.now.tzinfo) == "Asia/Vladivostok"
    assert (facts.caller, facts.called, facts.lists) == ("+79161112233", "+74951234567", frozenset({"vip"}))
    assert world(site)("call", "", "101").lists == frozenset()


def test_threads_have_work_done_on_the_loop_beside_them() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 42

    with loop_beside() as do:
        assert do(answer()).result(5) == 42
