"""`callrouter doctor`: looks at every part and says what to do. Rule: it changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from callrouter.centre import attached_checks
from callrouter.centre import machine_checks as machine
from callrouter.centre.board import SecretReader
from callrouter.centre.findings import Finding, as_json, as_text, is_well
from callrouter.centre.layout import Layout
from callrouter.centre.needs import ASTERISK, NEEDS, REDIS, Need
from callrouter.config import Config
from callrouter.errors import ConfigError, SetupError

Further = Callable[[Config], Awaitable[list[Finding]]]
"""What others look at who know more of the centre than this room."""


async def _nothing(_config: Config) -> list[Finding]:
    return []


def examine(
    load: Callable[[], Config],
    run_folder: Path,
    resolve: SecretReader,
    *,
    json: bool = False,
    further: Further = _nothing,
) -> int:
    """Look at everything and print it; the exit code: 0 all is well, 1 problems found."""
    findings = asyncio.run(look(load, Layout(run_folder), resolve, further))
    print(as_json(findings) if json else as_text(findings))
    return 0 if is_well(findings) else 1


async def look(
    load: Callable[[], Config], layout: Layout, resolve: SecretReader, further: Further = _nothing
) -> list[Finding]:
    """Every part of this machine and of the configuration, in the order in which they are needed."""
    findings = [machine.python(), machine.libraries()]
    try:
        config = load()
    except (ConfigError, SetupError) as error:
        findings += _broken_configuration(error)
        return [*findings, *(machine.program(need) for need in NEEDS), machine.sounds()]
    findings.append(_configuration(config))
    findings += [machine.program(need) for need in NEEDS if not _is_elsewhere(need, config)]
    findings += [machine.sounds(), machine.run_folder(layout), *machine.disk(config, layout), *machine.limits(config)]
    if config.asterisk.attached:
        findings += [await attached_checks.attached_ari(config.asterisk.attached, resolve)]
        findings += [await attached_checks.attached_ami(config.asterisk.attached)]
    else:
        findings.append(machine.ports(config, layout))
    if config.redis.url:
        findings.append(await attached_checks.redis(config.redis, config.redis.url, resolve))
    return [*findings, *_trunk_secrets(config, resolve), *await further(config)]


def _broken_configuration(error: ConfigError | SetupError) -> list[Finding]:
    said = [str(problem) for problem in error.problems] if isinstance(error, ConfigError) else [str(error)]
    return [Finding("configuration", "problem", problem) for problem in said]


def _is_elsewhere(need: Need, config: Config) -> bool:
    return (need is ASTERISK and config.asterisk.attached is not None) or (
        need is REDIS and config.redis.url is not None
    )


def _configuration(config: Config) -> Finding:
    counted = {"trunks": config.trunks, "numbers": config.numbers, "queues": config.queues, "agents": config.agents}
    return Finding("configuration", "ok", ", ".join(f"{name}: {len(parts)}" for name, parts in counted.items()))


def _trunk_secrets(config: Config, resolve: SecretReader) -> Iterator[Finding]:
    for name, trunk in config.trunks.items():
        if trunk.register_with:
            try:
                resolve(trunk.register_with.password, f"trunks.{name}.register.password")
            except SetupError as error:
                yield Finding(f"trunk {name}", "problem", str(error))
