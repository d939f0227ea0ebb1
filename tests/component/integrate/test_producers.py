"""Producers that are none of ours: pika and aio-pika, in both modes of CloudEvents, as docs/integrate.md has them."""

from __future__ import annotations

import pytest

from tests.component.broker import Broker
from tests.kit.external_developer import ExternalDeveloper, commands
from tests.kit.processes import wait_until
from tests.kit.stack import LISTENER, Stack

PROGRAMS = ("blow_pika.py", "blow_aio_pika.py")
each_program = pytest.mark.parametrize("program", PROGRAMS)


@each_program
@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_a_whistle_blown_twice_is_one_ticket(program: str, mode: str, deployed: Stack, elsewhere: ExternalDeveloper) -> None:
    id_ = f"{program}-{mode}"
    before = _repeated(deployed)
    for _ in range(2):
        done = elsewhere.run(["python", program, mode, id_], AMQP_URL=deployed.amqp("hotline"))
        assert done.returncode == 0, done.stderr
    wait_until(lambda: _repeated(deployed) > before, "the second was taken", details=lambda: deployed.log("tickets"))
    taken = deployed.rows("tickets", "SELECT state FROM inbox WHERE source = '/hotline' AND event_id LIKE %s", f"{id_}%")
    assert taken == [("applied",)], "the repetition is neither another whistle nor a dead letter"
    opened = "SELECT count(*) FROM tickets JOIN whistles ON whistles.ticket = tickets.id WHERE producer_id = %s"
    assert deployed.rows("tickets", opened, id_) == [(1,)]


def _repeated(deployed: Stack) -> float:
    return deployed.metric("tickets", "whistle_events_handled_total", outcome="duplicate")


@pytest.mark.parametrize(("program", "told"), list(zip(PROGRAMS, ("UnroutableError", "PublishError"), strict=True)))
def test_where_nobody_listens_the_producer_is_told(
    program: str, told: str, virtual_host: Broker, elsewhere: ExternalDeveloper
) -> None:
    done = elsewhere.run(["python", program, "binary", "unheard"], AMQP_URL=virtual_host.url)
    assert done.returncode == 1
    assert told in done.stderr


@each_program
def test_a_listener_may_not_whistle(program: str, deployed: Stack, elsewhere: ExternalDeveloper) -> None:
    done = elsewhere.run(["python", program, "binary", "refused"], AMQP_URL=deployed.amqp(LISTENER))
    assert done.returncode == 1
    assert "ACCESS_REFUSED" in done.stderr


def test_the_page_runs_each_program_and_each_mode() -> None:
    ran = [(program, mode) for _, program, mode, *_ in commands("python") if program in PROGRAMS]
    assert sorted(ran) == [("blow_aio_pika.py", "structured"), ("blow_pika.py", "binary")]
