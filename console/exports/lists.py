"""The lists that can be exported, with their columns in the reader's language."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from console.exports.tables import Cell, Column, Kind, Row, Table
from console.page import View
from console.rendering import Texts
from console.service_client import Json
from console.sessions import Person
from contracts.http import dispatch_lists, ledger, ledger_tickets, paging
from contracts.http.operation import Operation


def queue(view: View, person: Person, search: Mapping[str, Any]) -> Table:
    """Return the matters that the filters of the queue choose, those due first."""
    texts, _ = view.texts, view.texts.gettext
    columns = [
        Column(_("Number"), width=22),
        *_matter_columns(texts),
        Column(_("State")),
        Column(_("Level")),
        Column(_("Received on"), Kind.INSTANT, 18),
        *_due_columns(texts),
        Column(_("Paused"), width=8),
        Column(_("At work"), width=30),
    ]

    def row(case: Json) -> Row:
        return [
            case["id"],
            *_matter(texts, case),
            texts.label(case["state"], "case_state"),
            texts.named(case["level"], "levels"),
            case["opened_at"],
            *_due(texts, case),
            _yes(texts, case["paused"]),
            " · ".join(f"{texts.named(one['unit'], 'units')} {texts.label(one['step'], 'step')}" for one in case["units"]),
        ]

    pages = _pages(view, dispatch_lists.LIST_CASES, person, search, "cases")
    return Table(_("Queue"), columns, _rows(pages, row))


def work(view: View, person: Person) -> Table:
    """Return what is asked of the person's units, the earliest due first."""
    texts, _ = view.texts, view.texts.gettext
    columns = [
        Column(_("Number"), width=22),
        *_matter_columns(texts),
        Column(_("Unit"), width=20),
        Column(_("What for"), width=24),
        Column(_("Step")),
        Column(_("Assigned"), Kind.INSTANT, 18),
        *_due_columns(texts),
    ]

    def row(one: Json) -> Row:
        return [
            one["ticket"],
            *_matter(texts, one),
            texts.named(one["unit"], "units"),
            texts.label(one["asked"], "asked") or texts.label(one["purpose"], "purpose"),
            texts.label(one["step"], "step"),
            one["made_at"],
            *_due(texts, one),
        ]

    return Table(_("My work"), columns, _rows(_pages(view, dispatch_lists.LIST_WORK, person, {}, "work"), row))


def figures(view: View, person: Person, chosen: Mapping[str, Any]) -> Table:
    """Return the figures of the statistics page."""
    texts, _ = view.texts, view.texts.gettext
    columns = [
        Column(_("Figure"), width=24),
        Column(_("Rate"), Kind.RATE, 10),
        Column(_("Numerator"), Kind.NUMBER, 10),
        Column(_("Denominator"), Kind.NUMBER, 10),
        Column(_("Shown apart"), width=30),
        Column(_("Note"), width=14),
        Column(_("Formula"), width=50),
        Column(_("Version"), Kind.NUMBER, 8),
        Column(_("As of"), Kind.INSTANT, 18),
    ]

    async def pages() -> AsyncIterator[Sequence[Row]]:
        found = await view.services.ask(ledger.GET_KPIS, person.token, chosen)
        yield [
            [
                texts.figure(one),
                one["rate"],
                one["numerator"],
                one["denominator"],
                texts.apart(one["apart"]),
                texts.label(one["alarm"], "alarm"),
                texts.formula(one),
                one["version"],
                found["at"],
            ]
            for one in found["figures"]
        ]

    return Table(_("Statistics"), columns, pages())


def figure_tickets(view: View, person: Person, kpi: str, search: Mapping[str, Any]) -> Table:
    """Return the tickets behind a figure, with what each adds."""
    texts, _ = view.texts, view.texts.gettext
    columns = [
        Column(_("Number"), width=22),
        *_matter_columns(texts),
        Column(_("Level")),
        Column(_("Received on"), Kind.INSTANT, 18),
        Column(_("Due on"), Kind.INSTANT, 18),
        Column(_("Closed on"), Kind.INSTANT, 18),
        Column(_("Numerator"), Kind.NUMBER, 10),
        Column(_("Denominator"), Kind.NUMBER, 10),
        Column(_("Shown apart"), width=20),
    ]

    def row(one: Json) -> Row:
        return [
            one["id"],
            *_matter(texts, one),
            texts.named(one["level"], "levels"),
            one["opened_at"],
            one["due"],
            one["closed_at"],
            one["numerator"],
            one["denominator"],
            " · ".join(texts.label(kind, "apart") for kind in one["apart"]),
        ]

    pages = _pages(view, ledger_tickets.LIST_FIGURE_TICKETS, person, search, "tickets", kpi=kpi)
    return Table(f"{_('Statistics')}-{texts.figure({'kpi': kpi})}", columns, _rows(pages, row))


async def _pages(
    view: View, operation: Operation, person: Person, search: Mapping[str, Any], of: str, **values: str
) -> AsyncIterator[list[Json]]:
    """Yield the items of a list, page by page."""
    after: str | None = None
    while True:
        asked = {**search, "after": after, "limit": paging.LONGEST_PAGE}
        page = await view.services.ask(operation, person.token, asked, **values)
        yield page[of]
        after = page["next"]
        if after is None:
            return


async def _rows(pages: AsyncIterator[list[Json]], row: Callable[[Json], Row]) -> AsyncIterator[Sequence[Row]]:
    async for items in pages:
        yield [row(item) for item in items]


def _matter_columns(texts: Texts) -> list[Column]:
    _ = texts.gettext
    return [Column(_("Kind of matter"), width=20), Column(_("Area")), Column(_("Estate")), Column(_("Urgency"))]


def _matter(texts: Texts, one: Json) -> list[Cell]:
    return [
        texts.named(one["category"], "categories"),
        texts.named(one["area"], "areas"),
        texts.named(one["estate"], "areas"),
        f"{one['urgency']} {texts.label(one['urgency'], 'urgency')}" if one["urgency"] else None,
    ]


def _due_columns(texts: Texts) -> list[Column]:
    _ = texts.gettext
    return [Column(_("Due on"), Kind.INSTANT, 18), Column(_("Clock"), width=20), Column(_("Overdue"), width=8)]


def _due(texts: Texts, one: Json) -> list[Cell]:
    return [one["due"], texts.label(one["due_clock"], "clock"), _yes(texts, one["breached"])]


def _yes(texts: Texts, is_so: bool) -> str:
    return texts.gettext("Yes") if is_so else texts.gettext("No")
