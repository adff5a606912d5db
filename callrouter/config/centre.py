"""The centre itself: where it listens, what it keeps, what it does not take on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from callrouter.config.words import Address, HostName, Language, Name, Network, Part, Port, Secret, TimeZone, says


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
        json_schema_extra=says("like postgresql://callrouter@db.example.org/callrouter"),
        description="several machines on one Redis need PostgreSQL (and `pip install 'callrouter[postgres]'`)",
    )
    password: Secret | None = None
    journal_hours: float = Field(
        default=48, gt=0, le=8760, description="so long the journal keeps what the history has, for `explain`"
    )
    queue_log: Path | None = Field(
        default=None, description="this file is written in the format of Asterisk's queue_log, for tools that read it"
    )


class MetricsPart(Part):
    """Figures for Prometheus, and what happens as it happens, for programs on this computer."""

    port: Port | None = Field(
        default=None, description="served on 127.0.0.1 under /metrics and /events; nothing: not at all"
    )
    numbers: Literal["masked", "whole"] = Field(default="masked", description="callers' numbers in /events")


class ReportsPart(Part):
    """What `service level` means here. It is named with every report, and changes no history."""

    within_s: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="answered within so many seconds is in time, in every queue; nothing: within what each promises",
    )
    short_abandon_s: float = Field(
        default=5, ge=0, le=600, description="who hangs up sooner counts neither as abandoned nor as offered"
    )
    service_level: Literal["offered", "all_arrivals", "flow_outs", "answered", "asterisk_sl2"] = Field(
        default="offered", description="which formula; docs/reports.md"
    )
