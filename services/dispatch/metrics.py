"""The metrics of dispatch. Labels are codes."""

from datetime import datetime

from nameko.extensions import DependencyProvider
from prometheus_client import CollectorRegistry, Counter, Gauge
from sqlalchemy import Connection, func, select

from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from contracts.codes import Clock, EscalationCause, ExhaustionCause
from contracts.events import dispatch as events
from services.dispatch.domain.case import CaseState
from services.dispatch.domain.deadline_stages import BREACHED
from services.dispatch.store import cases


class DispatchMetrics:
    """The metrics of the recomputation of due times."""

    def __init__(self, registry: CollectorRegistry):
        self._provisional = Gauge(
            "whistle_dispatch_provisional_deadlines",
            "Due times past the known calendar, counted by weekends alone: the next year's holidays are wanted.",
            registry=registry,
        )
        self._recomputed = Counter(
            "whistle_dispatch_cases_recomputed",
            "Cases whose due times a newer calendar computed anew.",
            ["outcome"],
            registry=registry,
        )

    def provisional(self, deadlines: int) -> None:
        """See `services.dispatch.due_time_recompute.Watch`."""
        self._provisional.set(deadlines)

    def recomputed(self, outcome: str) -> None:
        """See `services.dispatch.due_time_recompute.Watch`."""
        self._recomputed.labels(outcome).inc()


class CaseMetrics:
    """The metrics of cases: their states, breaches, escalations and exhaustions."""

    def __init__(self, registry: CollectorRegistry):
        self._cases = Gauge("whistle_cases", "Cases under way, by where they stand.", ["state"], registry=registry)
        self._breaches = Counter("whistle_deadline_breaches", "Clocks that ran out.", ["clock"], registry=registry)
        self._escalations = Counter("whistle_case_escalations", "Cases that moved up a level.", ["cause"], registry=registry)
        self._exhausted = Counter(
            "whistle_cases_exhausted", "Cases for which a supervisor was called.", ["cause"], registry=registry
        )
        self._overdue = Counter(
            "whistle_performances_overdue", "Agreements that nobody had looked at by their day.", registry=registry
        )
        for counter, codes in (
            (self._breaches, Clock),
            (self._escalations, EscalationCause),
            (self._exhausted, ExhaustionCause),
        ):
            for code in codes:
                counter.labels(code.value)

    def breached(self, said: events.DeadlineBreached) -> None:
        """Count a clock that ran out."""
        self._breaches.labels(said.clock).inc()

    def escalated(self, said: events.CaseEscalated) -> None:
        """Count a case that moved up a level."""
        self._escalations.labels(said.cause).inc()

    def exhausted(self, said: events.CaseExhausted) -> None:
        """Count a case for which a supervisor was called."""
        self._exhausted.labels(said.cause).inc()

    def verifier_requested(self, said: events.VerifierRequested) -> None:
        """Count a case for which a supervisor was called, since nobody verifies."""
        self._exhausted.labels(ExhaustionCause.NO_VERIFIER).inc()

    def performance_asked(self, said: events.MediationPerformanceAsked) -> None:
        """Count an agreement that nobody had looked at by its day: a supervisor is asked for the first time."""
        self._overdue.inc(said.number == BREACHED)

    def read(self, connection: Connection, now: datetime) -> None:
        """Set the gauges from the store."""
        for state in (CaseState.WORKING, CaseState.COMPLETED, CaseState.EXHAUSTED):
            count = connection.execute(select(func.count()).where(cases.c.state == state.value)).scalar_one()
            self._cases.labels(state.value).set(count)


class Metrics(DependencyProvider):
    """Register the metrics of cases with the runtime."""

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        metrics = CaseMetrics(runtime.registry)
        runtime.add_gauges(metrics.read)
        runtime.on_published(events.DeadlineBreached, metrics.breached)
        runtime.on_published(events.CaseEscalated, metrics.escalated)
        runtime.on_published(events.CaseExhausted, metrics.exhausted)
        runtime.on_published(events.VerifierRequested, metrics.verifier_requested)
        runtime.on_published(events.MediationPerformanceAsked, metrics.performance_asked)
