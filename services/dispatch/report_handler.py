"""The handling of responders' reports and parties' requests, over HTTP and AMQP alike."""

from collections.abc import Mapping
from datetime import datetime

from chassis.effects import DomainEvent, Effects, Refused
from chassis.handler_context import HandlerContext
from chassis.signed_links import Grant, Links, UsedLink
from contracts.codes import LinkPurpose, Party
from contracts.events import dispatch as events
from contracts.events import intake
from services.dispatch.case_effects import apply
from services.dispatch.domain import commands
from services.dispatch.domain.case import Case, MayNotSpeak, NotNow
from services.dispatch.domain.context import CaseContext
from services.dispatch.domain.lateness import TooLate
from services.dispatch.domain.report import Report
from services.dispatch.domain.responses import mediate, request_handler


def file_report(ticket: str, filed: intake.ReportFiled, ctx: HandlerContext, context: CaseContext) -> None:
    """Carry out a report on its case. Raises MayNotSpeak, Missing, and Refused by name, TooLate among it."""
    actor = ctx.commander()
    if not actor.speaks_for(filed.unit):
        raise MayNotSpeak(f"unit: account {actor.id!r} does not speak for it")
    report = Report(
        command=filed.command,
        unit=filed.unit,
        actor=actor.id,
        passed=filed.passed,
        reason=filed.reason,
        to=filed.to,
        until=filed.until,
        acted_at=filed.acted_at,
    )
    case = ctx.load(Case, ticket)
    apply(case, commands.execute(case, report, context), ctx)


def refusal(ticket: str, filed: intake.ReportFiled, actor: str, late: TooLate) -> Effects:
    """Return the event that tells a unit that its command had no effect."""
    told = events.ReportRefused(command=filed.command, unit=filed.unit, actor=actor, fact=late.fact, at=late.at)
    return Effects(DomainEvent(told, ticket))


LINK_OF: Mapping[Party, LinkPurpose] = {Party.APPLICANT: LinkPurpose.CONSENT, Party.RESPONDENT: LinkPurpose.RESPOND}
"""The link by which each party consents, and withdraws."""


def check_grant(grant: Grant, case: Case, at: datetime) -> None:
    """Let a party's link be used while a mediation of its generation goes on. Raises OutdatedLink, ExpiredLink, UsedLink."""
    grant.require(case.generation, at)
    try:
        mediate.going_on(case)
    except NotNow:
        raise UsedLink from None


def make_request(ticket: str, made: intake.RequestMade, ctx: HandlerContext, context: CaseContext, links: Links) -> None:
    """Carry out a party's request. A link speaks for its own party, somebody on duty for either.

    Raises BadLink, LinkOver.
    """
    if request_handler(made.request) is None:
        return
    party, grant = made.party or Party.APPLICANT, None
    if made.link:
        grant = links.read(made.link, ticket, LINK_OF[party])
    elif "desk" not in ctx.commander().roles:
        raise Refused("link: missing, and the sender is not somebody on duty")
    case = ctx.load(Case, ticket)
    if grant is not None:
        check_grant(grant, case, ctx.now)
    apply(case, commands.execute_request(case, made.request, party, context), ctx)
