"""What an agent says and what that changes on the floor: by a feature code from the phone or by the CLI.

*11        ready
*12        not ready;  *12<digit> with the reason of that digit
*13        log out
*14        wrap-up: after this talk, or longer (acd/wrap_up.py)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from callrouter.acd import limits
from callrouter.acd.floor import Activity, Agent, Presence
from callrouter.config import MaxCalls
from callrouter.journal import NOW, Entry, FloorChange, Word


@dataclass(frozen=True, slots=True)
class Wish:
    """The presence an agent asks for."""

    presence: Presence
    reason: str = ""


class Refusal(StrEnum):
    """Why an agent does not get what they asked for from the phone. A supervisor does (`callrouter agents set`)."""

    WRAP_UP = "the wrap-up goes on"
    SHIFT = "the shift has had its calls"
    HOUR = "the hour has had its calls"
    NO_WRAP_UP = "no wrap-up to be had"


WRAP_UP_CODE = "*14"


def feature_code(digits: str, reasons: Mapping[str, str]) -> Wish | None:
    """What a dialled code asks for, or None for a code that does not exist."""
    if digits == "*11":
        return Wish(Presence.READY)
    if digits == "*13":
        return Wish(Presence.LOGGED_OUT)
    if digits == "*12":
        return Wish(Presence.NOT_READY)
    if digits.startswith("*12") and digits[3:] in reasons:
        return Wish(Presence.NOT_READY, reasons[digits[3:]])
    return None


def refusal(agent: Agent, wish: Wish, enough: MaxCalls, now_ms: int) -> Refusal | None:
    """Why saying READY does not make this agent free."""
    if wish.presence is not Presence.READY:
        return None
    if limits.has_enough(agent, enough):
        return Refusal.SHIFT
    if agent.rest_until > now_ms:
        return Refusal.HOUR
    strict = agent.activity is Activity.WRAP_UP and agent.wrap_mode == "strict"
    return Refusal.WRAP_UP if strict else None


def wish_entry(agent: str, wish: Wish, by: str) -> Entry:
    """The journal entry of a change of presence; what it changes on the floor is `presence_change`."""
    word = {
        Presence.READY: Word.UNPAUSE,
        Presence.NOT_READY: Word.PAUSE,
        Presence.LOGGED_OUT: Word.AGENTLOGOFF,
    }[wish.presence]
    data = {"by": by, "reason": wish.reason} if wish.reason else {"by": by}
    return Entry(word, agent=agent, data=data)


def presence_change(agent: str, wish: Wish) -> FloorChange:
    return {f"agent:{agent}": presence_fields(wish)}


def presence_fields(wish: Wish) -> dict[str, str]:
    """READY begins a new idle time and forgets missed offers; the log-out begins the count of calls anew."""
    fields = {"presence": str(wish.presence), "reason": wish.reason, "presence_since": NOW}
    if wish.presence is Presence.READY:
        fields |= {"idle_since": NOW, "missed": "0", "missed_why": ""}
    if wish.presence is Presence.LOGGED_OUT:
        fields |= {"calls": "0", "talk_ms": "0"}
    return fields
