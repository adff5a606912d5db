"""Logging, set up once: short event names with fields, one line each, JSON when nobody watches.

Rule: digits, numbers and names go only into the fields listed in MASKED, and are masked there.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

MASKED = frozenset({"caller", "number", "digits", "caller_number", "caller_name"})
SECRET = re.compile(r"password|secret|token|authorization", re.IGNORECASE)


def mask(text: str) -> str:
    """All but the last two characters of a number; nothing of a short one."""
    return "*" * max(0, len(text) - 2) + text[-2:] if len(text) > 4 else "*" * len(text)


def masked(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: numbers and names are hidden, secrets dropped."""
    for name in event:
        if name in MASKED:
            event[name] = mask(str(event[name]))
        elif SECRET.search(name):
            event[name] = "***"
    return event


def set_up(*, level: str = "info", json: bool | None = None) -> None:
    """Log to standard error: coloured lines on a terminal, JSON lines otherwise."""
    as_json = not sys.stderr.isatty() if json is None else json
    last = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            masked,
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
