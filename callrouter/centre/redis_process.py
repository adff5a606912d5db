"""The private Redis: a unix socket that only this user can open, an append-only file, a bound on its memory."""

from __future__ import annotations

from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError

from callrouter.centre.layout import Layout
from callrouter.centre.parent import Child, NotReady
from callrouter.centre.programs import command
from callrouter.config import RedisPart
from callrouter.errors import SetupError


def redis_child(part: RedisPart, layout: Layout) -> Child:
    """How the parent starts Redis and knows that it is there."""

    def prepare() -> None:
        layout.redis_data.mkdir(parents=True, exist_ok=True)
        layout.redis_conf.write_text(redis_configuration(part, layout), encoding="utf-8")

    return Child(
        name="redis",
        command=lambda: (*command("redis-server"), str(layout.redis_conf)),
        prepare=prepare,
        ready=lambda: answers(layout.redis_socket),
        # It writes what is left of the append-only file.
        stop_s=15,
    )


def redis_configuration(part: RedisPart, layout: Layout) -> str:
    """Every line is a choice; see redis.conf's own comments."""
    return f"""# Written by callrouter.
port 0
unixsocket {_quoted(layout.redis_socket)}
unixsocketperm 700
dir {_quoted(layout.redis_data)}
daemonize no
databases 1
# At most a second of changes is lost with the machine; nothing with the process.
appendonly yes
appendfsync everysec
save ""
maxmemory {part.max_memory_mb}mb
# A full Redis must refuse loudly, never forget who owns a call.
maxmemory-policy noeviction
maxclients 1000
timeout 0
enable-debug-command no
enable-module-command no
loglevel notice
"""


def _quoted(path: Path) -> str:
    text = str(path)
    if any(character in text for character in '"\\\n\r'):
        raise SetupError(f"{text!r}: choose a run folder without quotes and backslashes in its path")
    return f'"{text}"'


async def answers(socket: Path) -> None:
    """Returns when Redis has loaded its data; NotReady until then."""
    client = Redis(unix_socket_path=str(socket), socket_timeout=2, socket_connect_timeout=2)
    try:
        await client.ping()
    except BusyLoadingError as error:
        raise NotReady("loading its data") from error
    except (RedisError, OSError) as error:
        raise NotReady(f"does not answer yet ({error})") from error
    finally:
        await client.aclose()
