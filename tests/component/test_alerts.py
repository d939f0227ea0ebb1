"""The alert rules: promtool's own tests of them, and that they speak of metrics that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from chassis.configuration.yaml_core import load_yaml
from chassis.observability.health import Health
from chassis.observability.metrics import ChassisMetrics
from console.metrics import ConsoleMetrics
from contracts.topology import SERVICES
from services.dispatch.metrics import CaseMetrics, DispatchMetrics
from services.ledger.metrics import LedgerMetrics, disagreement
from services.notify.metrics import NoticeGauges, NotifyMetrics
from services.tickets.metrics import TicketsMetrics
from tests.kit.deployment import ROOT
from tests.kit.processes import ServerError
from tests.kit.server_binaries import found_or_installed

HERE = ROOT / "deploy" / "prometheus"
HOW_TO_GET_IT = """There is no promtool for the tests of the alert rules: install Prometheus 2.40 or newer (Debian and Ubuntu:
the package prometheus; done by itself when run as root), so that promtool is on the PATH"""


def _on_path() -> Path | None:
    found = shutil.which("promtool")
    return Path(found) if found else None


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own tool. Installed where that is possible; an error where there is none, never a skipped test."""
    found = found_or_installed(_on_path, "prometheus")
    if found is None:
        raise ServerError(HOW_TO_GET_IT)
    return found


def _run(promtool: Path, *words: str, given: bytes = b"") -> str:
    done = subprocess.run([promtool, *words], cwd=HERE, input=given, capture_output=True, timeout=360, check=False)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def _registry() -> CollectorRegistry:
    """Everything that the services export, in one registry."""
    registry, health = CollectorRegistry(), Health()
    health.report("relay", None)
    chassis = ChassisMetrics(registry, health)
    chassis.handled("tickets", "ticket.opened.v1", "applied")
    chassis.timed("tickets", "ticket.opened.v1", print)
    for metrics in (CaseMetrics, DispatchMetrics, LedgerMetrics, NoticeGauges, NotifyMetrics, TicketsMetrics):
        metrics(registry)
    disagreement(registry)
    return registry


def _rules() -> list[dict[str, Any]]:
    loaded = load_yaml((HERE / "alerts.yml").read_text("utf-8"))
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def _tested() -> list[dict[str, Any]]:
    loaded = load_yaml((HERE / "alerts_test.yml").read_text("utf-8"))
    return [one for test in loaded["tests"] for one in test["alert_rule_test"]]


def test_the_configuration_and_the_rules_are_right(promtool: Path) -> None:
    _run(promtool, "check", "config", "prometheus.yml")


def test_the_alerts_fire_when_they_are_to(promtool: Path) -> None:
    _run(promtool, "test", "rules", "alerts_test.yml")


def test_the_metrics_keep_prometheus_conventions(promtool: Path) -> None:
    _run(promtool, "check", "metrics", given=generate_latest(_registry()))


def test_every_alert_is_tested_and_says_what_to_do() -> None:
    fired = {one["alertname"] for one in _tested() if one["exp_alerts"]}
    silent = {one["alertname"] for one in _tested() if not one["exp_alerts"]}
    names = {rule["alert"] for rule in _rules()}
    assert fired == names
    assert names - silent == {"Watchdog"}
    assert all(rule["annotations"].keys() == {"summary", "action"} and rule["labels"]["severity"] for rule in _rules())


def test_the_rules_speak_of_metrics_that_there_are() -> None:
    there = set()
    for family in (*_registry().collect(), *ConsoleMetrics().registry.collect()):
        there |= {family.name, f"{family.name}_total"} if family.type == "counter" else {family.name}
    named = {name for rule in _rules() for name in re.findall(r"\bwhistle_\w+", rule["expr"])}
    assert named
    assert named <= there


def test_every_service_is_asked() -> None:
    config = load_yaml((HERE / "prometheus.yml").read_text("utf-8"))
    assert {*SERVICES, "console"} <= {job["job_name"] for job in config["scrape_configs"]}
