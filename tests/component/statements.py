"""How many statements a store is sent: what a test counts to show that a batch does not cost more the larger it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from chassis.persistence import Store


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that are sent within the block, one for each time that the driver talks to the database.

    SQLite is in this process: there a statement that is run for many rows is handed over once.
    """
    sent: list[str] = []
    here = store.engine.dialect.name == "sqlite"

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, executemany: bool) -> None:
        # many rows in one VALUES come as one set of parameters; a list of sets is as many round trips
        trips = len(parameters) if executemany and isinstance(parameters, list) and not here else 1
        sent.extend([statement] * trips)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
