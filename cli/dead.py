"""`whistle dead`: dead letters, for those on duty. It is SQL in the service's own store, each act with an audit line."""

import getpass
import json

import click

from chassis.dead import DeadLetters
from chassis.store import Store
from cli.services import CLASSES, definition

SERVICE = click.argument("service", type=click.Choice(sorted(CLASSES)))
KEY = click.argument("key")


@click.group()
def dead() -> None:
    """Dead letters: events that could not take effect."""


def _letters(service: str) -> DeadLetters:
    from chassis.settings import read

    defined = definition(service)
    return DeadLetters(Store(read(service).database_url, defined.tables), who=getpass.getuser())


@dead.command("list")
@SERVICE
@click.option("--most", default=50, show_default=True)
def list_(service: str, most: int) -> None:
    """List dead letters of SERVICE, the oldest first: key, type, since when, why. Never their content."""
    for letter in _letters(service).oldest(most):
        line = f"{letter.key}  {letter.type}  {letter.received_at.isoformat(timespec='seconds')}  {letter.reason}"
        click.echo(printable(line))


def printable(line: str) -> str:
    """What would move a terminal's cursor or turn its writing round is spelt out: a letter's type may be anybody's text."""
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in line)


@dead.command()
@SERVICE
@KEY
@click.option("--body", is_flag=True, help="Also print the body, which may hold private data; this is audited.")
def show(service: str, key: str, body: bool) -> None:
    """Show one dead letter."""
    shown = json.dumps(_letters(service).show(key, body), ensure_ascii=False, indent=2, default=str)
    click.echo("\n".join(map(printable, shown.split("\n"))))


@dead.command()
@SERVICE
@click.argument("keys", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Every dead letter.")
def replay(service: str, keys: tuple[str, ...], all_: bool) -> None:
    """Try dead letters again: the running service takes them up at once."""
    letters = _letters(service)
    chosen = [letter.key for letter in letters.oldest(10**6)] if all_ else keys
    for key in chosen:
        letters.replay(key)
    click.echo(f"{len(chosen)} to be tried again")


@dead.command()
@SERVICE
@KEY
@click.option("--why", required=True, help="Kept in the audit.")
def drop(service: str, key: str, why: str) -> None:
    """Let a dead letter go. Its row stays, without effect."""
    _letters(service).drop(key, why)
    click.echo("dropped")
