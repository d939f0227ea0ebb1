"""Checking the embedded stores before their services start: a damaged store is named, and not run on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import make_url

from chassis.persistence import wal
from chassis.persistence.engine import check_file
from cli.lost_tail import check_tails


@contextmanager
def check_stores(urls: Mapping[str, str], accept_damage: bool) -> Iterator[None]:
    """Check each store's file, within the block have them migrated, then compare each with what the others know of it.

    With ``accept_damage`` a store that lost its newest transactions is run on; a damaged log is copied first, and said. Raises
    StoreDamaged and StoreUnavailable, which name the file.
    """
    for url in urls.values():
        path = make_url(url).database
        if accept_damage and path and (copy := wal.accept(Path(path))):
            click.echo(f"damaged    {copy} is a copy of the log; what followed the damage is lost", err=True)
        check_file(url)
    yield
    if not accept_damage:
        check_tails(urls)
