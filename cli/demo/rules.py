"""behaviour.yaml: the simulated behaviour. Situations, the courses of action in each of them, and their frequencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any

from marshmallow import Schema, ValidationError, validate
from marshmallow import fields as plain

from chassis.configuration.yaml_files import duration
from cli.demo.delay_syntax import BadDelay, Delay
from cli.demo.schemas import code, load_checked, nested, refuse_unless, table
from cli.demo.steps import STEPS
from contracts.codes import Urgency


class Situation(StrEnum):
    """A situation that a person may meet: an assignment to a kind of unit, or a published event."""

    PROPERTY = "property"
    DEPARTMENT = "department"
    POLICE = "police"
    TEAM = "team"
    GRID_WORKER = "grid_worker"
    CONSENT = "consent"
    MEDIATION = "mediation"
    REFUSED = "refused"
    AGREED = "agreed"
    NOT_LOOKED_AT = "not_looked_at"
    RETURNED = "returned"
    EXHAUSTED = "exhausted"
    EXTENSION = "extension"
    OPENED = "opened"
    REFERRED = "referred"
    PROPOSED = "proposed"
    VERIFIED = "verified"
    CLOSED_SATISFIED = "closed_satisfied"
    CLOSED_DISSATISFIED = "closed_dissatisfied"
    CLOSED_NO_ANSWER = "closed_no_answer"
    CLOSED_NO_CONTACT = "closed_no_contact"


Course = tuple[tuple[str, Delay], ...]
"""The steps of a course, each with its delay after the one before."""
ANYBODY = "anybody"
"""The character of weights that are the same for all."""


@dataclass(frozen=True)
class Conduct:
    """The courses of action in a situation. ``weights`` are by character, then by course."""

    courses: Mapping[str, Course]
    weights: Mapping[str, Mapping[str, int]]

    def draw(self, random: Random, character: str) -> Course:
        """Return one course, drawn by weight."""
        weights = self.weights.get(character) or self.weights[ANYBODY]
        return self.courses[draw(weights, random)]


@dataclass(frozen=True)
class Rules:
    """The content of the file.

    ``proof`` is how often each branch is to occur in the whole night. ``pace`` is the part of the usual time that it takes.
    ``review`` and ``shelf`` are for how long a ticket is parked. ``departments`` are the categories that each leads. ``silent``
    is the per cent who leave no telephone number.
    """

    seed: str
    start: date
    until: timedelta
    grid: timedelta
    proof: int
    pace: Mapping[Urgency, float]
    extension: timedelta
    review: timedelta
    shelf: timedelta
    departments: Mapping[str, tuple[str, ...]]
    characters: Mapping[str, int]
    silent: int
    locales: Mapping[str, int]
    situations: Mapping[Situation, Conduct]

    @property
    def secret(self) -> str:
        """Return the deployment's secret, which salts digests: the same seed gives the same log. It protects nothing."""
        return f"demonstration of {self.seed}"


def draw(weights: Mapping[str, int], random: Random) -> str:
    """Return a name, drawn by weight."""
    return random.choices(list(weights), list(weights.values()))[0]


def _duration(value: Any) -> None:
    try:
        if not duration(value):
            raise ValueError("want more than nothing")
    except ValueError as wrong:
        raise ValidationError(str(wrong)) from None


def _some(weights: Mapping[str, int]) -> None:
    if not sum(weights.values()):
        raise ValidationError("Every weight is 0.")


def _weights(**how: Any) -> plain.Dict:
    whole = plain.Integer(strict=True, validate=validate.Range(0, 10**6))
    return plain.Dict(keys=plain.String(), values=whole, validate=[validate.Length(min=1), _some], **how)


def _span() -> plain.String:
    return plain.String(required=True, validate=_duration)


class _Department(Schema):
    zh = plain.String(required=True)
    categories = plain.List(code("a category"), required=True, validate=validate.Length(min=1))


class _Reporters(Schema):
    silent = plain.Integer(strict=True, required=True, validate=validate.Range(0, 100))
    locales = _weights(required=True)


class _Situation(Schema):
    steps = plain.Dict(keys=plain.String(validate=validate.OneOf(sorted(STEPS))), values=plain.String())
    courses = table(plain.List(steps))
    weights = _weights()
    by_character = plain.Dict(keys=plain.String(), values=_weights())


class _File(Schema):
    seed = plain.String(required=True, validate=validate.Length(1, 80))
    start = plain.Date(required=True)
    until, grid, extension, review, shelf = (_span() for _ in range(5))
    proof = plain.Integer(strict=True, required=True, validate=validate.Range(0, 1000))
    pace = plain.Dict(
        keys=plain.Enum(Urgency, by_value=True),
        values=plain.Float(validate=validate.Range(0, 10, min_inclusive=False)),
        required=True,
    )
    departments = table(nested(_Department))
    characters = _weights(required=True)
    reporters = plain.Nested(_Reporters, required=True)
    situations = plain.Dict(keys=plain.Enum(Situation, by_value=True), values=nested(_Situation), required=True)


def read_rules(path: Path) -> Rules:
    """Return the file's content. Raises BadConfig with file, path and reason."""
    loaded = load_checked(_File, path)
    missing = sorted(one.value for one in set(Situation) - loaded["situations"].keys())
    refuse_unless(not missing, path, "situations", f"missing {', '.join(missing)}")
    departments = {name: tuple(one["categories"]) for name, one in loaded["departments"].items()}
    leads = [category for categories in departments.values() for category in categories]
    refuse_unless(len(leads) == len(set(leads)), path, "departments", "two lead the same category")
    refuse_unless(ANYBODY not in loaded["characters"], path, "characters", f"{ANYBODY!r} is not a character")
    return Rules(
        seed=loaded["seed"],
        start=loaded["start"],
        until=duration(loaded["until"]),
        grid=duration(loaded["grid"]),
        proof=loaded["proof"],
        pace=loaded["pace"],
        extension=duration(loaded["extension"]),
        review=duration(loaded["review"]),
        shelf=duration(loaded["shelf"]),
        departments=departments,
        characters=loaded["characters"],
        silent=loaded["reporters"]["silent"],
        locales=loaded["reporters"]["locales"],
        situations={
            situation: _conduct(one, path, f"situations.{situation.value}", loaded["characters"])
            for situation, one in loaded["situations"].items()
        },
    )


def _conduct(loaded: Mapping[str, Any], path: Path, where: str, characters: Mapping[str, int]) -> Conduct:
    courses = {name: _course(steps, path, f"{where}.courses.{name}") for name, steps in loaded["courses"].items()}
    refuse_unless(len(loaded.keys() & {"weights", "by_character"}) == 1, path, where, "want weights or by_character")
    weights = loaded.get("by_character") or {ANYBODY: loaded["weights"]}
    if "by_character" in loaded:
        refuse_unless(weights.keys() == characters.keys(), path, f"{where}.by_character", "want every character, and no other")
    for character, one in weights.items():
        unknown = ", ".join(sorted(one.keys() - courses.keys()))
        refuse_unless(not unknown, path, f"{where}.{character}", f"no such course: {unknown}")
    return Conduct(courses, weights)


def _course(steps: list[dict[str, str]], path: Path, where: str) -> Course:
    course = []
    for number, step in enumerate(steps):
        refuse_unless(len(step) == 1, path, f"{where}.{number}", "want one step and its delay")
        ((word, delay),) = step.items()
        try:
            course.append((word, Delay.parse(delay)))
        except BadDelay as wrong:
            refuse_unless(False, path, f"{where}.{number}.{word}", str(wrong))
    return tuple(course)
