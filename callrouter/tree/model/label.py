"""A label says in a few words what it means that a caller came to a node: an agent is told those passed, in turn."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from callrouter.config.words import Language, Part


class Labelled(Part):
    """What every node may have."""

    label: Annotated[dict[Language, Annotated[str, Field(min_length=1, max_length=80)]], Field(min_length=1)] | None = (
        Field(default=None, description="what it means that a caller came here, in a few words for the agent")
    )
