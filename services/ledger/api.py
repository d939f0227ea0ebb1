"""The ledger over HTTP."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.http import query
from contracts.http import ledger as http
from services.ledger import store
from services.ledger.config import Configured
from services.ledger.domain.book import Book
from services.ledger.domain.figures import Figure, figure, grouped
from services.ledger.domain.kpi import BY_NAME, FORMULAS
from services.ledger.domain.points import balances
from services.ledger.domain.rules import Rules
from services.ledger.selection import selected, selection


class LedgerApi:
    """What is asked of the ledger over HTTP; `LedgerService` inherits it, and the configuration is that service's."""

    config: Configured
    clock: BusinessClock

    @query(http.GET_LOG)
    def get_log(self, connection: Connection) -> Mapping[str, Any]:
        """Size and root."""
        frontier = store.log(connection).frontier
        return {"size": frontier.size, "root": frontier.root()}

    @query(http.GET_ENTRIES)
    def get_entries(self, connection: Connection, subject: str) -> Mapping[str, Any]:
        """What happened to a subject."""
        entries = [{**entry, "time": datetime.fromisoformat(entry["time"])} for entry in store.of_subject(connection, subject)]
        return {"subject": subject, "entries": entries}

    @query(http.GET_KPIS)
    def get_kpis(self, connection: Connection, search: Mapping[str, Any]) -> Mapping[str, Any]:
        """Every figure over the chosen tickets."""
        books, now = self._chosen(connection, search), self.clock.now()
        return {"at": now, "figures": [view(figure(formula, books, now), self.config.rules) for formula in FORMULAS]}

    @query(http.GET_KPI)
    def get_kpi(self, connection: Connection, kpi: str, search: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """One figure, the tickets behind it, and its groups."""
        if kpi not in BY_NAME:
            return None
        books, rules, now = self._chosen(connection, search), self.config.rules, self.clock.now()
        found = figure(BY_NAME[kpi], books, now)
        return {"at": now, **view(found, rules), **behind(found), "groups": groups(found, books, search.get("by"), rules, now)}

    def _chosen(self, connection: Connection, search: Mapping[str, Any]) -> list[Book]:
        return selected(connection, selection(search), self.config.rules.zone)

    @query(http.GET_ACCOUNT)
    def get_account(self, connection: Connection, account: str) -> Mapping[str, Any] | None:
        """A member's points."""
        balance = balances(store.posted(connection, account)).get(account)
        return {"account": account, "posted": balance.posted, "held": balance.held} if balance else None


def view(found: Figure, rules: Rules) -> dict[str, Any]:
    """A figure as the contract says."""
    formula = found.formula
    band = rules.bands.get(formula.name)
    return {
        "kpi": formula.name,
        "title": formula.title,
        "version": formula.version,
        "formula": formula.wording,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "rate": found.rate,
        "apart": {name: len(ids) for name, ids in found.apart.items()},
        "alarm": band.alarm(found.rate) if band else None,
    }


def groups(found: Figure, books: Iterable[Book], by: str | None, rules: Rules, now: datetime) -> list[dict[str, Any]]:
    """The same figure of each area, category, urgency, level, unit or month; none where nothing is asked for."""
    parts = grouped(books, by, rules.zone) if by else {}
    named = {name: figure(found.formula, some, now) for name, some in parts.items()}
    return [
        {"part": name, "numerator": one.numerator, "denominator": one.denominator, "rate": one.rate, **behind(one)}
        for name, one in named.items()
    ]


def behind(found: Figure) -> dict[str, Any]:
    """The tickets behind a figure."""
    apart = {name: list(ids) for name, ids in found.apart.items()}
    return {"tickets": list(found.ids), "hits": list(found.hit_ids), "apart_tickets": apart}
