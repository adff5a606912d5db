"""From the configuration to what Asterisk's templates need: trunks, the fallback's words and whom it rings, music."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from callrouter.audio import Samples
from callrouter.centre import install, sounds
from callrouter.centre.layout import Layout
from callrouter.centre.programs import command
from callrouter.centre.render import (
    FallbackFacts,
    MusicClass,
    Switchboard,
    TrunkFacts,
    TrunkRegistration,
    trunk_endpoint,
)
from callrouter.centre.secrets import Secrets
from callrouter.config import Config, Outwards, Registration, Secret, Trunk
from callrouter.errors import SetupError

SecretReader = Callable[[Secret, str], str]
"""A secret from where the configuration says it is; the second argument says in an error what it is for."""


def switchboard(
    config: Config, layout: Layout, secrets: Secrets, resolve: SecretReader, *, bench: bool = False
) -> Switchboard:
    """Everything about the private Asterisk; speaks the fallback's words and converts the user's music on the way."""
    return Switchboard(
        sip=config.sip,
        http_port=config.asterisk.http_port,
        ami_port=config.asterisk.ami_port,
        ari_password=secrets.ari_password,
        ami_password=secrets.ami_password,
        fallback=_fallback(config, layout, secrets),
        music=_music(config, layout),
        trunks=tuple(_trunk(name, trunk, resolve) for name, trunk in sorted(config.trunks.items())),
        bench=bench,
    )


def number_outwards(number: str, outwards: Outwards) -> str:
    """A number as the carrier wants to be dialled."""
    return outwards.dialled(number)


def _trunk(name: str, trunk: Trunk, resolve: SecretReader) -> TrunkFacts:
    return TrunkFacts(
        name=name,
        addresses=trunk.addresses,
        contact=_contact(trunk),
        caller_id=trunk.out.caller_id if trunk.out else None,
        registration=_registration(name, trunk.register_with, resolve) if trunk.register_with else None,
    )


def _registration(trunk: str, given: Registration, resolve: SecretReader) -> TrunkRegistration:
    password = resolve(given.password, f"trunks.{trunk}.register.password")
    return TrunkRegistration(given.server, given.port, given.username, password)


def _contact(trunk: Trunk) -> str | None:
    if trunk.out and trunk.out.address:
        return f"sip:{trunk.out.address}:{trunk.out.port}"
    if trunk.out and trunk.register_with:
        return f"sip:{trunk.register_with.server}:{trunk.register_with.port}"
    return None


def _fallback(config: Config, layout: Layout, secrets: Secrets) -> FallbackFacts:
    fallback, language = config.fallback, config.centre.language
    language = language if language in fallback.text else next(iter(fallback.text), language)
    trunk = config.trunks.get(fallback.trunk or "")
    return FallbackFacts(
        language=language,
        prompt=_spoken(fallback.text.get(language, ""), language, layout),
        goodbye=install.core_sound("vm-goodbye", language),
        message_prompt=install.core_sound("vm-intro", language),
        messages=layout.messages,
        message=fallback.message,
        dial=_whom_to_ring(config, secrets),
        caller_id=trunk.out.caller_id if fallback.number and not fallback.agent and trunk and trunk.out else None,
        ring_s=fallback.ring_s,
    )


def _whom_to_ring(config: Config, secrets: Secrets) -> str | None:
    fallback = config.fallback
    if fallback.agent:
        account = secrets.phones.get(fallback.agent)
        if account is None:
            raise SetupError(f"fallback.agent: there is no agent {fallback.agent!r}; name one from `agents`")
        return f"PJSIP/{account.endpoint}"
    if fallback.number:
        outwards = config.trunks[fallback.trunk].out if fallback.trunk in config.trunks else None
        if fallback.trunk is None or outwards is None:
            raise SetupError("fallback.number needs fallback.trunk: the name of a trunk that has `out`")
        return f"PJSIP/{number_outwards(fallback.number, outwards)}@{trunk_endpoint(fallback.trunk)}"
    return None


def _spoken(text: str, language: str, layout: Layout) -> Path:
    """The text as sound in both laws, named by its content so that it is spoken once; without a text, a core prompt."""
    if not text.strip():
        return install.core_sound("vm-goodbye", language)
    name = hashlib.sha256(f"{language}\n{text}".encode()).hexdigest()[:12]
    stem = layout.prompts / f"fallback-{language}-{name}"
    if not stem.with_name(f"{stem.name}.ulaw").exists():
        layout.prompts.mkdir(parents=True, exist_ok=True)
        sounds.write_both_laws(_speak(text, language), stem)
    return stem


def _speak(text: str, language: str) -> Samples:
    """The text goes by standard input, so nothing in it is taken for an option."""
    with tempfile.TemporaryDirectory(prefix="callrouter-") as folder:
        file = Path(folder) / "spoken.wav"
        done = subprocess.run(
            (*command("espeak-ng"), "-v", language, "-s", "150", "--stdin", "-w", str(file)),
            input=text.encode(),
            capture_output=True,
            check=False,
            timeout=60,
        )
        if done.returncode or not file.exists():
            raise SetupError(f"espeak-ng could not speak {language!r}: {done.stderr.decode(errors='replace').strip()}")
        return sounds.read_for_phone(file)


def _music(config: Config, layout: Layout) -> tuple[MusicClass, ...]:
    own = []
    for name, folder in sorted(config.music.items()):
        sounds.convert_folder(folder, layout.music / name)
        own.append(MusicClass(name, layout.music / name))
    shipped = MusicClass("default", install.music_folder())
    return tuple(own) if any(music.name == "default" for music in own) else (shipped, *own)
