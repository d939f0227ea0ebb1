"""The codes that several events share. Words and meanings are those of the domain page."""

from enum import StrEnum


class EarlierFact(StrEnum):
    """What came before a responder's command that has no effect. In the order of a matter's life: of two, the later counts."""

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
    """How fast, not how high: E0 life and safety, E1 utilities and extreme weather, E2 general, E3 complex."""

    E0 = "E0"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"


class CoordinateSystem(StrEnum):
    """Phones answer in WGS-84, Amap in GCJ-02, Baidu in BD-09; they differ by hundreds of metres."""

    WGS84 = "WGS-84"
    GCJ02 = "GCJ-02"
    BD09 = "BD-09"


class Channel(StrEnum):
    """How a whistle reached us."""

    PERSON = "person"
    PATROL = "patrol"
    VISIT = "visit"
    HOTLINE = "hotline"
    MINI_PROGRAM = "mini_program"
    SENSOR = "sensor"
    WALK_IN = "walk_in"


class AreaKind(StrEnum):
    """Grids nest in communities, communities in streets, streets in districts; blocks and estates cut across grids."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    GRID = "grid"
    BLOCK = "block"
    ESTATE = "estate"


class Role(StrEnum):
    """What a responder is to the areas it serves."""

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
    """Why an assignment was made. Who handled may not verify."""

    HANDLE = "handle"
    VERIFY = "verify"


class Command(StrEnum):
    """What a responder can report about an assignment."""

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
    """Who must consent to a mediation."""

    APPLICANT = "applicant"
    RESPONDENT = "respondent"


class ReturnReason(StrEnum):
    """Why a unit says "not mine"."""

    NOT_MY_AREA = "not_my_area"
    NOT_MY_DUTY = "not_my_duty"
    NEEDS_ANOTHER = "needs_another"
    DUPLICATE = "duplicate"


class ReworkCause(StrEnum):
    """Why a ticket goes back to work."""

    VERIFICATION = "verification"
    DISSATISFIED = "dissatisfied"


class UnmergeCause(StrEnum):
    """Why a merged ticket goes on by itself: the survivor ended without the matter being solved, or its reporter is back."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    REOPENED = "reopened"


class Likeness(StrEnum):
    """By what one ticket looks like another, the strongest first: near on the map · the same address · the same reporter."""

    PLACE = "place"
    ADDRESS = "address"
    REPORTER = "reporter"


class RejectReason(StrEnum):
    """Why a matter is not taken on; the notice tells the route it has instead."""

    NOT_OURS = "not_ours"
    EMERGENCY = "emergency"
    IN_COURT = "in_court"
    NO_MATTER = "no_matter"
    ABUSE = "abuse"


class EscalationCause(StrEnum):
    """Why a case moved up a level."""

    BREACHED = "breached"
    HANDED_UP = "handed_up"
    UNREACHABLE = "unreachable"
    PARALLEL = "parallel"
    FAILED = "failed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    RETURNED = "returned"


class ExhaustionCause(StrEnum):
    """Why the supervisor is called."""

    NO_PLAYBOOK = "no_playbook"
    NO_RESPONDER = "no_responder"
    NO_VERIFIER = "no_verifier"
    LAST_LEVEL = "last_level"


class Outcome(StrEnum):
    """How responders ended a case."""

    HANDLED = "handled"
    AGREED = "agreed"
    JOINT = "joint"


class WarningStage(StrEnum):
    """催办 at half and at four fifths of the time; 通报 when it is overdue as long again, then the top of the chain."""

    URGE_HALF = "urge_half"
    URGE_MOST = "urge_most"
    REPORT_UP = "report_up"
    TOP_CALLED = "top_called"


class Request(StrEnum):
    """What a resident, or somebody on duty on the resident's behalf, can ask."""

    CONSENT = "consent"
    WITHDRAW = "withdraw"
    RATE = "rate"
    REOPEN = "reopen"
    CANCEL = "cancel"


class LinkPurpose(StrEnum):
    """What a resident's signed link is for. Consent, the applicant's, and respond, the respondent's, also withdraw it."""

    RATE = "rate"
    CONSENT = "consent"
    REOPEN = "reopen"
    CANCEL = "cancel"
    RESPOND = "respond"


class Receipt(StrEnum):
    """What a gateway says of a notice that it took: it arrived · it did not, this time · it never can, this way."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"


class FallbackReason(StrEnum):
    """Why a notice is not in the language that was asked for: none of its texts is · only in another script · it is no tag."""

    NO_TEXT = "no_text"
    OTHER_SCRIPT = "other_script"
    NOT_A_TAG = "not_a_tag"


class CancelReason(StrEnum):
    """Why a notice was not sent: a later event made it pointless · its unit was relieved of the matter · its unit retired."""

    SUPERSEDED = "superseded"
    RELIEVED = "relieved"
    RETIRED = "retired"


class Closure(StrEnum):
    """Why a ticket was closed. The last two are counted apart from satisfaction."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    NO_ANSWER = "no_answer"
    NO_CONTACT = "no_contact"


class Clock(StrEnum):
    """Contact and case-handle are case clocks; sign, report in, handle_within and verify run per assignment."""

    CONTACT = "contact"
    HANDLE = "handle"
    SIGN = "sign"
    REPORT_IN = "report_in"
    HANDLE_WITHIN = "handle_within"
    VERIFY = "verify"


class TicketState(StrEnum):
    """Where the matter stands."""

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


class CaseState(StrEnum):
    """Where the work stands."""

    WORKING = "working"
    COMPLETED = "completed"
    VERIFIED = "verified"
    EXHAUSTED = "exhausted"
    WITHDRAWN = "withdrawn"


class Step(StrEnum):
    """How far an assignment is, in order."""

    MADE = "made"
    SIGNED = "signed"
    CONTACTED = "contacted"
    REPORTED_IN = "reported_in"
    DONE = "done"
    ENDED = "ended"
    """Returned, relieved or excused: nothing more is asked of it."""


class NoticeState(StrEnum):
    """How far a notice is."""

    HELD = "held"
    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"
