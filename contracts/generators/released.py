"""The released contracts and their rule: within a version, only an optional field may be added.

``samples/released.json`` records every released field and the digest of every sample. `make contracts` adds new entries and
refuses to change existing ones. Any other change needs a new version of the type next to the old one: events of the old version
stay in stores and queues, and the services are not all replaced at the same moment. So a change that widens a field breaks the
older consumers, just as one that narrows it breaks the older events.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from contracts.generators import samples
from contracts.generators.schemas import GENERATED, JsonSchema, json_schema
from contracts.payload import all_payloads

FILE = "samples/released.json"
RULE = "within a version only an optional field may be added"

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_CONSTRAINTS = (*_LOWER_BOUNDS, *_UPPER_BOUNDS, "enum", "pattern")


class FieldShape(TypedDict):
    """The values that a field accepts. ``kind`` is its format, or its type if it has no format."""

    required: bool
    nullable: bool
    kind: str
    constraints: dict[str, Any]


class EventShape(TypedDict):
    """An event version: its exchange, the kind of its subject, and its fields by path."""

    exchange: str
    about: str
    fields: dict[str, FieldShape]


Shapes = Mapping[str, EventShape]
NamedField = tuple[str, FieldShape]


class BrokenContract(Exception):
    """A change would break a released contract, and nothing is written; ``rules`` describes each violation in a sentence."""

    def __init__(self, rules: list[str]):
        self.rules = rules
        super().__init__("\n".join(rules))


def render(root: Path) -> str:
    """Return the file ``samples/released.json``: the old entries and the new ones. Raises BrokenContract."""
    path = root / FILE
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"events": {}, "samples": {}}
    shapes, digests = current_shapes(), sample_digests(root)
    if broken := broken_rules(before["events"], shapes) + broken_samples(before["samples"], digests):
        raise BrokenContract(broken)
    after = {"$comment": f"{GENERATED} Entries are only ever added.", "events": shapes, "samples": digests}
    return json.dumps(after, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def current_shapes() -> dict[str, EventShape]:
    """Return the contracts as declared in the code."""
    return {
        schema.type: {
            "exchange": schema.exchange(),
            "about": schema.about,
            "fields": dict(shape_fields(json_schema(schema))),
        }
        for schema in all_payloads()
    }


def sample_digests(root: Path) -> dict[str, str]:
    """Return the SHA-256 of each sample's content, independent of white space."""
    return {sample.name: _digest(sample.event) for sample in samples.read(root)}


def shape_fields(schema: JsonSchema, part: JsonSchema | None = None, path: str = "") -> Iterator[NamedField]:
    """Yield every field of a JSON Schema by path; ``areas[]`` is an item of the list ``areas``."""
    part = schema if part is None else part
    for name, declared in part.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        yield from _shape(schema, declared, here, required=name in part.get("required", []))


def broken_rules(released: Shapes, current: Shapes) -> list[str]:
    """Return one sentence for each violation of the released contracts by the current ones; an empty list if there is none."""
    broken: list[str] = []
    for type_, was in released.items():
        if type_ not in current:
            broken.append(f"{type_} was released and is gone: a released version stays readable for ever.")
            continue
        broken += [f"{type_}: {sentence}" for sentence in _broken_event(was, current[type_])]
    return broken


def broken_samples(released: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return one sentence for each released sample that was changed or removed."""
    return [
        f"sample {name} was released and {'was changed' if name in current else 'is gone'}: samples are append-only, "
        "put it back and add another file."
        for name, digest in released.items()
        if current.get(name) != digest
    ]


def _broken_event(was: EventShape, now: EventShape) -> Iterator[str]:
    if was["exchange"] != now["exchange"]:
        yield f"it moved from {was['exchange']} to {now['exchange']}: its consumers would no longer receive it."
    if was["about"] != now["about"]:
        yield f"its subject was the {was['about']}'s id and is now the {now['about']}'s."
    for path, field in was["fields"].items():
        if path not in now["fields"]:
            yield f"field {path} was removed: {RULE}."
        else:
            for what in _changes(field, now["fields"][path]):
                yield f"field {path} {what}: {RULE}."
    added = now["fields"].keys() - was["fields"].keys()
    for path in sorted(added):
        # a required field inside a new optional part does not concern producers that do not send the part
        if now["fields"][path]["required"] and _parent(path) not in added:
            yield f"field {path} was added and is required: {RULE}."


def _changes(was: FieldShape, now: FieldShape) -> Iterator[str]:
    if was["required"] != now["required"]:
        yield "became required" if now["required"] else "is no longer required, and consumers rely on it"
    if was["nullable"] != now["nullable"]:
        yield "may now be null, and consumers refuse that" if now["nullable"] else "may no longer be null"
    if was["kind"] != now["kind"]:
        yield f"changed its kind from {was['kind']} to {now['kind']}"
    for name in _CONSTRAINTS:
        before, after = was["constraints"].get(name), now["constraints"].get(name)
        if before != after:
            yield _constraint_change(name, before, after)


def _constraint_change(name: str, before: Any, after: Any) -> str:
    said = f"{_said(before)} to {_said(after)}"
    if name == "enum" and isinstance(before, list) and isinstance(after, list):
        lost, gained = [w for w in before if w not in after], [w for w in after if w not in before]
        words = [f"lost {', '.join(lost)}"] * bool(lost) + [f"gained {', '.join(gained)}"] * bool(gained)
        return f"changed its words: {' and '.join(words) or 'another order'}"
    if name in _LOWER_BOUNDS + _UPPER_BOUNDS:
        return f"was {'narrowed' if _narrower(name, before, after) else 'widened'}: {name} from {said}"
    return f"changed its {name} from {said}"


def _narrower(name: str, before: Any, after: Any) -> bool:
    if before is None or after is None:
        return before is None
    return bool(after > before if name in _LOWER_BOUNDS else after < before)


def _said(value: Any) -> str:
    return "none" if value is None else str(value)


def _shape(schema: JsonSchema, declared: JsonSchema, path: str, required: bool) -> Iterator[NamedField]:
    resolved, nullable = _resolve(schema, declared)
    types = [t for t in _listed(resolved.get("type")) if t != "null"]
    constraints = {name: resolved[name] for name in _CONSTRAINTS if name in resolved}
    if "enum" in constraints:
        constraints["enum"] = sorted(word for word in constraints["enum"] if word is not None)
    yield (
        path,
        FieldShape(
            required=required,
            nullable=nullable or "null" in _listed(resolved.get("type")),
            kind=resolved.get("format") or "/".join(types) or "anything",
            constraints=constraints,
        ),
    )
    if "items" in resolved:
        yield from _shape(schema, resolved["items"], f"{path}[]", required=False)
    yield from shape_fields(schema, resolved, path)


def _resolve(schema: JsonSchema, declared: JsonSchema) -> tuple[JsonSchema, bool]:
    """Return a field with its references followed, and whether null is an option."""
    options = [option for option in declared.get("anyOf", [declared]) if option != {"type": "null"}]
    resolved: JsonSchema = options[0]
    if "$ref" in resolved:
        resolved = schema["$defs"][resolved["$ref"].removeprefix("#/$defs/")]
    return resolved, len(options) < len(declared.get("anyOf", [declared]))


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _parent(path: str) -> str:
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _digest(event: dict[str, Any]) -> str:
    canonical = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
