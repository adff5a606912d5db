"""What the doctor asks of an Asterisk or a Redis that somebody else runs. Rule: it only reads."""

from __future__ import annotations

import asyncio

import aiohttp
from redis.asyncio import Redis
from redis.exceptions import RedisError

from callrouter.centre.board import SecretReader
from callrouter.centre.findings import Finding
from callrouter.centre.needs import REDIS, show
from callrouter.config import AttachedAsterisk, RedisPart
from callrouter.errors import SetupError


async def attached_ari(attached: AttachedAsterisk, resolve: SecretReader) -> Finding:
    advice = "see docs/attaching.md"
    try:
        password = resolve(attached.ari_password, "asterisk.attached.ari_password")
        sign_in = {"Authorization": aiohttp.encode_basic_auth(attached.ari_user, password)}
        async with (
            aiohttp.ClientSession(headers=sign_in, timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.get(f"{attached.ari_url.rstrip('/')}/ari/asterisk/info") as answer,
        ):
            if answer.status != 200:
                return Finding("ari", "problem", f"{attached.ari_url} answers {answer.status}", advice)
            version = (await answer.json())["system"]["version"]
    except (SetupError, aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
        return Finding("ari", "problem", f"{attached.ari_url}: {error or 'no answer in 5 s'}", advice)
    return Finding("ari", "ok", f"Asterisk {version} at {attached.ari_url}")


async def attached_ami(attached: AttachedAsterisk) -> Finding:
    place = f"{attached.ami_host}:{attached.ami_port}"
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(attached.ami_host, attached.ami_port)
            greeting = (await reader.readline()).decode(errors="replace").strip()
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError) as error:
        return Finding("ami", "problem", f"{place}: {error or 'no answer in 5 s'}", "see docs/attaching.md")
    if not greeting.startswith("Asterisk Call Manager"):
        return Finding("ami", "problem", f"{place} is no Asterisk manager port", "see docs/attaching.md")
    return Finding("ami", "ok", f"{greeting} at {place}")


async def redis(part: RedisPart, url: str, resolve: SecretReader) -> Finding:
    try:
        password = resolve(part.password, "redis.password") if part.password else None
        client = Redis.from_url(url, password=password, socket_timeout=5, socket_connect_timeout=5)
        try:
            server, memory = await client.info("server"), await client.info("memory")
        finally:
            await client.aclose()
    except (SetupError, RedisError, OSError, ValueError) as error:
        return Finding("redis", "problem", str(error), "is redis.url right, and may this user and password connect?")
    version, policy = str(server.get("redis_version")), memory.get("maxmemory_policy")
    if tuple(int(part) for part in version.split(".")[:2]) < REDIS.minimum:
        return Finding("redis", "problem", f"version {version}", f"use >= {show(REDIS.minimum)}")
    if policy != "noeviction":
        return Finding("redis", "problem", f"may forget who owns a call ({policy})", "set maxmemory-policy noeviction")
    return Finding("redis", "ok", f"{version} (yours)")
