"""`whistle directory`: areas, categories and responders, from the files that an operations team edits."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from marshmallow import RAISE, Schema, ValidationError, fields
from sqlalchemy import Table

from chassis.clock import SystemClock
from chassis.command_line import as_typed
from chassis.configuration.yaml_files import BadConfig, read_yaml
from chassis.effects import DomainEvent, Effects
from chassis.handler_context import HandlerContext
from chassis.persistence import Store
from chassis.unit_of_work import UnitOfWork
from chassis.untrusted_text import escaped_line
from contracts.codes import AreaKind, Role, Urgency
from contracts.events import dispatch as events
from contracts.payload import EventPayload, flatten

Stored = Callable[[dict[str, Any]], dict[str, Any]]
"""The fields of a record that are stored in another form than they are published."""


class _Area(Schema):
    code = fields.String(required=True)
    kind = fields.Enum(AreaKind, by_value=True, required=True)
    parent = fields.String(load_default=None)


class _Category(Schema):
    code = fields.String(required=True)
    urgency = fields.Enum(Urgency, by_value=True, required=True)
    dispute = fields.Boolean(load_default=False)


class _Responder(Schema):
    code = fields.String(required=True)
    role = fields.Enum(Role, by_value=True, required=True)
    areas = fields.List(fields.String(), required=True)
    categories = fields.List(fields.String(), load_default=list)
    volunteer = fields.Boolean(load_default=False)


class _Directory(Schema):
    areas = fields.List(fields.Nested(_Area), required=True)
    categories = fields.List(fields.Nested(_Category), required=True)
    responders = fields.List(fields.Nested(_Responder), required=True)


@click.group()
def directory() -> None:
    """Areas, categories and responders."""


@directory.command()
@click.argument("file", type=click.Path(path_type=Path))
def load(file: Path) -> None:
    """Register what FILE names with dispatch. Loading it again changes, and says, only what is new.

    Who is registered and not in FILE stays: it may be in another file. Such responders are listed; `retire` takes them out.
    """
    click.echo(f"{load_file(file)} records are new or changed")
    if others := unnamed_responders(file):
        remedy = as_typed("directory retire CODE")
        click.echo(f"registered, and not in {file}: {escaped_line(' '.join(others))} ({remedy} takes one out)")


@directory.command()
@click.argument("codes", metavar="CODE...", nargs=-1, required=True)
def retire(codes: tuple[str, ...]) -> None:
    """Take responders out: they left. Nobody names them any more, and what they have in hand goes to others at once."""
    with closing(_store()) as store:
        for code in codes:
            cases = retire_responder(store, code, SystemClock().now())
            if cases is None:
                raise click.ClickException(f"{code}: no responder of this code is registered")
            click.echo(f"{code}: retired, {cases} cases hear of it")


def load_file(file: Path) -> int:
    """Register a file's records. Return how many are new or changed. Raises BadConfig."""
    with closing(_store()) as store:
        return register(store, read_yaml(file), SystemClock().now(), str(file))


def unnamed_responders(file: Path) -> list[str]:
    """Return the registered responders that a file does not name."""
    from services.dispatch.store import directory as whole

    named = {responder["code"] for responder in checked(read_yaml(file), str(file))["responders"]}
    with closing(_store()) as store, store.transaction() as connection:
        return sorted({one.id for one in whole(connection).responders} - named)


def retire_responder(store: Store, code: str, now: datetime) -> int | None:
    """Retire a responder in dispatch's store. Return how many cases are told; None where there is no such responder.

    All in one transaction. A case that names it at this very moment does not hear of it: its clocks will see that it is silent.
    """
    from services.dispatch import store as tables
    from services.dispatch.domain.responder_departure import tell

    with store.transaction() as connection:
        role = tables.remove(connection, code)
        if role is None:
            return None
        unit = UnitOfWork(store, connection, tables.DEFINITION.source)
        ctx = HandlerContext(unit=unit, now=now, correlation="directory")
        ctx.for_subject(code).apply(Effects(DomainEvent(events.ResponderRetired(role=role), code)))
        concerned = [case.id for case in tables.counting_on(connection, code)]
        for case in concerned:
            ctx.for_subject(case).apply(tell(case, code, now))
        unit.flush()
    return len(concerned)


def _store() -> Store:
    from chassis.configuration.settings import read
    from services.dispatch.store import DEFINITION

    return Store(read("dispatch").database_url, DEFINITION.tables, DEFINITION.mappers)


def register(store: Store, directory: Any, now: datetime, where: str) -> int:
    """Register a directory with dispatch's store. Return how many records are new or changed.

    Raises BadConfig, which names ``where`` the directory is from.
    """
    from services.dispatch.store import DEFINITION

    loaded = checked(directory, where)
    with store.transaction() as connection:
        unit = UnitOfWork(store, connection, DEFINITION.source)
        new = _register(loaded, HandlerContext(unit=unit, now=now, correlation="directory"))
        unit.flush()
    return new


def checked(directory: Any, where: str) -> dict[str, Any]:
    """Return a directory in its stored form. Raises BadConfig, which names ``where`` it is from."""
    try:
        loaded: dict[str, Any] = _Directory(unknown=RAISE).load(directory)
    except ValidationError as wrong:
        raise BadConfig(f"{where}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    return loaded


def _register(loaded: dict[str, Any], ctx: HandlerContext) -> int:
    from services.dispatch import store

    kinds: tuple[tuple[str, Table, type[EventPayload], Stored], ...] = (
        ("areas", store.areas, events.AreaRegistered, lambda area: {"kind": area["kind"].value}),
        ("categories", store.categories, events.CategoryRegistered, lambda category: {"urgency": category["urgency"].value}),
        ("responders", store.responders, events.ResponderRegistered, lambda responder: {"role": responder["role"].value}),
    )
    new = 0
    for name, table, payload, stored in kinds:
        records = {record["code"]: record for record in loaded[name]}
        for code in store.put(ctx.connection, table, [{**record, **stored(record)} for record in records.values()]):
            data = {key: value for key, value in records[code].items() if key != "code"}
            ctx.for_subject(code).apply(Effects(DomainEvent(payload.of(data), code)))
            new += 1
    return new
