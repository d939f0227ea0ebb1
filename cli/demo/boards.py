"""boards.yaml: districts, streets, communities with their grids and estates, made of New York's community boards."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marshmallow import Schema, validate
from marshmallow import fields as plain

from cli.demo.schemas import code, load_checked, nested, refuse_unless, table


@dataclass(frozen=True)
class Community:
    """A community with its street, district, grids and estates."""

    code: str
    street: str
    district: str
    grids: tuple[str, ...]
    estates: tuple[str, ...]

    def grid_of(self, name: str) -> str:
        """Return the grid of a name: always the same one."""
        return self.grids[_number(name) % len(self.grids)]

    def estate_of(self, name: str) -> str:
        """Return the estate of a name: always the same one."""
        return self.estates[_number(name) % len(self.estates)]


@dataclass(frozen=True)
class Boards:
    """The content of the file. ``streets`` maps each street to its district."""

    districts: tuple[str, ...]
    streets: Mapping[str, str]
    communities: Mapping[str, Community]
    """The communities by the board's name."""


class _Street(Schema):
    zh = plain.String(required=True)
    district = code("a district of this file")


class _District(Schema):
    zh = plain.String(required=True)


class _Board(Schema):
    community = code("the community's code")
    street = code("a street of this file")


class _File(Schema):
    grids = plain.Integer(strict=True, required=True, validate=validate.Range(1, 20))
    estates = plain.Integer(strict=True, required=True, validate=validate.Range(1, 20))
    districts = table(nested(_District))
    streets = table(nested(_Street))
    boards = table(nested(_Board))


def read_boards(path: Path) -> Boards:
    """Return the file's content. Raises BadConfig with file, path and reason."""
    loaded = load_checked(_File, path)
    for name, street in loaded["streets"].items():
        known = street["district"] in loaded["districts"]
        refuse_unless(known, path, f"streets.{name}.district", f"{street['district']!r} is not in districts")
    streets = {name: street["district"] for name, street in loaded["streets"].items()}
    communities = {}
    for name, board in loaded["boards"].items():
        refuse_unless(board["street"] in streets, path, f"boards.{name}.street", f"{board['street']!r} is not in streets")
        made, street = board["community"], board["street"]
        communities[name] = Community(
            made,
            street,
            streets[street],
            tuple(f"{made}-g{number:02d}" for number in range(1, loaded["grids"] + 1)),
            tuple(f"{made}-e{number:02d}" for number in range(1, loaded["estates"] + 1)),
        )
    codes = [*loaded["districts"], *streets, *(one.code for one in communities.values())]
    refuse_unless(len(codes) == len(set(codes)), path, "boards", "two areas have the same code")
    return Boards(tuple(loaded["districts"]), streets, communities)


def _number(name: str) -> int:
    """Return a number that follows from a name. Python's own hash differs from one process to the next."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
