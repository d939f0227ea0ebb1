"""complaints.yaml: the category, place and urgency of each of New York's complaint types."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from marshmallow import Schema
from marshmallow import fields as plain

from cli.demo.schemas import code, load_checked, nested, refuse_unless, table
from contracts.codes import Channel, RejectReason, Urgency


class Place(StrEnum):
    """The place of a matter: an estate, whose property company comes first, or the street."""

    ESTATE = "estate"
    STREET = "street"


@dataclass(frozen=True, slots=True)
class Category:
    """A registered category. ``refer``: no playbook takes it, and the desk rejects it for this reason."""

    code: str
    urgency: Urgency
    dispute: bool
    refer: RejectReason | None


@dataclass(frozen=True, slots=True)
class Kind:
    """The category, place, urgency and dispute of a complaint type."""

    category: Category
    place: Place
    urgency: Urgency
    dispute: bool


@dataclass(frozen=True, slots=True)
class Way:
    """The channel of a complaint, and the account that forwards it. ``unasked``: there is nobody to answer."""

    channel: Channel
    account: str
    unasked: bool


@dataclass(frozen=True)
class Complaints:
    """The content of the file. ``descriptors`` raise the urgency."""

    categories: Mapping[str, Category]
    kinds: Mapping[str, Kind]
    descriptors: Mapping[str, Urgency]
    ways: Mapping[str, Way]


class _Category(Schema):
    zh = plain.String(required=True)
    urgency = plain.Enum(Urgency, by_value=True, required=True)
    dispute = plain.Boolean(load_default=False)
    refer = plain.Enum(RejectReason, by_value=True, load_default=None)


class _Complaint(Schema):
    category = code("a category of this file")
    place = plain.Enum(Place, by_value=True, required=True)
    urgency = plain.Enum(Urgency, by_value=True)
    dispute = plain.Boolean()


class _Way(Schema):
    channel = plain.Enum(Channel, by_value=True, required=True)
    account = code("who passes it on")
    unasked = plain.Boolean(load_default=False)


class _File(Schema):
    categories = table(nested(_Category))
    complaints = table(nested(_Complaint))
    descriptors = plain.Dict(keys=plain.String(), values=plain.Enum(Urgency, by_value=True), load_default=dict)
    channels = table(nested(_Way))


def read_complaints(path: Path) -> Complaints:
    """Return the file's content. Raises BadConfig with file, path and reason."""
    loaded = load_checked(_File, path)
    categories = {
        name: Category(name, one["urgency"], one["dispute"], one["refer"]) for name, one in loaded["categories"].items()
    }
    kinds = {}
    for type_, one in loaded["complaints"].items():
        where = f"complaints.{type_}"
        refuse_unless(one["category"] in categories, path, f"{where}.category", f"{one['category']!r} is not in categories")
        category = categories[one["category"]]
        urgency = one.get("urgency", category.urgency)
        lower = urgency.value > category.urgency.value
        refuse_unless(not lower, path, f"{where}.urgency", f"a whistle cannot lower {category.urgency.value}")
        kinds[type_] = Kind(category, one["place"], urgency, one.get("dispute", category.dispute))
    ways = {name: Way(**one) for name, one in loaded["channels"].items()}
    return Complaints(categories, kinds, loaded["descriptors"], ways)
