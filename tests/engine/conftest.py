"""Every test of the engine runs in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from tests.engine.centre import Centre
from tests.engine.virtual_time import VirtualLoop


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"virtual": VirtualLoop}


@pytest.fixture
async def centre() -> AsyncIterator[Centre]:
    """A centre with nobody in it yet; whatever happened in the test, the books must be right at its end."""
    centre = Centre()
    yield centre
    centre.check_books()
