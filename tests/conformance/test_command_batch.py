"""HTTP commands at the same time share a transaction, and none decides about another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chassis.effects import Refused
from chassis.handler_context import HandlerContext
from chassis.http.command_batch import CommandBatches
from chassis.http.idempotency import Command, Effect, Kept
from chassis.http.problem import Problem
from chassis.persistence import StoreUnavailable
from tests.component.counting import Counter, Counting
from tests.component.statements import counted
from tests.conformance.test_after_commit import Hosted
from tests.kit.processes import wait_until

SECONDS = 30.0
Outcome = Kept | Exception


class Requests:
    """Requests of one service, each in a thread of its own. ``outcomes`` are by key."""

    def __init__(self, counting: Counting):
        runtime: Any = Hosted(counting)
        self.batches = CommandBatches(runtime)
        self.outcomes: dict[str, list[Outcome]] = {}
        self.carried_out: list[str] = []
        self._threads: list[threading.Thread] = []
        self._holds = 0

    def count(self, subject: str) -> Effect:
        """Return an effect that counts the subject up."""

        def effect(ctx: HandlerContext) -> Kept:
            self.carried_out.append(subject)
            counter = ctx.find(Counter, subject)
            if counter is None:
                counter = Counter(subject)
                ctx.add(counter)
            ctx.apply(counter.up("http"))
            return Kept(202, {"count": counter.count})

        return effect

    def send(self, key: str, effect: Effect, body: Any = None) -> None:
        """Send a command in a thread and return when it waits for its transaction, or runs it."""
        thread = threading.Thread(target=self._run, args=(Command("count", "a-link", key, {}, body), effect), daemon=True)
        before, is_held_up = self.waiting, self.batches._running > 0
        thread.start()
        self._threads.append(thread)
        if is_held_up:
            wait_until(lambda: self.waiting > before, f"{key} waits", SECONDS)

    def _run(self, command: Command, effect: Effect) -> None:
        try:
            outcome: Outcome = self.batches.run(command, effect)
        except Exception as wrong:
            outcome = wrong
        self.outcomes.setdefault(command.key, []).append(outcome)

    @property
    def waiting(self) -> int:
        """Requests without a transaction."""
        return len(self.batches._waiting)

    def join(self) -> None:
        """Wait for every answer."""
        for thread in self._threads:
            thread.join(SECONDS)
            assert not thread.is_alive()

    @contextmanager
    def held_up(self) -> Iterator[None]:
        """Within the block one command holds its transaction, and what is sent gathers behind it."""
        begun, go_on = threading.Event(), threading.Event()

        def hold(ctx: HandlerContext) -> Kept:
            begun.set()
            assert go_on.wait(SECONDS)
            return Kept(202, {})

        self._holds += 1
        self.send(f"first-{self._holds}", hold)
        assert begun.wait(SECONDS)
        try:
            yield
        finally:
            go_on.set()
        self.join()


@pytest.fixture
def requests(counting: Counting, monkeypatch: pytest.MonkeyPatch) -> Requests:
    """No request yet; each waits for the batch before its own, however long it takes."""
    monkeypatch.setattr("chassis.http.command_batch.MAX_WAIT_SECONDS", SECONDS)
    return Requests(counting)


def test_what_arrives_together_shares_a_transaction(counting: Counting, requests: Requests) -> None:
    with requests.held_up():
        for number in range(8):
            requests.send(f"k{number}", requests.count(f"s{number % 4}"))
    assert [outcome for key, (outcome,) in sorted(requests.outcomes.items()) if key != "first-1"] == [
        Kept(202, {"count": count}) for count in (1, 1, 1, 1, 2, 2, 2, 2)
    ]
    assert counting.counts == {f"s{number}": 2 for number in range(4)}
    assert len(requests.carried_out) == 8, "nothing was run twice"
    with counted(counting.store) as alone:
        requests.send("k8", requests.count("s0"))
        requests.join()
    with counted(counting.store) as together, requests.held_up():
        for number in range(9, 18):
            requests.send(f"k{number}", requests.count(f"s{number}"))
    assert len(together) < 4 * len(alone), "ten commands in two transactions"


def test_a_refused_command_harms_no_other(counting: Counting, requests: Requests) -> None:
    def refuse(ctx: HandlerContext) -> Kept:
        requests.count("refused")(ctx)
        raise Refused("never")

    with requests.held_up():
        requests.send("a", requests.count("a"))
        requests.send("bad", refuse)
        requests.send("b", requests.count("b"))
    assert isinstance(requests.outcomes["bad"][0], Refused)
    assert requests.outcomes["a"] == requests.outcomes["b"] == [Kept(202, {"count": 1})]
    assert counting.counts == {"a": 1, "b": 1}
    requests.send("bad", requests.count("refused"))
    requests.join()
    assert requests.outcomes["bad"][1:] == [Kept(202, {"count": 1})], "its key stayed unused"


def test_many_refused_commands_leave_the_others_theirs(counting: Counting, requests: Requests) -> None:
    def refuse(ctx: HandlerContext) -> Kept:
        raise Refused("never")

    with requests.held_up():
        for number in range(6):
            requests.send(f"bad{number}", refuse)
            requests.send(f"good{number}", requests.count(f"s{number}"))
    assert counting.counts == {f"s{number}": 1 for number in range(6)}
    assert all(isinstance(requests.outcomes[f"bad{number}"][0], Refused) for number in range(6))


@pytest.mark.parametrize("earlier", [False, True], ids=["in one batch", "done before"])
def test_one_key_has_one_effect(earlier: bool, counting: Counting, requests: Requests) -> None:
    if earlier:
        requests.send("k", requests.count("a"))
        requests.join()
    with requests.held_up():
        requests.send("k", requests.count("a"))
        requests.send("other", requests.count("b"))
        requests.send("k", requests.count("a"))
    assert set(map(repr, requests.outcomes["k"])) == {repr(Kept(202, {"count": 1}))}
    assert counting.counts == {"a": 1, "b": 1}


def test_one_key_with_another_body_is_told_so(counting: Counting, requests: Requests) -> None:
    with requests.held_up():
        requests.send("k", requests.count("a"), {"text": "one"})
        requests.send("k", requests.count("a"), {"text": "another"})
    kept, told = sorted(requests.outcomes["k"], key=lambda outcome: isinstance(outcome, Problem))
    assert kept == Kept(202, {"count": 1})
    assert isinstance(told, Problem)
    assert told.status == 409


def test_an_outage_is_told_to_all(counting: Counting, requests: Requests) -> None:
    def away(ctx: HandlerContext) -> Kept:
        raise StoreUnavailable("away")

    with requests.held_up():
        requests.send("a", requests.count("a"))
        requests.send("b", away)
        requests.send("c", requests.count("c"))
    assert [type(requests.outcomes[key][0]) for key in "abc"] == [StoreUnavailable] * 3
    assert counting.counts == {}


def test_whoever_runs_a_batch_may_be_ended(counting: Counting, requests: Requests) -> None:
    class Ended(BaseException):
        pass

    def end(ctx: HandlerContext) -> Kept:
        raise Ended

    def told(effect: Callable[[], None]) -> None:
        with pytest.raises(Ended):
            effect()

    with requests.held_up():
        requests._threads.append(threading.Thread(target=told, args=(lambda: requests._run(_command("ends"), end),)))
        requests._threads[-1].start()
        wait_until(lambda: requests.waiting == 1, "it waits", SECONDS)
        requests.send("a", requests.count("a"))
    assert isinstance(requests.outcomes["a"][0], StoreUnavailable)
    requests.send("a", requests.count("a"))
    requests.join()
    assert requests.outcomes["a"][1:] == [Kept(202, {"count": 1})]


def test_a_transaction_that_waits_holds_up_the_others_only_for_a_moment(
    counting: Counting, requests: Requests, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not counting.store.is_postgres:
        pytest.skip("SQLite has one writer: whoever waits for it waits for everybody")
    monkeypatch.setattr("chassis.http.command_batch.MAX_WAIT_SECONDS", 0.05)
    with requests.held_up():
        requests.send("a", requests.count("a"))
        requests.send("b", requests.count("b"))
        wait_until(lambda: "a" in requests.outcomes and "b" in requests.outcomes, "both are answered meanwhile", SECONDS)
        assert "first-1" not in requests.outcomes


def _command(key: str) -> Command:
    return Command("count", "a-link", key, {}, None)
