"""words.yaml: the names of the codes that the report counts."""

from collections.abc import Mapping
from pathlib import Path

from marshmallow import Schema, validate
from marshmallow import fields as plain

from cli.demo.schemas import load_checked, nested, table

GROUPS = (
    *("states", "causes", "urgencies", "levels", "branches", "clocks", "figures", "alarms"),
    *("notices", "locales", "channels", "points", "commands"),
)


class Words:
    """The names by code: Chinese first, English beside it."""

    def __init__(self, known: Mapping[str, Mapping[str, str]]):
        self._known = known

    def in_order(self, group: str, counts: Mapping[str, int]) -> list[tuple[str, int]]:
        """Return counts by name, in the order of the file; codes without a name come last."""
        codes = [code for code in self._known[group] if code in counts]
        codes += [code for code in counts if code not in self._known[group]]
        return [(self.of(group, code), counts[code]) for code in codes]

    def of(self, group: str, code: str) -> str:
        """Return the name of a code; the code itself where it has none."""
        return self._known[group].get(code, code)


class _Word(Schema):
    zh = plain.String(required=True, validate=validate.Length(min=1))
    en = plain.String(required=True, validate=validate.Length(min=1))


_File = Schema.from_dict({group: table(nested(_Word)) for group in GROUPS}, name="_File")


def read_words(path: Path) -> Words:
    """Return the file's content. Raises BadConfig with file, path and reason."""
    loaded = load_checked(_File, path)
    return Words({group: {code: f"{word['zh']} {word['en']}" for code, word in loaded[group].items()} for group in GROUPS})
