"""JSON logs, one object a line, each with its correlation and causation ids.

Private data never reaches a log line: log ids and counts, never an event's data.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_context: ContextVar[dict[str, str | None]] = ContextVar("whistle_log_context", default={})  # noqa: B039


@contextmanager
def bound(**ids: str | None) -> Iterator[None]:
    """Add these ids to every line of the block, here and in the worker that is called from here."""
    before = _context.set({**_context.get(), **ids})
    try:
        yield
    finally:
        _context.reset(before)


def add(**ids: str | None) -> None:
    """Add these ids to the further lines of the innermost block, also to those of the worker's caller."""
    if bound_here := _context.get():  # outside of any block there is no context
        bound_here.update(ids)


def correlate(subject: str) -> None:
    """Correlate the further lines of the block with a subject, unless they have a correlation already."""
    if not _context.get().get("correlation"):
        add(correlation=subject)


class _Context(logging.Filter):
    def __init__(self, service: str):
        super().__init__()
        self._service = service

    def filter(self, record: logging.LogRecord) -> bool:
        for key, value in {"service": self._service, **_context.get()}.items():
            if not hasattr(record, key):  # an id of the line itself has precedence
                setattr(record, key, value)
        return True


def configure(service: str, level: int = logging.INFO, stream: Any = None) -> None:
    """Send every log line of this process to ``stream`` (standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            json_ensure_ascii=False,
        )
    )
    handler.addFilter(_Context(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # nameko logs a handler's error with its whole message; the entrypoint logs each failure once, by id
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)
    logging.getLogger("amqp").setLevel(logging.WARNING)
