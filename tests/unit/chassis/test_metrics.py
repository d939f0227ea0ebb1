"""The chassis' metrics that are more than a number that is set."""

import pytest
from prometheus_client import CollectorRegistry, Gauge

from chassis.observability.health import Health
from chassis.observability.metrics import ChassisMetrics
from chassis.runtime.gauges import Counted


def _metrics() -> tuple[ChassisMetrics, CollectorRegistry, Health]:
    registry, health = CollectorRegistry(), Health()
    return ChassisMetrics(registry, health), registry, health


def test_how_long_a_handler_takes_is_observed_whatever_comes_of_it() -> None:
    metrics, registry, _ = _metrics()

    def works(event: object, work: object) -> None:
        pass

    def fails(event: object, work: object) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        metrics.timed("tickets", "ticket.opened.v1", fails)(None, None)
    metrics.timed("tickets", "ticket.opened.v1", works)(None, None)
    labels = {"handler": "tickets", "type": "ticket.opened.v1"}
    assert registry.get_sample_value("whistle_handler_duration_seconds_count", labels) == 2


def test_redeliveries_only_grow() -> None:
    metrics, registry, _ = _metrics()
    for queue, until_now in (("a", 2), ("a", 2), ("b", 1), ("a", 5)):
        metrics.redelivered(queue, until_now)
    assert registry.get_sample_value("whistle_events_redelivered_total", {"queue": "a"}) == 5
    assert registry.get_sample_value("whistle_events_redelivered_total", {"queue": "b"}) == 1


def test_a_loop_that_stands_grows_older(monkeypatch: pytest.MonkeyPatch) -> None:
    _, registry, health = _metrics()
    health.report("relay", "the broker is away")
    health.report("timers", None)
    health.loops["timers"].seen -= 100
    age = registry.get_sample_value("whistle_loop_age_seconds", {"loop": "timers"})
    assert age is not None
    assert age >= 100
    assert registry.get_sample_value("whistle_loop_troubled", {"loop": "timers"}) == 0
    assert registry.get_sample_value("whistle_loop_troubled", {"loop": "relay"}) == 1


def test_what_is_not_counted_any_more_goes() -> None:
    registry = CollectorRegistry()
    counted = Counted(Gauge("open", "Open.", ["level"], registry=registry))
    counted.set({("property",): 2, ("none",): 1})
    counted.set({("none",): 3})
    assert registry.get_sample_value("open", {"level": "property"}) is None
    assert registry.get_sample_value("open", {"level": "none"}) == 3
