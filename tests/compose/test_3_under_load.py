"""Two processes of a service, a kill and a rolling restart while whistles keep coming: nothing is lost, nothing doubled."""

from __future__ import annotations

import json

from tests.compose.deployed import Compose, await_no_other_alert
from tests.compose.people import SOURCE, People
from tests.kit.deployment import SERVICES
from tests.kit.processes import wait_until


def test_a_second_process_a_kill_and_a_rolling_restart(deployed: Compose, people: People) -> None:
    with people.loaded():
        people.await_progress(5)
        _scale(deployed, people)
        _kill(deployed, people)
        for service in SERVICES:
            _restart(deployed, people, service)
    people.await_all_closed()
    prove(deployed, people)


def _scale(deployed: Compose, people: People) -> None:
    deployed.up("--no-recreate", "--scale", "dispatch=2")
    deployed.await_healthy("dispatch", 2)
    wait_until(lambda: deployed.measured('sum(up{job="dispatch"})') == 2, "both are asked for metrics", 60)
    wait_until(lambda: deployed.measured('sum(whistle_relay_leader{job="dispatch"})') == 1, "one of them leads", 60)
    people.await_progress(5)


def _kill(deployed: Compose, people: People) -> None:
    """Both, one after the other: so the one that leads is among them. Docker starts each again."""
    for index in (1, 2):
        before = [one["RestartCount"] for one in deployed.containers("dispatch")]
        deployed.kill_inside("dispatch", index)
        wait_until(
            lambda before=before: sum(one["RestartCount"] for one in deployed.containers("dispatch")) > sum(before),
            "it was started again",
        )
        deployed.await_healthy("dispatch", 2)
        people.await_progress(5)


def _restart(deployed: Compose, people: People, service: str) -> None:
    """A stop is orderly: the process ends by itself, before the grace is over."""
    stops = deployed.log(service, 100_000).count("stopped in order")
    processes = len(deployed.containers(service))
    deployed.compose("restart", "--no-deps", service)
    assert deployed.log(service, 100_000).count("stopped in order") == stops + processes
    deployed.await_healthy(service, processes)
    people.await_progress(3)


def prove(deployed: Compose, people: People) -> None:
    """By rows alone: what was taken against the four stores."""
    sent = [[SOURCE, key] for key in people.sent if key != "of the readme"]
    (deployed.files / "sent.json").write_text(json.dumps(sent))
    (deployed.files / "sent.json").chmod(0o644)
    reconcile = ("run", "--rm", "--no-deps", "-T", "migrate", "reconcile", "--settled", "--sent", "/etc/whistle/sent.json")
    wait_until(
        lambda: deployed.tried(*reconcile).returncode == 0, "reconciled", 60, details=lambda: _said(deployed, *reconcile)
    )
    found = json.loads(deployed.compose(*reconcile))
    assert (found["lost"], found["doubled"]) == ([], [])
    assert found["counts"]["closed"] == found["counts"]["tickets"] == len(people.sent)


def _said(deployed: Compose, *words: str) -> str:
    done = deployed.tried(*words)
    return done.stdout[-3000:] + done.stderr[-2000:]


def test_down_and_up_again_keeps_everything(deployed: Compose, people: People) -> None:
    """`make down`, `make up`: the same secrets, the same data, and one process of each again."""
    secrets, log = deployed.env_file.read_text(), deployed.ask("ledger", "GET", "/log", "FRONT_DESK")[1]
    deployed.compose("down", "--timeout", "90")
    deployed.make_secrets()
    deployed.up()
    assert deployed.env_file.read_text() == secrets
    deployed.await_healthy("dispatch", 1)
    assert deployed.ask("ledger", "GET", "/log", "FRONT_DESK")[1]["size"] >= log["size"]
    people.whistle()
    people.await_all_closed()
    prove(deployed, people)
    await_no_other_alert(deployed)
