"""Who is told over HTTP what happens."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from callrouter.config.words import Part, Secret, says


class Webhook(Part):
    """A program of somebody else's that gets a request for each thing that happens (docs/events.md)."""

    url: str = Field(
        pattern=r"^https?://[^/\s]+\S*$",
        json_schema_extra=says("like https://crm.example.org/calls"),
        description="https; http only to this computer, unless `insecure`",
    )
    events: tuple[
        Annotated[str, Field(pattern=r"^[A-Z]+$", json_schema_extra=says("a word of the journal: like CONNECT"))], ...
    ] = Field(default=(), description="words of the journal; empty: all of them")
    secret: Secret | None = Field(default=None, description="signs every request (HMAC-SHA256)")
    numbers: Literal["masked", "whole"] = Field(default="masked", description="callers' numbers")
    timeout_s: float = Field(default=5, gt=0, le=60, description="an answer that takes longer counts as none")
    skip_after_h: float = Field(
        default=24, gt=0, le=8760, description="what could not be delivered for so long is skipped, and said"
    )
    insecure: bool = Field(default=False, description="http to other computers, unencrypted")
