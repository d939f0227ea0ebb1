"""`whistle outbox`: events that the broker refused, for those on duty. SQL in the sender's store, each act audited."""

import getpass
import json

import click

from chassis.parked import ParkedEvents
from chassis.store import Store
from cli.services import CLASSES, definition

SERVICE = click.argument("service", type=click.Choice(sorted(CLASSES)))
KEY = click.argument("key")


@click.group()
def outbox() -> None:
    """Parked events: said by a service, and refused by the broker."""


def _events(service: str) -> ParkedEvents:
    from chassis.settings import read

    return ParkedEvents(Store(read(service).database_url, definition(service).tables), who=getpass.getuser())


@outbox.command("list")
@SERVICE
@click.option("--most", default=50, show_default=True)
def list_(service: str, most: int) -> None:
    """List parked events of SERVICE, the oldest first: key, type, subject, since when, why. Never their content."""
    for event in _events(service).oldest(most):
        since = event.created_at.isoformat(timespec="seconds")
        click.echo(f"{event.key}  {event.type}  {event.subject}  {since}  {event.reason}")


@outbox.command()
@SERVICE
@KEY
@click.option("--body", is_flag=True, help="Also print the body, which may hold private data; this is audited.")
def show(service: str, key: str, body: bool) -> None:
    """Show one parked event."""
    click.echo(json.dumps(_events(service).show(key, body), ensure_ascii=False, indent=2, default=str))


@outbox.command()
@SERVICE
@click.argument("keys", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every parked event.")
def retry(service: str, keys: tuple[str, ...], all_: bool) -> None:
    """Publish parked events after all. Mend first what was refused: `whistle topology` where no queue was bound."""
    events = _events(service)
    chosen = [event.key for event in events.oldest(10**6)] if all_ else keys
    for key in chosen:
        events.retry(key)
    click.echo(f"{len(chosen)} to be published again")


@outbox.command()
@SERVICE
@KEY
@click.option("--why", required=True, help="Kept in the audit.")
def drop(service: str, key: str, why: str) -> None:
    """Let a parked event go unsaid. Its row stays; its number is a gap, which the ledger will find and tell."""
    _events(service).drop(key, why)
    click.echo("dropped")
