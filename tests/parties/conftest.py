"""One bare Asterisk for all live tests of the parties, and a fresh stage for each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from callrouter.parties.stage import Stage
from tests.parties.bare_asterisk import Bare, BareCentre, running


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    home: Path = tmp_path_factory.mktemp("bare")
    with running(home) as asterisk:
        yield asterisk


@pytest.fixture
def centre(bare: Bare) -> BareCentre:
    return BareCentre(bare)


@pytest.fixture
async def stage(centre: BareCentre) -> AsyncIterator[Stage]:
    async with Stage(centre) as opened:
        yield opened
