"""Codes that several contracts share. Words and meanings are those of the domain page."""

from enum import StrEnum


class EarlierFact(StrEnum):
    """A fact that came before a responder's command and left it without effect, in the order of a matter's life: the later
    counts."""

    SIGNED = "signed"
    CONTACTED = "contacted"
    REPORTED_IN = "reported_in"
    BREACHED = "breached"
    HANDED_UP = "handed_up"
    ESCALATED = "escalated"
    FAILED = "failed"
    AGREED = "agreed"
    RETURNED = "returned"
    RULED = "ruled"
    EXCUSED = "excused"
    FINISHED = "finished"
    HANDLED = "handled"
    VERIFIED = "verified"
    RELIEVED = "relieved"
    PAUSED = "paused"
    RESUMED = "resumed"
    REROUTED = "rerouted"
    COMPLETED = "completed"
    PERFORMED = "performed"
    MERGED = "merged"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class Urgency(StrEnum):
    """The urgency of a matter, independent of its level: E0 life and safety, E1 utilities and extreme weather, E2 general, E3
    complex."""

    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"


class CoordinateSystem(StrEnum):
    """The system of a coordinate: phones use WGS-84, Amap GCJ-02, Baidu BD-09. They differ by hundreds of metres."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


class Channel(StrEnum):
    """The channel by which a whistle came in."""

    PERSON = "person"
    PATROL = "patrol"
    VISIT = "visit"
    HOTLINE = "hotline"
    MINI_PROGRAM = "mini_program"
    SENSOR = "sensor"
    WALK_IN = "walk_in"


class AreaKind(StrEnum):
    """The kind of an area. Grids nest in communities, these in streets, these in districts; blocks and estates cut across
    grids."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BLOCK = "block"
    ESTATE = "estate"


class Role(StrEnum):
    """The role of a responder in the areas that it serves."""

    PROPERTY = "property"
    OWNERS_COMMITTEE = "owners_committee"
    GRID_WORKER = "grid_worker"
    HOUSEHOLD_LEADER = "household_leader"
    PATROL = "patrol"
    LIAISON = "liaison"
    MEDIATOR = "mediator"
    DEPARTMENT = "department"
    POLICE = "police"
    SUPERVISOR = "supervisor"


class Purpose(StrEnum):
    """The purpose of an assignment. A unit that handled may not verify."""

    HANDLE = "handle"
    VERIFY = "verify"


class Command(StrEnum):
    """A report that a responder can make about an assignment."""

    SIGN = "sign"
    CONTACT = "contact"
    REPORT_IN = "report_in"
    PROGRESS = "progress"
    RETURN = "return"
    HAND_UP = "hand_up"
    HANDLE = "handle"
    VERIFY = "verify"
    CLAIM = "claim"
    FINISH = "finish"
    EXCUSE = "excuse"
    RULE = "rule"
    EXTEND = "extend"
    PAUSE = "pause"
    RESUME = "resume"
    SESSION = "session"
    AGREE = "agree"
    FAIL = "fail"
    PERFORM = "perform"


class Respond(StrEnum):
    """The ways in which a level of a playbook responds."""

    ASSIGN = "assign"
    OFFER = "offer"
    MEDIATE = "mediate"
    CONVENE = "convene"


class Party(StrEnum):
    """A party of a mediation, whose consent is required."""

    APPLICANT = "applicant"
    RESPONDENT = "respondent"


class ReturnReason(StrEnum):
    """The reason for which a unit returns an assignment as not its own."""

    NOT_MY_AREA = "not_my_area"
    NOT_MY_DUTY = "not_my_duty"
    NEEDS_ANOTHER = "needs_another"
    DUPLICATE = "duplicate"


class ReworkCause(StrEnum):
    """The cause for which a ticket goes back to work."""

    VERIFICATION = "verification"
    DISSATISFIED = "dissatisfied"


