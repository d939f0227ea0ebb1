"""Several people of one unit act at the same moment: what has no effect is told to whoever did it, with what came first."""

import threading
import uuid
from collections.abc import Mapping
from typing import Any

from tests.chain.steps import PROPERTY, SECOND, close
from tests.kit.chain import Chain

ACCOUNT = "property"


def at_once(chain: Chain, ticket: str, *bodies: Mapping[str, Any]) -> list[tuple[int, dict[str, Any], str]]:
    """File these reports over HTTP in the same moment; answers status, body and key of each, in the order given."""
    answers: dict[int, tuple[int, dict[str, Any], str]] = {}
    ready = threading.Barrier(len(bodies))

    def file(number: int, body: Mapping[str, Any]) -> None:
        key = str(uuid.uuid4())
        ready.wait(20)
        status, answer, _ = report(chain, ticket, body, key)
        answers[number] = status, answer, key

    threads = [threading.Thread(target=file, args=one) for one in enumerate(bodies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [answers[number] for number in range(len(bodies))]


def report(chain: Chain, ticket: str, body: Mapping[str, Any], key: str) -> Any:
    """File one report over HTTP."""
    account = chain.account_of(body["unit"])
    return chain.stack.call("dispatch", "POST", "/reports", account, {"ticket": ticket, **body}, key)


def test_handle_and_return_at_the_same_moment_one_counts_and_the_other_is_told(chain: Chain) -> None:
    ticket = chain.whistle("parking", dispute=False)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    handle = {"unit": PROPERTY, "command": "handle"}
    give_back = {"unit": PROPERTY, "command": "return", "reason": "not_my_duty"}
    bodies = [handle, give_back, handle, give_back]
    answers = at_once(chain, ticket, *bodies)
    assert sorted(status for status, _, _ in answers) == [202, 409, 409, 409], answers
    won = bodies[next(number for number, (status, _, _) in enumerate(answers) if status == 202)]["command"]
    first = {"handle": ("handled", "completed"), "return": ("returned",)}[won]
    for body, (status, answer, key) in zip(bodies, answers, strict=True):
        again, repeated, _ = report(chain, ticket, body, key)
        assert (again, repeated) == (status, answer), "the same command again has the same answer"
        if status == 409:
            assert any(f"{fact} came first, at 20" in answer["detail"] for fact in first), answer
    if won == "handle":
        chain.expect(ticket, "case.completed", handled_by=[PROPERTY])
        chain.never(ticket, "assignment.returned")
    else:
        chain.expect(ticket, "assignment.made", to=SECOND)
        chain.never(ticket, "case.completed")


def test_every_report_that_is_taken_has_an_effect(chain: Chain) -> None:
    ticket = chain.whistle("parking", dispute=False)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    commands = {
        "sign": "assignment.signed",
        "contact": "assignment.contacted",
        "report_in": "assignment.reported_in",
        "handle": "assignment.handled",
        "hand_up": "assignment.handed_up",
        "return": "assignment.returned",
    }
    more = {"return": {"reason": "not_my_duty"}}
    bodies = [{"unit": PROPERTY, "command": command, **more.get(command, {})} for command in commands]
    answers = at_once(chain, ticket, *bodies, *bodies)
    assert {status for status, _, _ in answers} == {202, 409}, answers
    taken = [body["command"] for body, (status, _, _) in zip([*bodies, *bodies], answers, strict=True) if status == 202]
    for command in taken:
        chain.expect(ticket, commands[command])
    for command, type_ in commands.items():
        assert len(chain.of(ticket, type_)) == taken.count(command) <= 1, (command, taken)


def test_over_the_broker_the_unit_is_told_by_a_notice(chain: Chain) -> None:
    ticket = chain.whistle("parking", dispute=False)
    chain.expect(ticket, "assignment.made", to=PROPERTY)
    chain.act(ticket, PROPERTY, "handle")
    chain.expect(ticket, "case.completed")
    chain.act(ticket, PROPERTY, "hand_up")
    if chain.over_the_broker:
        refused = chain.expect(ticket, "report.refused", command="hand_up", unit=PROPERTY, fact="handled")
        assert refused["at"]
        chain.expect_notice(ticket, "report_refused", audience=PROPERTY)
    else:
        assert any("hand_up comes too late" in line for line in chain.dead())
    chain.never(ticket, "assignment.handed_up")
    close(chain, ticket)
