"""`whistle dead` and `whistle outbox`: dead letters and parked events. SQL in the service's store, each act audited."""

import getpass
import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import click

from chassis.persistence import Store
from chassis.quarantine import DEAD_LETTERS, PARKED_EVENTS, Filter, Quarantine, QuarantineKind
from chassis.untrusted_text import escaped_line, escaped_lines
from cli.local_time import format_instant
from cli.services import CLASSES, definition

SERVICE = click.argument("service", type=click.Choice(sorted(CLASSES)))
KEYS = click.argument("keys", nargs=-1)
ALL = click.option("--all", "all_", is_flag=True, help="All of them, or all with this type or reason.")
WHY = click.option("--why", required=True, help="Kept in the audit.")
MOST = click.option("--most", default=50, show_default=True, type=click.IntRange(1), help="So many lines.")

Command = Callable[..., None]


def wanted(command: Command) -> Command:
    """Add the options --type and --reason to a command, as the argument ``wanted``."""

    @wraps(command)
    def with_wanted(*values: Any, type_: str | None, reason: str | None, **more: Any) -> None:
        command(*values, wanted=Filter(type_, reason), **more)

    with_type = click.option("--type", "type_", metavar="TYPE", help="Only of this type.")
    return with_type(click.option("--reason", metavar="WORDS", help="Only with these words in the reason.")(with_wanted))


def group(pile: QuarantineKind, about: str, again: str, drop: str, done: str) -> click.Group:
    """Return the commands of a pile. ``again`` and ``drop`` are help texts, ``done`` reports the retried rows."""
    commands = click.Group(pile.command, help=about)

    def aside(service: str) -> Quarantine:
        from chassis.configuration.settings import read

        return Quarantine(pile, Store(read(service).database_url, definition(service).tables), who=getpass.getuser())

    @commands.command(
        help="Count what there is of SERVICE: how many, from when to when, type, reason; the most frequent first."
    )
    @SERVICE
    @MOST
    @wanted
    def count(service: str, most: int, wanted: Filter) -> None:
        for one in aside(service).counts(most, wanted):
            first, last = format_instant(one.first), format_instant(one.last)
            click.echo(escaped_line(f"{one.number:7,}  {first}  {last}  {one.type}  {one.reason}"))

    @commands.command("list", help="List the oldest: key, type, subject, since when, why. Never their content.")
    @SERVICE
    @MOST
    @wanted
    def list_(service: str, most: int, wanted: Filter) -> None:
        for one in aside(service).oldest(most, wanted):
            since = format_instant(one[pile.since])
            click.echo(escaped_line(f"{one['key']}  {one['type']}  {one['subject']}  {since}  {one['reason']}"))

    @commands.command(help=f"Show one {pile.noun}.")
    @SERVICE
    @click.argument("key")
    @click.option("--body", is_flag=True, help="Also print the body, which may hold private data; this is audited.")
    def show(service: str, key: str, body: bool) -> None:
        shown = json.dumps(aside(service).show(key, body), ensure_ascii=False, indent=2, default=_as_read)
        click.echo(escaped_lines(shown))

    @commands.command(pile.again, help=again)
    @SERVICE
    @KEYS
    @ALL
    @wanted
    def again_(service: str, keys: tuple[str, ...], all_: bool, wanted: Filter) -> None:
        one = aside(service)
        number = one.all_again(wanted) if _is_all(keys, all_, wanted) else one.again(keys)
        click.echo(f"{number} {done}")

    @commands.command("drop", help=drop)
    @SERVICE
    @KEYS
    @ALL
    @WHY
    @wanted
    def drop_(service: str, keys: tuple[str, ...], all_: bool, wanted: Filter, why: str) -> None:
        one = aside(service)
        number = one.drop_all(why, wanted) if _is_all(keys, all_, wanted) else one.drop(keys, why)
        click.echo(f"{number} dropped")

    return commands


def _as_read(value: Any) -> str:
    return format_instant(value) if isinstance(value, datetime) else str(value)


def _is_all(keys: tuple[str, ...], all_: bool, wanted: Filter) -> bool:
    """Return whether --all was given. Raises UsageError for --all with keys, and for neither."""
    if bool(keys) == all_:
        raise click.UsageError("name keys, or say --all")
    if keys and wanted != Filter():
        raise click.UsageError("--type and --reason go with --all")
    return all_


dead = group(
    DEAD_LETTERS,
    "Dead letters: events that could not take effect.",
    "Try dead letters again: the running service takes them up at once.",
    "Let dead letters go. Their rows stay, without effect.",
    "to be tried again",
)
outbox = group(
    PARKED_EVENTS,
    "Parked events: said by a service, and refused by the broker.",
    "Publish parked events after all. Mend first what was refused: `whistle topology` where no queue was bound.",
    "Let parked events go unsaid. Their rows stay; each number is a gap, which the ledger will find and tell.",
    "to be published again",
)
