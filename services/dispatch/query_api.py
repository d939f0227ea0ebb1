"""The queries of the HTTP interface of dispatch. Each reads one snapshot of the store."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.configuration.identities import Actor
from chassis.http import Problem, query
from contracts.http import dispatch as http
from contracts.http import dispatch_cases as of_cases
from contracts.http import dispatch_lists as lists
from services.dispatch import case_lists, progress_view, store, views
from services.dispatch.config import DispatchConfig
from services.dispatch.directory_cache import DirectoryCache
from services.dispatch.domain import case_summary
from services.dispatch.domain.allowed_commands import choices
from services.dispatch.domain.case import Case
from services.dispatch.domain.context import CaseContext
from services.dispatch.keyset import position


class DispatchQueries:
    """The HTTP queries of dispatch. `DispatchService` inherits them, and provides the configuration and the directory."""

    config: DispatchConfig
    clock: BusinessClock
    directory: DirectoryCache

    @query(http.GET_CASE)
    def get_case(self, connection: Connection, ticket: str, owner: Actor | None) -> Mapping[str, Any] | None:
        """Return a case as it stands; None where there is none, or none in which the owner has a part."""
        case = self._case_of(connection, ticket, owner)
        return views.case(case) if case else None

    @query(of_cases.GET_CLOCKS)
    def get_clocks(self, connection: Connection, ticket: str, owner: Actor | None) -> Mapping[str, Any] | None:
        """Return the running clocks of a case; None where there is none, or none in which the owner has a part."""
        case = self._case_of(connection, ticket, owner)
        return views.clocks(case, self._context(connection)) if case else None

    @query(of_cases.GET_COMMANDS)
    def get_commands(self, connection: Connection, ticket: str, actor: Actor) -> Mapping[str, Any] | None:
        """Return the commands of each unit of the account that has a part in the case; None where none has."""
        case, context = store.case(connection, ticket), self._context(connection)
        units = _parts_of(actor, case, context) if case else []
        if case is None or not units:
            return None
        supervisors = case.supervisors(context)
        return {
            "ticket": ticket,
            "units": [
                {"unit": unit, "supervises": unit in supervisors, "commands": list(map(views.choice, tried))}
                for unit in units
                if (tried := choices(case, unit, actor.id, context))
            ],
        }

    @query(of_cases.SHOW_PROGRESS)
    def show_progress(self, connection: Connection, ticket: str, search: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the progress of a matter to the holder of one of its links. Raises BadLink, ExpiredLink."""
        self.config.links.read_any(search["token"], ticket).require_unexpired(self.clock.now())
        case = store.case(connection, ticket)
        return progress_view.progress(case, self._context(connection)) if case else None

    @query(lists.LIST_CASES)
    def list_cases(self, connection: Connection, search: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one page of cases, and where the next page begins. Raises Refused for an unknown ``after``."""
        found = case_lists.find_cases(connection, search, position(search.get("after")), search["limit"] + 1)
        shown = found[: search["limit"]]
        following = shown[-1][0].after if len(found) > len(shown) else None
        return {"cases": [views.case_item(case) for _, case in shown], "next": following}

    @query(lists.LIST_WORK)
    def list_work(self, connection: Connection, actor: Actor, search: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one page of the open work of the account's units. Raises Problem 403 for a unit that is not among them."""
        unit, after, most = search.get("unit"), position(search.get("after")), search["limit"] + 1
        if unit is not None and not actor.speaks_for(unit):
            wrong = f"account {actor.id!r} does not speak for it"
            raise Problem(HTTPStatus.FORBIDDEN, f"unit: {wrong}", {"unit": wrong})
        context = self._context(connection)

        def asked_of(case: Case) -> str | None:
            supervisors = case.supervisors(context)
            return next((one for one in supervisors if (one == unit if unit else actor.speaks_for(one))), None)

        units = frozenset({unit}) if unit is not None else actor.units
        found = case_lists.open_work(connection, units, after, most) + case_lists.asked_work(connection, asked_of, after, most)
        found.sort(key=lambda one: (one.position.due_at, one.position.id))
        shown = found[: search["limit"]]
        following = shown[-1].position.after if len(found) > len(shown) else None
        return {"work": list(map(views.work_item, shown)), "next": following}

    @query(lists.GET_DIRECTORY)
    def get_directory(self, connection: Connection) -> Mapping[str, Any]:
        """Return the whole directory."""
        return views.directory(store.version(connection), store.directory(connection), store.listed_categories(connection))

    # --- within

    def _context(self, connection: Connection) -> CaseContext:
        """Return the context of a case at this moment, for a query."""
        known, config = self.directory.of(connection), self.config
        return CaseContext(known, config.calendar, config.standards, self.clock.now(), config.police_matters)

    def _case_of(self, connection: Connection, ticket: str, owner: Actor | None) -> Case | None:
        """Return a case; None where there is none, or where it is limited to an owner that has no part in it."""
        case = store.case(connection, ticket)
        if case is None or owner is None:
            return case
        return case if _parts_of(owner, case, self._context(connection)) else None


def _parts_of(actor: Actor, case: Case, context: CaseContext) -> list[str]:
    """Return the units of an account that have or had an assignment in a case, or supervise it."""
    return [unit for unit in case_summary.units_with_a_part(case, context) if actor.speaks_for(unit)]
