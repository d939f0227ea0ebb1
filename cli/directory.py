"""`whistle directory`: areas, categories and responders, from the files that an operations team edits."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from marshmallow import RAISE, Schema, ValidationError, fields

from chassis.clock import SystemClock
from chassis.config import BadConfig, read_yaml
from chassis.outcome import Happened, Outcome
from chassis.store import Store
from chassis.work import UnitOfWork, Work
from contracts.codes import AreaKind, Role, Urgency
from contracts.envelope import flatten
from contracts.events import dispatch as say

Stored = Callable[[dict[str, Any]], dict[str, Any]]
"""What of a record is stored in another form than it is said."""


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
    """Register what FILE names with dispatch. Loading it again changes, and says, only what is new."""
    click.echo(f"{load_file(file)} records are new or changed")


def load_file(file: Path) -> int:
    """Register what a file names; answers how many records are new or changed. Raises BadConfig."""
    from chassis.settings import read
    from services.dispatch.store import DEFINITION

    settings = read("dispatch")
    store = Store(settings.database_url, DEFINITION.tables, DEFINITION.mappers)
    new = register(store, read_yaml(file), SystemClock().now(), str(file))
    store.close()
    return new


def register(store: Store, directory: Any, now: datetime, where: str) -> int:
    """Register a directory with dispatch's store; answers how many records are new or changed.

    Raises BadConfig, which names ``where`` the directory is from.
    """
    from services.dispatch.store import DEFINITION

    loaded = checked(directory, where)
    with store.transaction() as connection:
        unit = UnitOfWork(store, connection, DEFINITION.source)
        new = _register(loaded, Work(unit=unit, now=now, correlation="directory"))
        unit.flush()
    return new


def checked(directory: Any, where: str) -> dict[str, Any]:
    """A directory as it is registered. Raises BadConfig, which names ``where`` it is from."""
    try:
        loaded: dict[str, Any] = _Directory(unknown=RAISE).load(directory)
    except ValidationError as wrong:
        raise BadConfig(f"{where}: " + "; ".join(f"{k}: {v}" for k, v in flatten(wrong.messages).items())) from None
    return loaded


def _register(loaded: dict[str, Any], work: Work) -> int:
    from services.dispatch import store

    kinds: tuple[tuple[str, Any, Any, Stored], ...] = (
        ("areas", store.areas, say.AreaRegistered, lambda area: {"kind": area["kind"].value}),
        (
            "categories",
            store.categories,
            say.CategoryRegistered,
            lambda category: {"urgency": category["urgency"].value, "dispute": str(category["dispute"])},
        ),
        ("responders", store.responders, say.ResponderRegistered, lambda responder: {"role": responder["role"].value}),
    )
    new = 0
    for name, table, schema, stored in kinds:
        records = {record["code"]: record for record in loaded[name]}
        for code in store.put(work.connection, table, [{**record, **stored(record)} for record in records.values()]):
            data = {key: value for key, value in records[code].items() if key != "code"}
            work.for_subject(code).apply(Outcome(Happened(schema, code, data)))
            new += 1
    return new
