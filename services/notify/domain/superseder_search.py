"""Finding the later event that makes a waiting notice obsolete, by the superseders of its rule (`notice_rules`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.codes import CancelReason
from contracts.envelope import Event
from contracts.payload import EventPayload
from services.notify.domain.notice_planning import Rule
from services.notify.domain.notice_rules import RULES
from services.notify.domain.superseder import Superseder


@dataclass(frozen=True)
class Fact:
    """The newest event of its type, with these values, that was received about a ticket."""

    type: str
    event: str
    sequence: int
    values: dict[str, str | None] = field(default_factory=dict)


def _by_template() -> dict[str, Rule]:
    """Return a rule for each template. Rules that share one agree in what makes it obsolete. Raises ValueError."""
    found: dict[str, Rule] = {}
    for rule in RULES:
        first = found.setdefault(rule.template, rule)
        if (rule.obsolete_after, rule.case_clock_over) != (first.obsolete_after, first.case_clock_over):
            raise ValueError(f"{rule.template}: two rules differ in the events that make it obsolete")
    return found


_RULES = _by_template()
_RULE_BY_TEMPLATE = {name: rule.template for rule in RULES for name in rule.templates()}
_ALL = tuple(one for rule in _RULES.values() for one in (*rule.obsolete_after, *rule.case_clock_over))
SUPERSEDING = tuple(dict.fromkeys(one.event for one in _ALL))
"""Every event that makes some notice obsolete."""
_FIELDS = {event.type: frozenset[str]().union(*(one.fields for one in _ALL if one.event is event)) for event in SUPERSEDING}
_SAME = {name: frozenset(field for one in rule.obsolete_after for field in one.same) for name, rule in _RULES.items()}


def comparison_values(template: str, payload: EventPayload) -> dict[str, str | None]:
    """Return the fields with which later events are compared, from the event that a notice reports."""
    said = payload.by_name()
    return {name: _plain(said[name]) for name in sorted(_SAME[_RULE_BY_TEMPLATE[template]])}


def fact_from(event: Event) -> Fact:
    """Return the fact that a superseding event leaves."""
    said = event.payload.by_name()
    values = {name: _plain(said[name]) for name in sorted(_FIELDS[event.type])}
    return Fact(event.type, event.id, event.sequence or 0, values)


def find_superseding(
    template: str, audience: str, sequence: int, values: Mapping[str, str | None], facts: Iterable[Fact]
) -> tuple[Fact, CancelReason] | None:
    """Return the first fact that makes a notice obsolete, and the reason; None where it is still to be sent.

    ``sequence`` is that of the event that the notice tells of; 0, of a notice of an older version, is never pointless.
    """
    rule = _RULE_BY_TEMPLATE.get(template)
    if rule is None or not sequence:
        return None
    lines = _RULES[rule].obsolete_after
    if not values.get("assignment"):
        lines += _RULES[rule].case_clock_over
    later = sorted((fact for fact in facts if fact.sequence > sequence), key=lambda fact: fact.sequence)
    for fact in later:
        for one in lines:
            if one.event.type == fact.type and _fits(one, fact, audience, values):
                return fact, one.reason
    return None


def _fits(one: Superseder, fact: Fact, audience: str, values: Mapping[str, str | None]) -> bool:
    agrees = all(fact.values.get(name) == values.get(name) for name in one.same)
    named = one.audience is None or fact.values.get(one.audience) == audience
    return agrees and named and all(fact.values.get(name) == wanted for name, wanted in one.when.items())


def _plain(value: Any) -> str | None:
    return None if value is None else str(value)
