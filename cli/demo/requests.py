"""New York's service requests as whistles: `whistle.blown.v1`, with the moment at which each is blown.

The business time is `created_date`, read as local time of the deployment and moved by whole days so that the first falls on
behaviour.yaml's date. The data names nobody: who asks, and their telephone numbers, are invented from the seed.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from chassis.configuration.yaml_files import BadConfig
from cli.demo.boards import Boards, Community
from cli.demo.complaints import Complaints, Kind, Place, Way
from cli.demo.rules import Rules, draw
from contracts.codes import CoordinateSystem, RejectReason, Urgency
from services.tickets.domain.whistle import ticket_id, urgency_of

T = TypeVar("T")

COLUMNS = (
    "unique_key",
    "created_date",
    "complaint_type",
    "descriptor",
    "incident_zip",
    "incident_address",
    "city",
    "intersection_street_1",
    "intersection_street_2",
    "community_board",
    "open_data_channel_type",
    "latitude",
    "longitude",
)
"""The columns that are read, of forty-one."""


@dataclass(frozen=True)
class Whistle:
    """A request of the file as a whistle: its data, time and account, and the facts that follow.

    ``id`` is the request's `unique_key`: the producer's own id, so that the same one twice is one ticket. ``refer``: no
    playbook takes it, and the desk is to refuse it for this reason.
    """

    id: str
    ticket: str
    account: str
    at: datetime
    data: Mapping[str, Any]
    urgency: Urgency
    community: Community
    refer: RejectReason | None


def source(account: str) -> str:
    """Return the source of an account's commands."""
    return f"/{account}"


def read_whistles(path: Path, complaints: Complaints, boards: Boards, rules: Rules, zone: tzinfo) -> tuple[Whistle, ...]:
    """Return every row, in the order of time. Raises BadConfig with file, row and reason."""
    rows = _rows(path)
    moments = [_moment(path, number, row["created_date"], zone) for number, row in enumerate(rows, start=1)]
    late = rules.start - min(moments).astimezone(zone).date()
    made = []
    for number, (row, moment) in enumerate(zip(rows, moments, strict=True), start=1):
        try:
            made.append(_whistle(row, moment + late, complaints, boards, rules))
        except ValueError as wrong:
            raise BadConfig(f"{path}: row {number}: {wrong}") from None
    if len({one.id for one in made}) < len(made):
        raise BadConfig(f"{path}: unique_key: two rows have the same")
    return tuple(sorted(made, key=lambda one: (one.at, one.id)))


def _rows(path: Path) -> Sequence[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
            if missing:
                raise BadConfig(f"{path}: columns: missing {', '.join(missing)}")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as unreadable:
        raise BadConfig(f"{path}: {unreadable}") from None
    if not rows:
        raise BadConfig(f"{path}: rows: there are none")
    return rows


def _moment(path: Path, number: int, text: str, zone: tzinfo) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except ValueError as wrong:
        raise BadConfig(f"{path}: row {number}: created_date: {wrong}") from None


def _whistle(row: Mapping[str, str], at: datetime, complaints: Complaints, boards: Boards, rules: Rules) -> Whistle:
    kind = _listed(complaints.kinds, row, "complaint_type")
    community = _listed(boards.communities, row, "community_board")
    way = _listed(complaints.ways, row, "open_data_channel_type")
    key = row["unique_key"]
    raised = min(kind.urgency, complaints.descriptors.get(row["descriptor"], kind.urgency), key=lambda one: one.value)
    return Whistle(
        id=key,
        ticket=ticket_id(source(way.account), key),
        account=way.account,
        at=at,
        data=_said(row, kind, raised, community, way, rules),
        urgency=urgency_of(kind.category.urgency, raised),
        community=community,
        refer=kind.category.refer,
    )


def _listed(known: Mapping[str, T], row: Mapping[str, str], column: str) -> T:
    if row[column] not in known:
        raise ValueError(f"{column}: {row[column]!r} is not listed in the files beside it")
    return known[row[column]]


def _said(
    row: Mapping[str, str], kind: Kind, urgency: Urgency, community: Community, way: Way, rules: Rules
) -> Mapping[str, Any]:
    address = _address(row)
    said: dict[str, Any] = {
        "category": kind.category.code,
        "area": community.grid_of(row["incident_zip"] or row["unique_key"]),
        "channel": way.channel.value,
        "text": ": ".join(part for part in (row["complaint_type"], row["descriptor"]) if part),
        "dispute": kind.dispute,
    }
    if kind.place is Place.ESTATE:
        said["estate"] = community.estate_of(address or row["unique_key"])
    if address:
        said["address"] = address
    if row["latitude"] and row["longitude"]:
        said["location"] = {
            "lat": float(row["latitude"]),
            "lon": float(row["longitude"]),
            "system": CoordinateSystem.WGS84.value,
        }
    if urgency is not kind.category.urgency:
        said["urgency"] = urgency.value
    if reporter := None if way.unasked else _reporter(row["unique_key"], rules):
        said["reporter"] = reporter
    return said


def _address(row: Mapping[str, str]) -> str:
    """Return the house, or the two crossing streets; empty where the request names neither."""
    crossing = " / ".join(part for part in (row["intersection_street_1"], row["intersection_street_2"]) if part)
    return ", ".join(part for part in (row["incident_address"] or crossing, row["city"]) if part)


def _reporter(key: str, rules: Rules) -> Mapping[str, str] | None:
    random = Random(f"{rules.seed}|reporter|{key}")
    if random.randrange(100) < rules.silent:
        return None
    return {"name": f"市民{key[-4:]}", "phone": f"000-{key}", "locale": draw(rules.locales, random)}
