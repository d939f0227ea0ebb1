"""The codes that several events share. Words and meanings are those of the domain page."""

from enum import StrEnum


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
    GRID_WORKER = "grid_worker"
    MEDIATOR = "mediator"
    DEPARTMENT = "department"
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
    HANDLE = "handle"
    VERIFY = "verify"


class Request(StrEnum):
    """What a resident, or somebody on duty on the resident's behalf, can ask."""

    RATE = "rate"


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
