"""The long proofs run when they are asked for by name: pytest -m long tests/simulation."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "long" not in config.getoption("-m"):
        for item in items:
            if item.path.parent == HERE and item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="minutes of proof: pytest -m long tests/simulation"))