class UnmergeCause(StrEnum):
    """The cause for which a merged ticket continues by itself: the survivor ended unsolved, or the ticket's reporter reopened
    it."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REOPENED = "reopened"


class Likeness(StrEnum):
    """The sign by which a ticket looks like another, the strongest first: near on the map · the same address · the same
    reporter."""

    PLACE = "place"
    ADDRESS = "address"
    REPORTER = "reporter"


class RejectReason(StrEnum):
    """The reason for which a matter is not taken on; the notice names the route it has instead."""

    NOT_OURS = "not_ours"
    EMERGENCY = "emergency"
    IN_COURT = "in_court"
    NO_MATTER = "no_matter"
    ABUSE = "abuse"


class EscalationCause(StrEnum):
    """The cause for which a case moved up a level."""

    BREACHED = "breached"
    HANDED_UP = "handed_up"
    UNREACHABLE = "unreachable"
    PARALLEL = "parallel"
    FAILED = "failed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RETURNED = "returned"


class ExhaustionCause(StrEnum):
    """The cause for which the supervisor is called."""

    NO_PLAYBOOK = "no_playbook"
    NO_RESPONDER = "no_responder"
    NO_VERIFIER = "no_verifier"
    LAST_LEVEL = "last_level"


class Outcome(StrEnum):
    """The outcome with which responders completed a case."""

    HANDLED = "handled"
    AGREED = "agreed"
    JOINT = "joint"


class WarningStage(StrEnum):
    """The stage of a warning: 催办 at half and at four fifths of the time; 通报 at twice the time; then the top of the chain is
    called."""

    URGE_HALF = "urge_half"
    URGE_MOST = "urge_most"
    REPORT_UP = "report_up"
    TOP_CALLED = "top_called"


class Asked(StrEnum):
    """A decision that a case asks of its supervisors: which unit does it, which unit verifies it, whether it gets more time."""

    RULING = "ruling"
    VERIFIER = "verifier"
    EXTENSION = "extension"


class ClockStage(StrEnum):
    """The consequence of a clock's mark: the unit is urged at half and at four fifths of the time; on breach the case escalates
    or a supervisor is called; at twice the time it is reported up; then the top of the chain is called."""

    URGE_HALF = "urge_half"
    URGE_MOST = "urge_most"
    ESCALATE = "escalate"
    SUPERVISE = "supervise"
    REPORT_UP = "report_up"
    TOP_CALLED = "top_called"


class Refusal(StrEnum):
    """The reason for which a command cannot be given now."""

    TOO_LATE = "too_late"
    NOT_ASSIGNED = "not_assigned"
    NOT_SUPERVISOR = "not_supervisor"
    SELF_VERIFICATION = "self_verification"
    NO_CONSENT = "no_consent"
    NO_SESSION = "no_session"
    NO_MEDIATION = "no_mediation"
    NO_AGREEMENT = "no_agreement"
    IN_MEDIATION = "in_mediation"
    MOVES_NO_MORE = "moves_no_more"
    IN_JOINT_ACTION = "in_joint_action"
    NO_JOINT_ACTION = "no_joint_action"
    NOT_EXCUSABLE = "not_excusable"
    NO_RETURN_LEFT = "no_return_left"
    NO_EXTENSION = "no_extension"
    NO_RULING_ASKED = "no_ruling_asked"
    POLICE_MATTER = "police_matter"
    TICKET_PARKED = "ticket_parked"
    NOT_TAKEN = "not_taken"
    NOT_NOW = "not_now"


class Request(StrEnum):
    """A request of a resident, or of somebody on duty on the resident's behalf."""

    CONSENT = "consent"
    WITHDRAW = "withdraw"
    RATE = "rate"
    REOPEN = "reopen"
    CANCEL = "cancel"


class LinkPurpose(StrEnum):
    """The purpose of a resident's signed link. Consent (the applicant's) and respond (the respondent's) can also be withdrawn
    by it."""

    RATE = "rate"
    CONSENT = "consent"
    REOPEN = "reopen"
    CANCEL = "cancel"
    RESPOND = "respond"


class Receipt(StrEnum):
    """A gateway's receipt for a notice: it arrived · it did not arrive this time · it can never arrive over this channel."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"


class FallbackReason(StrEnum):
    """The reason for another language than the one asked for: there is no text in it · only in another script · it is not a
    valid tag."""

    NO_TEXT = "no_text"
    OTHER_SCRIPT = "other_script"
    NOT_A_TAG = "not_a_tag"


class CancelReason(StrEnum):
    """The reason for which a notice was cancelled: a later event superseded it · its unit was relieved · its unit retired."""

    SUPERSEDED = "superseded"
    RELIEVED = "relieved"
    RETIRED = "retired"


class Closure(StrEnum):
    """The result with which a ticket was closed. The last two are counted apart from satisfaction."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    NO_ANSWER = "no_answer"
    NO_CONTACT = "no_contact"


class Clock(StrEnum):
    """A clock. Contact and handle are case clocks; sign, report_in, handle_within and verify run per assignment."""

    CONTACT = "contact"
    HANDLE = "handle"
    SIGN = "sign"
    REPORT_IN = "report_in"
    HANDLE_WITHIN = "handle_within"
    VERIFY = "verify"


class TicketState(StrEnum):
    """The state of a ticket."""

    OPEN = "open"
    HANDLING = "handling"
    HANDLED = "handled"
    VERIFYING = "verifying"
    REVISITING = "revisiting"
    CLOSED = "closed"
    REOPENED = "reopened"
    PARKED = "parked"
    REJECTED = "rejected"
    MERGED = "merged"
    CANCELLED = "cancelled"


class TicketCommand(StrEnum):
    """A command that a person gives on a ticket: somebody on duty, or its reporter."""

    REJECT = "reject"
    MERGE = "merge"
    PARK = "park"
    RESUME = "resume"
    RAISE_URGENCY = "raise_urgency"
    RATE = "rate"
    REOPEN = "reopen"
    CANCEL = "cancel"
    CHANGE_CATEGORY = "change_category"
    CORRECT_CONTACT = "correct_contact"
    NOTE = "note"
    SPLIT = "split"


class CommandRefusal(StrEnum):
    """The reason for which a ticket does not allow a command: its state · the time is over · the urgency is the highest · it is
    a police matter · the matter goes on as another ticket."""

    NOT_NOW = "not_now"
    TOO_LATE = "too_late"
    HIGHEST_URGENCY = "highest_urgency"
    POLICE_MATTER = "police_matter"
    GOES_ON_ELSEWHERE = "goes_on_elsewhere"


class Truth(StrEnum):
    """The answer to a yes-or-no question of a query string."""

    TRUE = "true"
    FALSE = "false"


class CaseState(StrEnum):
    """The state of a case."""

    WORKING = "working"
    COMPLETED = "completed"
    VERIFIED = "verified"
    EXHAUSTED = "exhausted"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """The progress of an assignment, in order."""

    MADE = "made"
    SIGNED = "signed"
    CONTACTED = "contacted"
    REPORTED_IN = "reported_in"
    DONE = "done"
    ENDED = "ended"
    """Returned, relieved or excused: the responder has nothing more to do."""


class NoticeState(StrEnum):
    """The state of a notice."""

    HELD = "held"
    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"
