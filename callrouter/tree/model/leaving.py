"""Nodes where a call leaves the tree: queue, transfer, hangup."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from callrouter.config.words import Name, Part, Seconds
from callrouter.tree.model.label import Labelled
from callrouter.tree.model.prompt import VARIABLE, Key, Wording

DirectoryId = Annotated[
    str,
    Field(
        pattern=rf"^([a-z0-9][a-z0-9_-]{{0,39}}|\{{{VARIABLE}\}})$",
        json_schema_extra={"x-words": "an entry of the directory, or {variable} that holds one or its number"},
    ),
]


class Announce(Part):
    """Said now and then to those who wait."""

    prompt: Wording
    every_s: Seconds = Field(45, ge=10)


class Exit(Part):
    """A key that leaves the line."""

    key: Key
    then: Name


class Queue(Labelled):
    """Joins the line of a queue at once; its prompt is said while a free agent's phone already rings."""

    type: Literal["queue"]
    queue: Name
    priority: int = Field(0, ge=-100, le=100, description="added to the queue's own; higher goes first")
    prompt: Wording | None = None
    max_wait_s: Seconds | None = Field(None, description="instead of the queue's own")
    music: Name | None = Field(None, description="instead of the queue's own")
    announce: Announce | None = None
    exit: Exit | None = Field(None, description="a key that leaves the line, and where it leads")
    nobody: Name | None = Field(
        None, description="where it goes if nobody who serves the queue is logged in, or by the queue's rule `empty`"
    )
    full: Name | None = Field(None, description="where it goes if so many wait already (the queue's max_waiting)")
    long_wait: Name | None = Field(
        None, description="where it goes while a new caller would probably wait longer than the queue's long_wait_s"
    )
    closed: Name | None = Field(None, description="where it goes outside the queue's hours")
    emergency: Name | None = Field(None, description="where it goes while the queue's switch is on")
    timed_out: Name | None = Field(None, description="where it goes after the longest wait; without it: overflow")
    resume: Wording | None = Field(
        None,
        description="who drops out of the line and rings back in time (the queue's ring_back_s) hears this and comes "
        "straight here, with the answers given before",
    )

    @property
    def ways(self) -> dict[str, str]:
        """Why the line may not be joined, or must be left, by a rule of the queue → where the tree goes on then."""
        given = {**self.doors, "full": self.full, "long_wait": self.long_wait}
        return {why: then for why, then in given.items() if then is not None}

    @property
    def doors(self) -> dict[str, str | None]:
        """Those of them that may also send away who stands in the line already."""
        return {"nobody": self.nobody, "closed": self.closed, "emergency": self.emergency}


class Transfer(Labelled):
    """Puts the caller through to somebody in the directory, and nobody else."""

    type: Literal["transfer"]
    to: DirectoryId
    prompt: Wording | None = Field(None, description="said to its end before the phone rings")
    ring_s: int = Field(30, ge=5, le=120)
    music: Name = "default"
    record: bool = True
    failed: Name = Field(description="busy, no answer, closed, not in the directory, or may not be dialled")


class Hangup(Labelled):
    """Ends the call; a prompt is said to its end before."""

    type: Literal["hangup"]
    prompt: Wording | None = None
