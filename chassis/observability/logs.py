"""JSON logs, one object a line, each with the correlation and causation it was written under.

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
    """Within the block, here and in the worker that is called from here, every line carries these ids."""
    before = _context.set({**_context.get(), **ids})
    try:
        yield
    finally:
        _context.reset(before)


def add(**ids: str | None) -> None:
    """Have the lines of the innermost block carry these ids from now on, also those of whoever called its worker."""
    if bound_here := _context.get():  # outside of any block there is nothing to add to
        bound_here.update(ids)


def correlate(subject: str) -> None:
    """What is done in this block belongs to a subject's story, unless it is known already whose it is."""
    if not _context.get().get("correlation"):
        add(correlation=subject)


class _Context(logging.Filter):
    def __init__(self, service: str):
        super().__init__()
        self._service = service

    def filter(self, record: logging.LogRecord) -> bool:
        for key, value in {"service": self._service, **_context.get()}.items():
            if not hasattr(record, key):  # what the line says itself counts
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
    # nameko writes a handler's error with its whole message; the entrypoint logs each failure once, by id
    logging.getLogger("nameko.containers").setLevel(logging.CRITICAL)
    logging.getLogger("amqp").setLevel(logging.WARNING)
