"""The ways in which a level of a playbook responds, one module each.

Add a way to respond in three steps: write its module beside `assign`, `mediate` and `convene`, add it to `RESPONSES`, and
declare its word, events and commands in contracts.
"""

from contracts.codes import Command, EarlierFact, Request, Respond
from contracts.payload import EventPayload
from services.dispatch.domain.case import Case
from services.dispatch.domain.entities import Assignment, LevelRun
from services.dispatch.domain.responses.assign import Assign
from services.dispatch.domain.responses.convene import Convene
from services.dispatch.domain.responses.mediate import Mediate
from services.dispatch.domain.responses.response import Response, TakeCommand, TakeRequest, TakeTimer

ASSIGN = Assign()
RESPONSES: dict[Respond, Response] = {one.respond: one for one in (ASSIGN, Mediate(), Convene())}
"""The registry: every response by the word of the playbook that names it."""


def response_of(respond: Respond) -> Response:
    """Return the response that a level of a playbook names."""
    return RESPONSES[respond]


def all_responses() -> tuple[Response, ...]:
    """Return every response, in the order of registration."""
    return tuple(RESPONSES.values())


def response_of_run(case: Case, run: LevelRun) -> Response:
    """Return the response of a level run of any generation.

    The state that a run carries decides, since the playbook may have changed since. A run without the state that its level's
    response keeps was begun by a supervisor's ruling, and responds by assigning.
    """
    if run.response_state is not None:
        return next(one for one in all_responses() if one.state_class is type(run.response_state))
    if run.generation != case.generation:
        return ASSIGN
    named = response_of(case.level(run).respond)
    return ASSIGN if named.state_class else named


def response_of_assignment(case: Case, assignment: Assignment) -> tuple[Response, LevelRun]:
    """Return the response that an assignment of this generation is part of, and its level run."""
    run = case.level_run(assignment.level_index)
    return response_of_run(case, run), run


def command_handler(command: Command) -> TakeCommand | None:
    """Return the handler of a command that one response alone takes; None where none does."""
    return next((one.commands[command] for one in all_responses() if command in one.commands), None)


def request_handler(request: Request) -> TakeRequest | None:
    """Return the handler of a party's request; None where no response takes it."""
    return next((one.requests[request] for one in all_responses() if request in one.requests), None)


def timer_handlers() -> dict[str, TakeTimer]:
    """Return the handlers of the timers that responses arm, by kind."""
    return {kind: handler for one in all_responses() for kind, handler in one.timers.items()}


def earlier_fact(event: type[EventPayload]) -> EarlierFact | None:
    """Return the fact that an event of a response leaves in the case's history; None for any other event."""
    return next((one.earlier_facts[event] for one in all_responses() if event in one.earlier_facts), None)
