"""The table of notices: the recipients of each event, the template, and the values and link that its text may use.

An event without a rule is told to nobody. The texts stand in deploy/notices.yaml.
"""

from collections.abc import Iterator

from contracts.codes import CancelReason, EscalationCause, LinkPurpose, Urgency
from contracts.events import dispatch as d
from contracts.events import ledger
from contracts.events import tickets as t
from contracts.payload import EventPayload
from services.notify.domain.notice_planning import DUTY, PARTIES, RESIDENT, RESPONDENT, PlannedNotice, Rule
from services.notify.domain.superseder import (
    ASKED_AGAIN,
    ASSIGNMENT_OVER,
    CASE_OVER,
    CLOCK,
    CLOSED,
    CLOSED_OR_VERIFIED,
    MEDIATION_OVER,
    NEW_DUE_TIME,
    PERFORMED,
    Superseder,
    superseders,
)

BEFORE_THE_DAY = (1, 2)
"""The numbers of the questions about an agreement's performance that go to the mediator; later ones go to the supervisors."""

RULES: tuple[Rule, ...] = (
    # --- the resident
    Rule(
        t.TicketOpened,
        (RESIDENT,),
        "ticket_opened",
        unless={"urgency": (Urgency.E0,)},
        obsolete_after=CLOSED_OR_VERIFIED,
    ),
    Rule(
        t.TicketOpened,
        (RESIDENT,),
        "ticket_opened_urgent",
        when={"urgency": (Urgency.E0,)},
        urgent=True,
        obsolete_after=CLOSED_OR_VERIFIED,
    ),
    Rule(
        t.TicketVerified,
        (RESIDENT,),
        "ticket_verified",
        link=LinkPurpose.RATE,
        asks=True,
        obsolete_after=(*CLOSED, *superseders(t.TicketRated, t.TicketReworkOrdered)),
    ),
    Rule(
        t.TicketClosed,
        (RESIDENT,),
        "ticket_closed",
        variant="closure",
        link=LinkPurpose.REOPEN,
        followers=True,
        obsolete_after=superseders(t.TicketReopened),
    ),
    Rule(t.TicketRejected, (RESIDENT,), "ticket_rejected", variant="reason", obsolete_after=()),
    Rule(t.TicketMerged, (RESIDENT,), "ticket_merged", values=("into",), obsolete_after=superseders(t.TicketUnmerged)),
    Rule(
        t.TicketUnmerged,
        (RESIDENT,),
        "ticket_unmerged",
        variant="cause",
        values=("survivor",),
        followers=True,
        obsolete_after=CLOSED,
    ),
    Rule(t.TicketReopened, (RESIDENT,), "ticket_reopened", followers=True, obsolete_after=CLOSED_OR_VERIFIED),
    Rule(
        t.TicketParked,
        (RESIDENT,),
        "ticket_parked",
        values=("review_at",),
        followers=True,
        obsolete_after=(*CLOSED, Superseder(t.TicketResumed)),
    ),
    Rule(t.TicketCancelled, (RESIDENT,), "ticket_cancelled", obsolete_after=()),
    Rule(
        t.TicketReworkOrdered,
        (RESIDENT,),
        "ticket_rework",
        variant="cause",
        obsolete_after=CLOSED_OR_VERIFIED,
    ),
    Rule(
        d.CaseEscalated, (RESIDENT,), "case_escalated", unless={"cause": (EscalationCause.PARALLEL,)}, obsolete_after=CASE_OVER
    ),
    Rule(
        d.DeadlineExtended,
        (RESIDENT,),
        "deadline_extended",
        values=("due",),
        followers=True,
        obsolete_after=(*CASE_OVER, *NEW_DUE_TIME),
    ),
    Rule(
        d.DeadlineMoved,
        (RESIDENT,),
        "due_time_moved",
        when={"resident": (True,)},
        values=("due",),
        followers=True,
        obsolete_after=(*CASE_OVER, *NEW_DUE_TIME),
    ),
    # --- both parties of a mediation
    Rule(d.MediationOpened, (RESIDENT,), "mediation_opened", link=LinkPurpose.CONSENT, obsolete_after=MEDIATION_OVER),
    Rule(
        d.MediationOpened, (RESPONDENT,), "mediation_opened_respondent", link=LinkPurpose.RESPOND, obsolete_after=MEDIATION_OVER
    ),
    *(
        Rule(event, (party,), template, values=values, obsolete_after=obsolete_after)
        for event, template, values, obsolete_after in (
            (d.MediationSessionHeld, "mediation_session", ("number", "step"), MEDIATION_OVER),
            (d.MediationAgreed, "mediation_agreed", (), superseders(d.MediationNotPerformed, same=("mediation",))),
            (d.MediationFailed, "mediation_failed", (), ()),
            (d.MediationNotPerformed, "mediation_not_performed", (), ()),
        )
        for party in PARTIES
    ),
    # --- responders
    Rule(
        d.AssignmentMade,
        ("data:to",),
        "assignment_made",
        variant="purpose",
        matter=True,
        when={"joint_action": (None,)},
        obsolete_after=(*ASSIGNMENT_OVER, *superseders(d.CaseWithdrawn, reason=CancelReason.RELIEVED)),
    ),
    Rule(d.AssignmentRelieved, ("data:by",), "assignment_relieved", obsolete_after=()),
    Rule(
        d.JointActionCalled,
        ("data:units",),
        "joint_action_called",
        values=("lead",),
        matter=True,
        obsolete_after=(
            Superseder(d.JointActionUnitExcused, same=("joint_action",), audience="unit", reason=CancelReason.RELIEVED),
            Superseder(d.JointActionUnitFinished, same=("joint_action",), audience="unit"),
            Superseder(d.JointActionCompleted, same=("joint_action",)),
            *CASE_OVER,
        ),
    ),
    Rule(
        d.DeadlineMoved,
        ("data:to",),
        "deadline_moved",
        values=("clock", "before", "due"),
        obsolete_after=(*ASSIGNMENT_OVER, *NEW_DUE_TIME),
        case_clock_over=CASE_OVER,
    ),
    Rule(d.ReportRefused, ("data:unit",), "report_refused", values=("command", "fact", "at"), obsolete_after=()),
    # --- supervisors, and those on duty where the directory names nobody
    Rule(
        d.DeadlineWarned,
        ("data:to", DUTY),
        "deadline_warned",
        variant="stage",
        values=("clock", "due"),
        obsolete_after=(
            *ASSIGNMENT_OVER,
            *NEW_DUE_TIME,
            Superseder(d.DeadlineBreached, same=CLOCK),
            Superseder(d.DeadlineWarned, same=CLOCK, audience="to"),
        ),
        case_clock_over=CASE_OVER,
    ),
    Rule(
        d.DeadlineBreached,
        ("data:supervisor", DUTY),
        "deadline_breached",
        when={"assignment": (None,)},
        values=("clock", "due"),
        obsolete_after=(*CASE_OVER, *NEW_DUE_TIME),
    ),
    Rule(
        d.AssignmentReturned,
        ("data:ruling_by",),
        "ruling_asked",
        values=("by",),
        obsolete_after=(*CASE_OVER, Superseder(d.AssignmentRuled)),
    ),
    Rule(
        d.DeadlineExtensionAsked,
        ("data:supervisor", DUTY),
        "extension_asked",
        values=("due", "until"),
        obsolete_after=(*CASE_OVER, *NEW_DUE_TIME, *superseders(d.DeadlineExtensionRefused, same=CLOCK)),
    ),
    Rule(
        d.MediationPerformanceAsked,
        ("data:to", DUTY),
        "performance_asked",
        when={"number": BEFORE_THE_DAY},
        values=("perform_by",),
        obsolete_after=(*PERFORMED, *ASKED_AGAIN),
    ),
    Rule(
        d.MediationPerformanceAsked,
        ("data:to", DUTY),
        "performance_overdue",
        unless={"number": BEFORE_THE_DAY},
        values=("perform_by",),
        obsolete_after=(*PERFORMED, *ASKED_AGAIN),
    ),
    Rule(
        d.CaseExhausted,
        ("data:supervisor", DUTY),
        "case_exhausted",
        variant="cause",
        obsolete_after=(*CASE_OVER, Superseder(d.AssignmentRuled)),
    ),
    Rule(
        d.VerifierRequested,
        ("data:supervisor", DUTY),
        "verifier_requested",
        obsolete_after=superseders(d.AssignmentRuled, d.VerificationDone, d.CaseResumed, d.CaseWithdrawn),
    ),
    Rule(t.TicketUnattended, (DUTY,), "ticket_unattended", values=("waited_seconds",), urgent=True, obsolete_after=()),
    # --- what the ledger found wrong: something was said that it lacks, or one number was given twice
    Rule(
        ledger.GapFound, (DUTY,), "gap_found", values=("origin", "missing_from", "missing_to"), urgent=True, obsolete_after=()
    ),
    Rule(ledger.ForkFound, (DUTY,), "fork_found", values=("origin", "number"), urgent=True, obsolete_after=()),
)

WORK_TEMPLATES = frozenset(
    name for rule in RULES if rule.event in {d.AssignmentMade, d.JointActionCalled} for name in rule.templates()
)
"""The templates of notices that give work to a unit."""


def planned_notices(payload: EventPayload) -> Iterator[PlannedNotice]:
    """Yield the notices that an event calls for.

    Who is called to a joint action is named for it in the same breath: the call tells both, and that assignment tells nobody.
    """
    for rule in RULES:
        if rule.event.type == payload.type and rule.matches(payload):
            for audience in rule.audiences(payload):
                yield PlannedNotice(audience, rule.template_for(payload), rule)
