"""The stack comes up as an operator brings it up, and does what it is for."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import pytest
import requests

from chassis.configuration.yaml_core import load_yaml
from tests.compose.deployed import OFFICER, PASSWORD, Compose, await_no_other_alert
from tests.compose.people import People
from tests.kit.broker_actors import matter
from tests.kit.deployment import ROOT, SERVICES
from tests.kit.external_developer import BOARD_QUEUE, ExternalDeveloper, commands
from tests.kit.processes import wait_until

ONCE = ("postgres-accounts", "rabbitmq-accounts", "topology", "migrate")
RUNNING = (*SERVICES, "console", "proxy", "postgres", "rabbitmq", "prometheus", "alertmanager")


def test_everything_is_healthy_and_what_is_done_once_was_done(deployed: Compose) -> None:
    for service in RUNNING:
        states = [(one["State"]["Status"], one["State"]["Health"]["Status"]) for one in deployed.containers(service)]
        assert states == [("running", "healthy")], service
    for service in ONCE:
        ends = [(one["State"]["Status"], one["State"]["ExitCode"]) for one in deployed.containers(service)]
        assert ends == [("exited", 0)], service


def test_a_build_without_a_change_is_the_same_image_and_a_second_up_restarts_nothing(deployed: Compose) -> None:
    def running() -> dict[str, tuple[str, str, str]]:
        found = {service: deployed.containers(service) for service in RUNNING}
        return {name: (one["Id"], one["Image"], one["State"]["StartedAt"]) for name, [one] in found.items()}

    before = running()
    assert len({before[service][1] for service in SERVICES}) == 1
    deployed.up("--build")
    deployed.up("--build")
    assert running() == before
    for service in ONCE:
        [one] = deployed.containers(service)
        assert one["State"]["ExitCode"] == 0


@pytest.mark.parametrize("service", RUNNING)
def test_a_probe_costs_almost_nothing(deployed: Compose, service: str) -> None:
    """Less than a tenth of a second of processor time in each container, where a Python process took more."""
    [one] = deployed.containers(service)
    kind, *words = one["Config"]["Healthcheck"]["Test"]
    command = ["sh", "-c", *words] if kind == "CMD-SHELL" else words
    # `times` of a shell: its own processor time, then that of its children, as 0m0.004s
    timed = deployed.compose("exec", "-T", service, "sh", "-c", '"$@"; status=$?; times; exit $status', "probe", *command)
    spent = re.findall(r"(\d+)m([\d.]+)s", timed)[-2:]
    assert sum(60 * int(minutes) + float(seconds) for minutes, seconds in spent) < 0.1


def test_the_command_is_in_the_image_under_its_name(deployed: Compose) -> None:
    assert deployed.compose("exec", "-T", "dispatch", "whistle", "dead", "count", "dispatch") == ""


@pytest.mark.parametrize("service", [*SERVICES, "console"])
def test_a_service_is_not_root_and_can_write_nothing(deployed: Compose, service: str) -> None:
    look = "import os; print(os.getuid(), [d for d in ('/', '/app', '/opt/whistle', '/etc/whistle') if os.access(d, os.W_OK)])"
    assert deployed.compose("exec", "-T", service, "python", "-c", look).split(maxsplit=1) == ["10001", "[]\n"]


def test_no_start_without_secrets(deployed: Compose) -> None:
    empty = deployed.directory / "empty"
    empty.touch()
    before, deployed.env_file = deployed.env_file, empty
    try:
        refused = deployed.tried("config")
    finally:
        deployed.env_file = before
    assert refused.returncode != 0
    assert "run make up" in refused.stderr


def test_a_ticket_goes_from_whistle_to_closed(deployed: Compose, people: People) -> None:
    status, taken = deployed.ask("tickets", "POST", "/whistles", "HOTLINE", matter(0), "by-hand")
    assert status == 202
    people.sent["by-hand"] = taken["ticket"]
    people.await_all_closed()
    assert deployed.ask("tickets", "GET", taken["status"], "HOTLINE")[1]["state"] == "closed", "who whistled may look"
    case = deployed.ask("dispatch", "GET", f"/cases/{taken['ticket']}", "FRONT_DESK")[1]
    assert (case["state"], case["playbook"]) == ("verified", "xianlinli")

    def recorded() -> bool:
        entries = deployed.ask("ledger", "GET", f"/log/{taken['ticket']}", "FRONT_DESK")[1]["entries"]
        return "ticket.closed.v1" in [entry["type"] for entry in entries]

    def told() -> bool:
        return bool(deployed.ask("notify", "GET", f"/tickets/{taken['ticket']}/notices", "FRONT_DESK")[1]["notices"])

    wait_until(recorded, "the closure in the ledger")
    wait_until(told, "somebody told")  # notify hears of it by other queues than the ledger


def _whistle_of_the_readme(deployed: Compose, **changes: str) -> None:
    printed = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert printed is not None
    here = printed[1].replace("localhost:5672", f"127.0.0.1:{deployed.ports['AMQP_PORT']}")
    for before, after in changes.items():
        assert before in here
        here = here.replace(before, after)
    exec(compile(here.replace("…", deployed.secret("HOTLINE_BROKER_PASSWORD")), "README.md", "exec"), {})


def test_a_resident_reports_on_the_page_and_an_officer_sees_it(deployed: Compose) -> None:
    address = deployed.url("CONSOLE_PORT", "")
    with requests.Session() as resident, requests.Session() as officer:
        form = {"text": "楼道漏水，很滑", "category": "leak", "place": "shanqi-1/yangguang", "key": token_hex(8)}
        reported = resident.post(f"{address}/report", form, timeout=60)
        number = re.search(r'<strong class="number">(T\w+)</strong>', reported.text)
        assert number, reported.text
        officer.post(f"{address}/sign-in", {"account": OFFICER, "password": PASSWORD}, timeout=60)

        def at_work() -> bool:
            page = officer.get(f"{address}/tickets/{number[1]}", timeout=60).text
            return "楼道漏水，很滑" in page and "阳光物业" in page

        wait_until(at_work, "the officer's page of the ticket", 60)
        queue = officer.get(f"{address}/queue?category=leak", timeout=60)
        assert number[1] in queue.text
        assert 'role="alert"' not in queue.text
        csrf = re.search(r'name="csrf" value="(\w+)"', queue.text)
        assert csrf
        command = {"csrf": csrf[1], "key": token_hex(8), "command": "cancel"}
        ended = officer.post(f"{address}/tickets/{number[1]}/desk", command, timeout=60)
        assert "已撤回" in ended.text  # nobody of the other tests would handle it


def test_the_readmes_whistle_over_amqp_becomes_a_ticket(deployed: Compose, people: People) -> None:
    before = _listed(deployed)
    _whistle_of_the_readme(deployed)
    wait_until(lambda: len(_listed(deployed) - before) == 1, "the ticket")
    people.sent["of the readme"] = next(iter(_listed(deployed) - before))
    people.await_all_closed()


@pytest.fixture
def board(deployed: Compose, tmp_path: Path) -> Iterator[Path]:
    """The nameko service of docs/integrate.md, with the account that the page makes for it; the file it notes in."""
    made, secret = ExternalDeveloper(tmp_path), token_hex(8)
    for command in commands("docker", "compose", "exec", "rabbitmq"):
        words = [secret if word == "口令" else word for word in command]
        deployed.compose("exec", "-T", *words[3:])
    (run,) = commands("nameko", "run")
    process = made.begin(run, AMQP_URL=f"amqp://board:{secret}@127.0.0.1:{deployed.ports['AMQP_PORT']}/%2F")
    try:
        wait_until(
            lambda: BOARD_QUEUE in _broker(deployed, "list_consumers", "queue_name"),
            "nameko consumes",
            60,
            details=process.log_tail,
        )
        yield tmp_path / "board.db"
    finally:
        process.stop()
        _broker(deployed, "delete_user", "board")
        _broker(deployed, "delete_queue", BOARD_QUEUE)


def _broker(deployed: Compose, *words: str) -> str:
    return deployed.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "--quiet", *words)


def test_the_nameko_service_of_the_page_hears_of_a_ticket(deployed: Compose, people: People, board: Path) -> None:
    status, taken = deployed.ask("tickets", "POST", "/whistles", "HOTLINE", matter(0), "for-the-board")
    assert status == 202
    people.sent["for-the-board"] = taken["ticket"]

    def noted() -> list[tuple[str]]:
        with closing(sqlite3.connect(board)) as db:
            there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'opened'").fetchall()
            return db.execute("SELECT ticket FROM opened WHERE ticket = ?", (taken["ticket"],)).fetchall() if there else []

    wait_until(lambda: noted() == [(taken["ticket"],)], "it is on the board")
    people.await_all_closed()


def _listed(deployed: Compose) -> set[str]:
    return {ticket["id"] for ticket in deployed.ask("tickets", "GET", "/tickets?limit=200", "FRONT_DESK")[1]["tickets"]}


def test_every_target_is_up(deployed: Compose) -> None:
    asked = {job["job_name"] for job in load_yaml((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]}
    seen: list[tuple[str, str, str]] = []

    def all_up() -> bool:
        targets = deployed.prometheus("targets")["activeTargets"]
        seen[:] = [(one["labels"]["job"], one["health"], one["lastError"]) for one in targets]
        return {job for job, _, _ in seen} == asked and {health for _, health, _ in seen} == {"up"}

    wait_until(all_up, "every target up", 60, details=lambda: str(seen))


def test_every_rule_is_loaded_and_only_the_watchdog_fires(deployed: Compose) -> None:
    written = load_yaml((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))
    rules = [rule for group in deployed.prometheus("rules")["groups"] for rule in group["rules"]]
    assert {rule["name"] for rule in rules} == {rule["alert"] for group in written["groups"] for rule in group["rules"]}
    wait_until(
        lambda: {rule["health"] for group in deployed.prometheus("rules")["groups"] for rule in group["rules"]} == {"ok"},
        "every rule evaluated",
    )
    await_no_other_alert(deployed)


def test_a_dead_letter_calls_somebody_until_it_is_dropped(deployed: Compose) -> None:
    _whistle_of_the_readme(deployed, category="kategory")

    def firing() -> bool:
        alerts = deployed.prometheus("alerts")["alerts"]
        return {"alertname": "DeadLetter", "job": "tickets", "severity": "critical"} in [one["labels"] for one in alerts]

    wait_until(firing, "the alert", 90)
    wait_until(lambda: ("DeadLetter", "firing") in deployed.calls(), "somebody is called", 60)
    listed = deployed.whistle("tickets", "dead", "list", "tickets").splitlines()
    assert len(listed) == 1
    assert "category" in listed[0]
    assert deployed.whistle("tickets", "dead", "drop", "tickets", listed[0].split()[0], "--why", "a test") == "1 dropped\n"
    await_no_other_alert(deployed)
    wait_until(lambda: ("DeadLetter", "resolved") in deployed.calls(), "and told that it is over", 180)
    assert ("Watchdog", "firing") in deployed.calls()


def test_the_business_is_measured(deployed: Compose, people: People) -> None:
    people.await_all_closed()
    for expression in (
        'sum(whistle_tickets_opened_total{urgency="E2"})',
        'sum(whistle_tickets_closed_total{closure="satisfied"})',
        "max(whistle_ledger_entries)",
        'max(whistle_points{state="posted"})',
        'sum(whistle_notices_total{outcome="sent"})',
        'sum(whistle_events_handled_total{job="dispatch",outcome="applied"})',
        'sum(whistle_handler_duration_seconds_count{job="notify"})',
        "sum(rabbitmq_detailed_queue_messages >= bool 0)",
        'count(whistle_relay_leader{job="ledger"} == 1)',
    ):
        wait_until(lambda: deployed.measured(expression) > 0, expression, 60)  # noqa: B023
    wait_until(lambda: deployed.measured("sum(whistle_tickets_open) == bool 0") == 1, "no open ticket", 60)
