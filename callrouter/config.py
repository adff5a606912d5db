"""The typed, frozen configuration with every default in one place. Reading it from files: `load_config`.

Unknown keys are errors, every problem is reported at once with file and line, secrets come from the environment
or from a file and have no default anywhere.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue


def _says(words: str) -> dict[str, JsonValue]:
    """How a value is written, for error messages and editors."""
    return {"x-words": words}


Name = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_-]{0,39}$",
        json_schema_extra=_says("small letters, digits, `_` and `-`, beginning with a letter: like payers"),
    ),
]
"""A name in our own tables: small letters, digits, `_`, `-`; safe in a path, a key and a dial string."""
Level = Annotated[int, Field(ge=1, le=10)]
"""How well somebody has a skill, or must have it."""
Port = Annotated[int, Field(ge=1024, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Number = Annotated[
    str,
    Field(pattern=r"^\+?[0-9]{2,15}$", json_schema_extra=_says('digits in quotes, no spaces: like "+74951234567"')),
]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$", json_schema_extra=_says("two small letters: like ru or en"))]
DialPrefix = Annotated[
    str, Field(pattern=r"^\+?[0-9]{0,15}$", json_schema_extra=_says('digits in quotes: like "+7495"'))
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
        json_schema_extra=_says("a name or address without port: like sip.example.org or 192.0.2.10"),
    ),
]


class Part(BaseModel):
    """What every part of the configuration obeys."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Secret(Part):
    """Where a secret is to be found; never the secret itself."""

    env: str | None = Field(default=None, description="name of an environment variable")
    file: Path | None = Field(default=None, description="a file whose first line is the secret")


class Centre(Part):
    """The centre as a whole."""

    name: Name = "main"
    language: Language = Field(default="ru", description="language of callers when nothing else says")
    timezone: TimeZone = Field(default="Europe/Moscow", description="for dates in recordings' folders and in reports")
    workers: int = Field(
        default=1, ge=1, le=16, description="worker processes; each can carry on the calls of a dead one"
    )

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Sip(Part):
    """Where phones and trunks reach us, and what sound they may send."""

    bind: Address = Field(
        default="127.0.0.1", description="address to listen on; 0.0.0.0 for phones on other computers"
    )
    port: Port = Field(default=5070, description="SIP over UDP and TCP")
    external_address: HostName | None = Field(
        default=None, description="our address as seen from outside, if behind NAT"
    )
    local_networks: tuple[Network, ...] = Field(default=(), description="networks that reach us without NAT")
    rtp_first: Port = Field(default=16000, description="first UDP port for sound (two per phone in a call)")
    rtp_last: Port = Field(
        default=19999, description="last UDP port for sound; stay below 32768, where Linux lends ports out"
    )
    codecs: tuple[Literal["alaw", "ulaw"], ...] = ("alaw", "ulaw")


class AttachedAsterisk(Part):
    """An Asterisk that is already there and is not started by callrouter. See docs/attaching.md."""

    ari_url: str = Field(pattern=r"^https?://", description="like http://127.0.0.1:8088")
    ari_user: Name = "callrouter"
    ari_password: Secret
    ami_host: HostName = "127.0.0.1"
    ami_port: Port = 5038
    ami_user: Name = "callrouter"
    ami_password: Secret
    recording_folder: Path = Field(description="where MixMonitor may write, readable by callrouter")


class AsteriskPart(Part):
    """Private (started by us, the default) or attached."""

    attached: AttachedAsterisk | None = None
    http_port: Port = Field(default=8188, description="ARI of the private Asterisk, loopback only")
    ami_port: Port = Field(default=5138, description="AMI of the private Asterisk, loopback only")


class RedisPart(Part):
    """Redis or Valkey: our own on a unix socket (default), or one that is already there."""

    url: str | None = Field(default=None, pattern=r"^(redis|rediss|unix)://")
    password: Secret | None = None
    max_memory_mb: int = Field(default=512, ge=32, description="bound of the private Redis; an alarm rises at 80 %")
    journal_entries: int = Field(
        default=200_000, ge=1_000, description="the journal keeps at least the newest so many entries"
    )


class Limits(Part):
    """Beyond these a worker lets a new caller go to the fallback at once instead of serving them badly."""

    calls: int = Field(default=400, ge=1, description="calls at once, per worker")
    free_disk_mb: int = Field(default=500, ge=1, description="least free space where recordings land")
    free_files: int = Field(default=200, ge=10, description="file descriptors that must stay free")


class Recordings(Part):
    """How conversations are kept."""

    enabled: bool = True
    folder: Path = Field(
        default=Path("recordings"), description="relative to the project; recordings/YYYY/MM/DD/ below it"
    )
    format: Literal["flac", "opus", "wav"] = Field(
        default="flac", description="flac loses nothing; opus is a fifth of its size"
    )


class Speech(Part):
    """How text becomes sound: espeak-ng, if nothing else is given. A recorded file beside the tree wins over it."""

    piper: dict[Language, Path] = Field(default={}, description="language → a Piper voice file (.onnx)")
    piper_command: tuple[str, ...] = Field(default=("piper",), min_length=1, description="how Piper is started")
    command: tuple[str, ...] = Field(
        default=(), description="or a program of your own: text on its input, WAV on its output; `{language}` is put in"
    )
    values: Literal["recorded", "spoken"] = Field(
        default="recorded", description="numbers, digits and dates: by recorded sounds where they can say it, or spoken"
    )
    wait_s: float = Field(default=4, gt=0, le=15, description="a caller waits so long for a text that is being spoken")
    cache_mb: int = Field(default=200, ge=1, description="bound for what is spoken during calls")


