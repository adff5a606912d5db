"""What a tree may name that is not in it: names of the configuration, and other trees. None: not known, not checked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

OWN_LISTS = frozenset({"merchants", "departments"})
"""Lists of callers that the directory gives by itself."""


def _no_other_tree(_name: str) -> tuple[str, bytes] | None:
    return None


@dataclass(frozen=True, slots=True)
class Known:
    lists: Collection[str] | None = None
    switches: Collection[str] | None = None
    secrets: Collection[str] | None = None
    groups: Collection[str] | None = None
    music: Collection[str] | None = None
    directory: Collection[str] | None = None
    """Ids of its entries."""
    countries: Collection[str] | None = None
    """Those whose public holidays are known."""
    tree: Callable[[str], tuple[str, bytes] | None] = field(default=_no_other_tree)
    """Another tree by its name: how its file is shown, and what is in it."""


ANYTHING = Known()
