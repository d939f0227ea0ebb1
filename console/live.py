"""Live changes: one reader of the ledger's feed for the whole process, and a stream of server-sent events for each page."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from chassis.backoff import Backoff
from console.service_client import Refusal, ServiceClient, ServiceUnavailable, SessionRefused
from contracts.http import ledger

log = logging.getLogger(__name__)
WAIT_SECONDS = 8
"""Seconds that one request to the feed waits. Fewer than the client's time-out."""
HEARTBEAT_SECONDS = 5.0
"""A page hears at least this often that it is up to date; after 15 seconds without, it says so."""
STALE_SECONDS = 2 * WAIT_SECONDS
"""Without an answer of the ledger for this long, pages get no heartbeat: what they show may be old."""
MAX_PAGES = 400
MAX_SUBJECTS = 50
"""Subjects named in one message. A page that missed more is told that anything may have changed."""
_PAUSES = Backoff(first=0.5, longest=10.0)


class TooManyPages(Exception):
    """Raised where too many pages listen: a page without live changes still works."""


class LivePage:
    """One page that listens: what has changed since it was told last."""

    def __init__(self) -> None:
        self.changed: set[str] = set()
        self.news = asyncio.Event()

    def add(self, subjects: set[str]) -> None:
        """Note changes, and wake the stream."""
        self.changed |= subjects
        self.news.set()

    def take(self) -> list[str] | None:
        """Return and forget the changed subjects; None where they are too many to name."""
        subjects, self.changed = self.changed, set()
        self.news.clear()
        return sorted(subjects) if len(subjects) <= MAX_SUBJECTS else None


class LiveFeed:
    """Follows the feed from now on, for as long as `follow` runs."""

    def __init__(self, services: ServiceClient, token: Callable[[], str]):
        self._services, self._token = services, token
        self._pages: set[LivePage] = set()
        self._answered = time.monotonic()

    @property
    def pages(self) -> int:
        """Return the number of pages that listen."""
        return len(self._pages)

    @property
    def age(self) -> float:
        """Return the seconds since the ledger answered, or since the start."""
        return time.monotonic() - self._answered

    @property
    def up_to_date(self) -> bool:
        """Return whether the ledger has answered lately."""
        return self.age < STALE_SECONDS

    async def follow(self) -> None:
        """Read the feed until cancelled. An outage is waited for; afterwards pages are told that anything may have changed."""
        start, failures = None, 0
        while True:
            try:
                start = await self._read(start)
                failures = 0
            except (ServiceUnavailable, Refusal, SessionRefused) as wrong:
                failures += 1
                log.warning("no live changes: %s", wrong)
                await asyncio.sleep(_PAUSES.seconds(failures))
            except Exception:
                failures += 1
                log.exception("no live changes")
                await asyncio.sleep(_PAUSES.seconds(failures))

    async def _read(self, start: int | None) -> int:
        wait = 0 if start is None else WAIT_SECONDS
        page = await self._services.ask(ledger.GET_FEED, self._token(), {"start": start, "wait": wait, "limit": 200})
        self._answered = time.monotonic()
        subjects = {entry["correlationid"] or entry["subject"] for entry in page["entries"]}
        if subjects:
            for listening in self._pages:
                listening.add(subjects)
        following: int = page["next"]
        return following

    async def events(self) -> AsyncIterator[str]:
        """Yield server-sent events: ``change`` with the subjects that changed (null for any), and ``beat``.

        Raises TooManyPages.
        """
        if len(self._pages) >= MAX_PAGES:
            raise TooManyPages
        page = LivePage()
        self._pages.add(page)
        try:
            yield _event("beat", None)
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(page.news.wait(), HEARTBEAT_SECONDS)
                if page.news.is_set():
                    yield _event("change", page.take())
                elif self.up_to_date:
                    yield _event("beat", None)
                else:
                    yield ": the ledger does not answer\n\n"  # a comment keeps the connection and is no heartbeat
        finally:
            self._pages.discard(page)


def _event(name: str, data: list[str] | None) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
