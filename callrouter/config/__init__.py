"""The typed, frozen configuration with every default in one place. Reading it from files: `load_config`.

Unknown keys are errors, every problem is reported at once with file and line, secrets come from the environment
or from a file and have no default anywhere.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from callrouter.config.briefing import Briefing
from callrouter.config.callback import CallbackRules
from callrouter.config.centre import (
    AsteriskPart,
    AttachedAsterisk,
    Centre,
    HistoryPart,
    Limits,
    MetricsPart,
    Recordings,
    RedisPart,
    ReportsPart,
    Sip,
    Speech,
)
from callrouter.config.doors import Empty, QueueHours
from callrouter.config.lines import Fallback, NumberRoute, Outwards, Registration, Trunk
from callrouter.config.people import AgentPart, CallerList, Group, MaxCalls
from callrouter.config.queue import Announce, InVain, Missed, Queue, Relax, ServiceLevel, Vain, WrapUp
from callrouter.config.webhooks import Webhook
from callrouter.config.words import Name, Part, Secret

__all__ = [
    "AgentPart",
    "Announce",
    "AsteriskPart",
    "AttachedAsterisk",
    "Briefing",
    "CallbackRules",
    "CallerList",
    "Centre",
    "Config",
    "Empty",
    "Fallback",
    "Group",
    "HistoryPart",
    "InVain",
    "Limits",
    "MaxCalls",
    "MetricsPart",
    "Missed",
    "NumberRoute",
    "Outwards",
    "Queue",
    "QueueHours",
    "Recordings",
    "RedisPart",
    "Registration",
    "Relax",
    "ReportsPart",
    "Secret",
    "ServiceLevel",
    "Sip",
    "Speech",
    "Trunk",
    "Vain",
    "Webhook",
    "WrapUp",
]


class Config(Part):
    """All of it."""

    centre: Centre = Centre()
    sip: Sip = Sip()
    asterisk: AsteriskPart = AsteriskPart()
    redis: RedisPart = RedisPart()
    limits: Limits = Limits()
    recordings: Recordings = Recordings()
    speech: Speech = Speech()
    history: HistoryPart = HistoryPart()
    metrics: MetricsPart = MetricsPart()
    webhooks: dict[Name, Webhook] = Field(default={}, description="programs that are told what happens, over HTTP")
    reports: ReportsPart = ReportsPart()
    fallback: Fallback = Fallback()
    music: dict[Name, Path] = Field(default={}, description="music class → folder of sound files; `default` is shipped")
    trunks: dict[Name, Trunk] = Field(default={})
    numbers: tuple[NumberRoute, ...] = ()
    queues: dict[Name, Queue] = Field(default={})
    agents: dict[Name, AgentPart] = Field(default={})
    not_ready_reasons: dict[Annotated[str, Field(pattern=r"^[1-9]$")], Name] = Field(
        default={"1": "break", "2": "lunch", "3": "meeting", "4": "paperwork"},
        description="the digit after *12 → the reason",
    )
    lists: dict[Name, CallerList] = Field(default={}, description="lists of callers, for `caller` nodes")
    switches: tuple[Name, ...] = Field(
        default=(), description="emergency switches for `hours` nodes and queues: `callrouter switch NAME on`"
    )
    secrets: dict[Name, Secret] = Field(default={}, description="for `lookup` nodes: {secret:name} in a header")
    groups: dict[Name, Group] = Field(default={}, description="for whom `message` nodes take messages")
    directory: Path | None = Field(
        default=None, description="departments and merchants that `transfer` nodes may reach: a YAML file"
    )
    trees: Path = Field(default=Path("ivr_trees"), description="folder of trees, relative to the project")
