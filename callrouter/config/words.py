"""The words of the configuration: what a name, a number, a length of time or an address may look like."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue


def says(words: str) -> dict[str, JsonValue]:
    """How a value is written, for error messages and editors."""
    return {"x-words": words}


def moved(**keys: str) -> dict[str, JsonValue]:
    """Keys of earlier versions, each with how it is written now, for error messages."""
    return {"x-moved": dict(keys)}


Name = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_-]{0,39}$",
        json_schema_extra=says("small letters, digits, `_` and `-`, beginning with a letter: like payers"),
    ),
]
"""A name in our own tables: small letters, digits, `_`, `-`; safe in a path, a key and a dial string."""
Level = Annotated[int, Field(ge=1, le=10)]
"""How well somebody has a skill, or must have it."""
Port = Annotated[int, Field(ge=1024, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Number = Annotated[
    str,
    Field(pattern=r"^\+?[0-9]{2,15}$", json_schema_extra=says('digits in quotes, no spaces: like "+74951234567"')),
]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", json_schema_extra=says("two small letters: like ru or en"))]
DialPrefix = Annotated[
    str, Field(pattern=r"^\+?[0-9]{0,15}$", json_schema_extra=says('digits in quotes: like "+7495"'))
]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"unknown time zone {name!r}; write it like Europe/Moscow")
    return name


def _address(text: str) -> str:
    ip_address(text)
    return text


Address = Annotated[str, AfterValidator(_address)]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
Network = Annotated[str, AfterValidator(lambda text: str(IPv4Network(text)))]
HostName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$",
        json_schema_extra=says("a name or address without port: like sip.example.org or 192.0.2.10"),
    ),
]


class Part(BaseModel):
    """What every part of the configuration obeys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(Part):
    """Where a secret is to be found; never the secret itself."""

    env: str | None = Field(default=None, description="name of an environment variable")
    file: Path | None = Field(default=None, description="a file whose first line is the secret")
