"""The HTTP API of the ledger."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from chassis.clock import BusinessClock
from chassis.http import query
from contracts.http import ledger as http
from contracts.http import ledger_tickets
from services.ledger import store
from services.ledger.config import LedgerConfig
from services.ledger.domain.double_entry import balances
from services.ledger.domain.kpi_figures import Figure, compute_figure, group_records
from services.ledger.domain.kpi_formulas import BY_NAME, FORMULAS
from services.ledger.domain.rules import Rules
from services.ledger.domain.ticket_counts import count_tickets
from services.ledger.domain.ticket_record import TicketRecord
from services.ledger.figure_tickets import tickets_after
from services.ledger.kpi_query import kpi_query, matching_records


class LedgerApi:
    """The HTTP operations of the ledger. `LedgerService` inherits them and sets the configuration."""

    config: LedgerConfig
    clock: BusinessClock

    @query(http.GET_LOG)
    def get_log(self, connection: Connection) -> Mapping[str, Any]:
        """Return size and root of the log."""
        frontier = store.log(connection).frontier
        return {"size": frontier.size, "root": frontier.root()}

    @query(http.GET_ENTRIES)
    def get_entries(self, connection: Connection, subject: str) -> Mapping[str, Any]:
        """Return the entries about a subject."""
        return {"subject": subject, "entries": [entry_view(entry) for entry in store.entries_of(connection, subject)]}

    @query(http.GET_FEED)
    def get_feed(self, connection: Connection, search: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the entries from a position on; without a position none, and where the log ends."""
        start = search.get("start")
        if start is None:
            return {"entries": [], "next": store.log(connection).frontier.size}
        found = store.entries_from(connection, start, search["limit"])
        return {"entries": [entry_view(entry) for entry in found], "next": start + len(found)}

    @query(http.GET_KPIS)
    def get_kpis(self, connection: Connection, search: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return every figure over the chosen tickets."""
        records, now = self._chosen(connection, search), self.clock.now()
        return {"at": now, "figures": [view(compute_figure(formula, records, now), self.config.rules) for formula in FORMULAS]}

    @query(http.GET_KPI)
    def get_kpi(self, connection: Connection, kpi: str, search: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return one figure, the tickets behind it, and its groups."""
        if kpi not in BY_NAME:
            return None
        records, rules, now = self._chosen(connection, search), self.config.rules, self.clock.now()
        found, listed = compute_figure(BY_NAME[kpi], records, now), search.get("ids") is not False
        return {
            "at": now,
            **view(found, rules),
            **tickets_behind(found, listed),
            "groups": groups(found, records, search.get("by"), rules, now, listed),
        }

    @query(ledger_tickets.LIST_FIGURE_TICKETS)
    def list_figure_tickets(self, connection: Connection, kpi: str, search: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return one page of the tickets behind a figure, and where the next page begins."""
        if kpi not in BY_NAME:
            return None
        now = self.clock.now()
        page = tickets_after(connection, BY_NAME[kpi], search, self.config.rules.zone, now)
        return {"at": now, "tickets": [asdict(one) for one in page.tickets], "next": page.next}

    @query(ledger_tickets.COUNT_TICKETS)
    def count_tickets(self, connection: Connection, search: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return how many of the chosen tickets stand where."""
        records, zone, now = self._chosen(connection, search), self.config.rules.zone, self.clock.now()
        parts = group_records(records, search["by"], zone) if search.get("by") else {}
        return {
            "at": now,
            "total": asdict(count_tickets(records, now)),
            "groups": [{"part": part, **asdict(count_tickets(some, now))} for part, some in parts.items()],
        }

    def _chosen(self, connection: Connection, search: Mapping[str, Any]) -> list[TicketRecord]:
        return matching_records(connection, kpi_query(search), self.config.rules.zone)

    @query(http.GET_ACCOUNT)
    def get_account(self, connection: Connection, account: str) -> Mapping[str, Any] | None:
        """Return a member's points."""
        balance = balances(store.postings_of(connection, account)).get(account)
        return {"account": account, "posted": balance.posted, "held": balance.held} if balance else None


def entry_view(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry in the contract's fields."""
    return {**entry, "time": datetime.fromisoformat(entry["time"])}


def view(found: Figure, rules: Rules) -> dict[str, Any]:
    """Return a figure in the contract's fields."""
    formula = found.formula
    band = rules.bands.get(formula.name)
    return {
        "kpi": formula.name,
        "title": formula.title,
        "version": formula.version,
        "formula": formula.wording,
        "formula_zh": formula.wording_zh,
        "numerator": found.numerator,
        "denominator": found.denominator,
        "rate": found.rate,
        "apart": counted_apart(found),
        "alarm": band.alarm(found.rate) if band else None,
    }


def groups(
    found: Figure, records: Iterable[TicketRecord], by: str | None, rules: Rules, now: datetime, listed: bool = True
) -> list[dict[str, Any]]:
    """Return the figure of each area, category, urgency, level, unit or month; none without ``by``."""
    parts = group_records(records, by, rules.zone) if by else {}
    named = {name: compute_figure(found.formula, some, now) for name, some in parts.items()}
    return [
        {
            "part": name,
            "numerator": one.numerator,
            "denominator": one.denominator,
            "rate": one.rate,
            "apart": counted_apart(one),
            **tickets_behind(one, listed),
        }
        for name, one in named.items()
    ]


def counted_apart(found: Figure) -> dict[str, int]:
    """Return how many tickets are shown beside a figure, by kind."""
    return {name: len(ids) for name, ids in found.apart.items()}


def tickets_behind(found: Figure, listed: bool = True) -> dict[str, Any]:
    """Return the tickets behind a figure; empty lists where they are not to be ``listed``."""
    if not listed:
        return {"tickets": [], "hits": [], "apart_tickets": {name: [] for name in found.apart}}
    apart = {name: list(ids) for name, ids in found.apart.items()}
    return {"tickets": list(found.ids), "hits": list(found.hit_ids), "apart_tickets": apart}
