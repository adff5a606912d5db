"""The lines to the world: carriers, the numbers that callers dial, and what they meet when nobody can serve them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from callrouter.config.words import DialPrefix, HostName, Language, Name, Number, Part, Port, Secret


class Registration(Part):
    """We register with the carrier."""

    server: HostName
    port: Port = 5060
    username: str = Field(pattern=r"^[A-Za-z0-9._+-]{1,64}$")
    password: Secret


class Outwards(Part):
    """How we call out through this trunk."""

    caller_id: Number = Field(description="the number we show")
    number_format: Literal["plus", "international", "national"] = Field(
        default="plus",
        description="plus: +74951234567; international: 74951234567; national: national_prefix + 4951234567",
    )
    country: str = Field(
        default="7", pattern=r"^[1-9][0-9]{0,2}$", description="country code that `national` leaves out"
    )
    national_prefix: DialPrefix = "8"
    allowed_prefixes: tuple[DialPrefix, ...] = Field(
        default=(), description="nothing else may be dialled; empty: nothing at all"
    )
    address: HostName | None = Field(default=None, description="where calls go if not to the registration's server")
    port: Port = 5060

    def may_dial(self, number: str) -> bool:
        """Whether the number begins with one of `allowed_prefixes`; the plus is not compared."""
        digits = number.removeprefix("+")
        return any(digits.startswith(prefix.removeprefix("+")) for prefix in self.allowed_prefixes)

    def international(self, number: str) -> str:
        """A number as a caller may give it (8 916…), with the country code (7 916…)."""
        digits, inland = number.removeprefix("+"), self.national_prefix.removeprefix("+")
        if number.startswith("+") or not inland or not digits.startswith(inland):
            return digits
        abroad = f"{self.country}{digits.removeprefix(inland)}"
        return abroad if self.may_dial(abroad) else digits

    def dialled(self, number: str) -> str:
        """The number as the carrier wants it."""
        digits = number.removeprefix("+")
        match self.number_format:
            case "plus":
                return f"+{digits}"
            case "international":
                return digits
            case "national":
                inland = digits.removeprefix(self.country) if digits.startswith(self.country) else None
                return digits if inland is None else f"{self.national_prefix}{inland}"


class Trunk(Part):
    """A carrier or another exchange: known by its addresses, or we register with it."""

    addresses: tuple[str, ...] = Field(
        default=(), description="calls from these addresses or networks come from this trunk"
    )
    register_with: Registration | None = Field(default=None, alias="register")
    out: Outwards | None = None


class NumberRoute(Part):
    """A number that callers dial, and the tree that answers."""

    number: Number
    tree: Name
    language: Language | None = None


class Fallback(Part):
    """What a caller meets when no worker can take the call."""

    text: dict[Language, str] = Field(
        default={
            "ru": "Извините, сейчас мы не можем принять ваш звонок. Соединяем с дежурным.",
            "en": "We are sorry, we cannot take your call right now. Connecting you to the person on duty.",
        }
    )
    agent: Name | None = Field(default=None, description="this agent's phone is rung first")
    number: Number | None = Field(default=None, description="or this outside number, through `trunk`")
    trunk: Name | None = None
    ring_s: int = Field(default=30, ge=5, le=120)
    message: bool = Field(default=True, description="nobody answered: take a voice message")
