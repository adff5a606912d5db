"""One centre on this machine: its configuration, its run folder, its passwords, and how its parts are reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from callrouter.asterisk.ami import AmiAccess
from callrouter.asterisk.requests import Access
from callrouter.centre.install import VOICES, core_sounds
from callrouter.centre.layout import Layout, cache_folder
from callrouter.centre.programs import command
from callrouter.centre.secrets import Secrets, load_or_make
from callrouter.config import AttachedAsterisk, Config, Speech
from callrouter.config_files import load_config, load_trees, resolve
from callrouter.prompts import system
from callrouter.prompts.briefing import briefings
from callrouter.prompts.library import PromptLibrary
from callrouter.prompts.speech import Espeak, Provider
from callrouter.prompts.voices import AnyCommand, Piper, VoicePerLanguage
from callrouter.store.connect import RedisPlace, on_socket
from callrouter.store.redis_line import RedisLine
from callrouter.telephony import PhoneId
from callrouter.tree.model import Prompt, Tree, prompts


@dataclass(frozen=True)
class Site:
    """Everything that names one centre."""

    config: Config
    layout: Layout

    @cached_property
    def secrets(self) -> Secrets:
        return load_or_make(self.layout.secrets, self.config.agents)

    @property
    def attached(self) -> AttachedAsterisk | None:
        return self.config.asterisk.attached

    @property
    def recordings(self) -> Path:
        return self.config.recordings.folder

    @property
    def raw_recordings(self) -> Path:
        """Where Asterisk writes the two sides of a conversation."""
        return self.attached.recording_folder if self.attached else self.layout.monitor

    @cached_property
    def phones(self) -> dict[str, PhoneId]:
        """Agent → the name of the phone in Asterisk."""
        return {agent: PhoneId(self.secrets.phones[agent].endpoint) for agent in self.config.agents}

    @cached_property
    def ari(self) -> Access:
        if self.attached:
            password = resolve(self.attached.ari_password, "asterisk.attached.ari_password")
            return Access(self.attached.ari_url.rstrip("/"), self.attached.ari_user, password)
        url = f"http://127.0.0.1:{self.config.asterisk.http_port}"
        return Access(url, "callrouter", self.secrets.ari_password)

    @cached_property
    def ami(self) -> AmiAccess:
        if self.attached:
            password = resolve(self.attached.ami_password, "asterisk.attached.ami_password")
            return AmiAccess(self.attached.ami_host, self.attached.ami_port, self.attached.ami_user, password)
        return AmiAccess("127.0.0.1", self.config.asterisk.ami_port, "callrouter", self.secrets.ami_password)

    @cached_property
    def redis(self) -> RedisPlace:
        redis = self.config.redis
        if redis.url is None:
            return on_socket(self.layout.redis_socket)
        return RedisPlace(redis.url, resolve(redis.password, "redis.password") if redis.password else None)

    def open_line(self) -> RedisLine:
        """A new connection to the line; close it when done."""
        redis = self.config.redis
        return RedisLine(self.redis, centre=f"callrouter:{self.config.centre.name}", journal_max=redis.journal_entries)

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that somebody may hear."""
        found = [
            self.config.centre.language,
            *(language for tree in self.trees.values() for language in tree.languages),
            *(agent.language for agent in self.config.agents.values() if agent.language),
        ]
        return tuple(dict.fromkeys(found))

    def prompt_library(self) -> PromptLibrary:
        speech = self.config.speech
        recorded = {language: core_sounds(language) for language in VOICES} if speech.values == "recorded" else {}
        return PromptLibrary(
            cache_folder() / "prompts", self.config.trees, voice(speech), recorded, spoken_mb=speech.cache_mb
        )

    @cached_property
    def trees(self) -> Mapping[str, Tree]:
        """Every tree that a number leads to; ConfigError with all problems of all of them."""
        return load_trees(self.config)


def open_site(config_folder: Path, run_folder: Path) -> Site:
    """The centre that this configuration describes; ConfigError with every problem."""
    return Site(load_config(config_folder), Layout(run_folder))


def voice(speech: Speech) -> Provider:
    """What speaks each language."""
    otherwise = AnyCommand(speech.command) if speech.command else Espeak(command("espeak-ng"))
    by_language = {language: Piper(speech.piper_command, file) for language, file in speech.piper.items()}
    return VoicePerLanguage(by_language, otherwise) if by_language else otherwise


def spoken(site: Site) -> list[Prompt]:
    """Everything that may have to be said."""
    of_trees = (prompt for tree in site.trees.values() for prompt in prompts(tree))
    return [*system.PROMPTS, *briefings(site.config).values(), *of_trees]
