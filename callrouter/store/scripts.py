"""The scripts that run inside Redis, each in a file of its own beside this one; no routing is decided in them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from callrouter.store.connect import Argument, command
from callrouter.store.pipe import Pipe


class Script:
    """One Lua file, called by its digest; sent whole again after a restart or SCRIPT FLUSH."""

    def __init__(self, name: str) -> None:
        self.text = files("callrouter.store").joinpath(f"{name}.lua").read_text("utf-8")
        self._digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def ask(self, pipe: Pipe, keys: Sequence[str], args: Sequence[Argument] = ()) -> Any:
        """As `run`, on a pipe."""
        try:
            (answer,) = await pipe.ask(("EVALSHA", self._digest, len(keys), *keys, *args))
        except NoScriptError:
            (answer,) = await pipe.ask(("EVAL", self.text, len(keys), *keys, *args))
        return answer

    async def run(self, client: Redis, keys: Sequence[str], args: Sequence[Argument] = ()) -> Any:
        try:
            return await command(client, "EVALSHA", self._digest, len(keys), *keys, *args)
        except NoScriptError:
            return await command(client, "EVAL", self.text, len(keys), *keys, *args)


COMMIT = Script("commit")
SNAPSHOT_ENTRY = Script("snapshot_entry")
TRIM = Script("trim")
RENEW_LEASE = Script("renew_lease")
LIVING = Script("living")
TRY_LOCK = Script("try_lock")
STILL_HAS = Script("still_has")