class HistoryPart(Part):
    """Where calls are kept for reports: SQLite in the run folder, or a database that is already there."""

    url: str | None = Field(
        default=None,
        pattern=r"^(sqlite:///|postgresql://)",
        json_schema_extra=_says("like postgresql://callrouter@db.example.org/callrouter"),
        description="several machines on one Redis need PostgreSQL (and `pip install 'callrouter[postgres]'`)",
    )
    password: Secret | None = None
    journal_hours: float = Field(
        default=48, gt=0, le=8760, description="so long the journal keeps what the history has, for `explain`"
    )


class MetricsPart(Part):
    """Figures for Prometheus."""

    port: Port | None = Field(default=None, description="served on 127.0.0.1 under /metrics; nothing: not at all")


class ReportsPart(Part):
    """What `service level` means here. It is named with every report, and changes no history."""

    within_s: float = Field(default=20, gt=0, le=3600, description="answered within so many seconds is in time")
    short_abandon_s: float = Field(
        default=5, ge=0, le=600, description="who hangs up sooner counts neither as abandoned nor as offered"
    )
    service_level: Literal["offered", "all_arrivals", "flow_outs", "answered", "asterisk_sl2"] = Field(
        default="offered", description="which formula; docs/reports.md"
    )


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


class Relax(Part):
    """After this length of waiting less is needed; what has fallen is still preferred."""

    after_s: Seconds
    drop: tuple[Name, ...] | Literal["all"] = Field(default=(), description="skills no longer needed, or `all`")
    lower: int = Field(default=0, ge=0, le=10, description="every needed level falls by so much")


class ServiceLevel(Part):
    """What the queue promises: so many per cent answered within so many seconds."""

    percent: float = Field(default=80, gt=0, le=100, description="for reports")
    within_s: Seconds = Field(default=20, description="callers of a queue that promises less time go so much earlier")


class Queue(Part):
    """A line of waiting callers."""

    name: str = Field(min_length=1, max_length=80)
    strategy: Literal["longest_idle", "fewest_calls", "least_talk_time", "round_robin", "top_down", "random"] = Field(
        default="longest_idle", description="which of the able agents gets a call"
    )
    best_level_first: bool = Field(
        default=False,
        description="the highest levels of what the caller needs first; the strategy decides among equals",
    )
    priority: int = Field(default=0, ge=-100, le=100, description="one point is worth a minute of waiting")
    skills: dict[Name, Level] = Field(default={}, description="what every agent must have for callers here, from level")
    relax: tuple[Relax, ...] = Field(default=(), description="needs that fall while a caller waits")
    service_level: ServiceLevel = ServiceLevel()
    sticky_s: float = Field(
        default=20,
        ge=0,
        le=3600,
        description="so long a caller waits for the agent who helped last, if the tree wants it",
    )
    ring_s: int = Field(default=15, ge=3, le=120, description="how long one agent's phone rings")
    max_wait_s: Seconds = Field(default=600, description="then `overflow`")
    overflow: Name | Literal["hangup"] = Field(
        default="hangup", description="another queue, or hangup (after a polite word)"
    )
    music: Name = "default"
    wrap_up_s: float = Field(default=10, ge=0, le=3600, description="time for notes after a call; 0: none")
    missed_limit: int = Field(
        default=1, ge=1, le=20, description="so many unanswered offers in a row set an agent NOT_READY"
    )
    record: bool = True


class AgentPart(Part):
    """A person who takes calls."""

    name: str = Field(min_length=1, max_length=80)
    queues: tuple[Name, ...] = Field(min_length=1, description="queues this agent serves")
    skills: dict[Name, Level] = Field(default={}, description="what this agent is good at, 1 to 10")


class CallerList(Part):
    """Callers who are known by their numbers: VIPs, merchants, people who are blocked."""

    numbers: tuple[DialPrefix, ...] = Field(default=(), description="with or without the plus, which is not compared")
    file: Path | None = Field(default=None, description="or a file with a number a line; `#` begins a remark")


class Group(Part):
    """People for whom messages are taken."""

    name: str = Field(min_length=1, max_length=80)


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
    reports: ReportsPart = ReportsPart()
    fallback: Fallback = Fallback()
    music: dict[Name, Path] = Field(default={}, description="music class → folder of sound files; `default` is shipped")
    trunks: dict[Name, Trunk] = {}
    numbers: tuple[NumberRoute, ...] = ()
    queues: dict[Name, Queue] = {}
    agents: dict[Name, AgentPart] = {}
    not_ready_reasons: dict[Annotated[str, Field(pattern=r"^[1-9]$")], Name] = Field(
        default={"1": "break", "2": "lunch", "3": "meeting", "4": "paperwork"},
        description="the digit after *12 → the reason",
    )
    lists: dict[Name, CallerList] = Field(default={}, description="lists of callers, for `caller` nodes")
    switches: tuple[Name, ...] = Field(
        default=(), description="emergency switches for `hours` nodes: `callrouter switch NAME on`"
    )
    secrets: dict[Name, Secret] = Field(default={}, description="for `lookup` nodes: {secret:name} in a header")
    groups: dict[Name, Group] = Field(default={}, description="for whom `message` nodes take messages")
    directory: Path | None = Field(
        default=None, description="departments and merchants that `transfer` nodes may reach: a YAML file"
    )
    trees: Path = Field(default=Path("ivr_trees"), description="folder of trees, relative to the project")
