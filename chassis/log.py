"""JSON logs, one object a line, each with the correlation and causation it was written under.

Private data never reaches a log line: log ids and counts, never an event's data.
"""

import logging
import sys
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

_context: ContextVar[dict[str, str | None]] = ContextVar("whistle_log_context", default={})  # noqa: B039


def bind(**ids: str | None) -> None:
    """From here on, in this worker, every line carries these ids."""
    _context.set({**_context.get(), **ids})


class _Context(logging.Filter):
    def __init__(self, service: str):
        super().__init__()
        self._service = service

    def filter(self, record: logging.LogRecord) -> bool:
        record.service = self._service
        for key, value in _context.get().items():
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
