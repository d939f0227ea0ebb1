"""Null in an OpenAPI document: a request never has it, and in an answer it means that there is no value.

The fields of requests and events are declared alike, as optional. Generated code can distinguish "left out" from "null" only if
the document does: in a request optional fields may be left out and are never null; in an answer a nullable field is always
present. GeoReport has its own rules for answers, which leave some fields out.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

Node = dict[str, Any]

COMPONENTS = "#/components/"
NULL: Node = {"type": "null"}


def tell_apart(paths: Mapping[str, Any], components: Mapping[str, Any], standard: Collection[str] = ()) -> None:
    """Change the schemas of a document's requests and answers in place. ``standard`` are the paths of GeoReport.

    Raises LookupError if a part with fields is in requests and in answers: it needs two names.
    """
    operations = [(path, operation) for path, methods in paths.items() for operation in methods.values()]
    asked = _objects((operation.get("requestBody") for _, operation in operations), components)
    answered = _objects((operation["responses"] for path, operation in operations if path not in standard), components)
    if both := asked & answered:
        raise LookupError(f"in requests and in answers, which differ in what null means: {', '.join(sorted(both))}")
    for name in asked:
        _never_null(components["schemas"][name])
    for name in answered:
        _always_there(components["schemas"][name])


def _never_null(schema: Node) -> None:
    for name, field in schema["properties"].items():
        schema["properties"][name] = _without_null(field)


def _always_there(schema: Node) -> None:
    there = [name for name, field in schema["properties"].items() if _nullable(field)]
    if required := sorted({*schema.get("required", ()), *there}):
        schema["required"] = required


def _nullable(field: Node) -> bool:
    return NULL in field.get("anyOf", ()) or "null" in _types(field)


def _without_null(field: Node) -> Node:
    if NULL in field.get("anyOf", ()):
        left = [option for option in field["anyOf"] if option != NULL]
        rest = {key: value for key, value in field.items() if key != "anyOf"}
        return {**rest, **(left[0] if len(left) == 1 else {"anyOf": left})}
    if "null" in _types(field):
        kinds = [kind for kind in _types(field) if kind != "null"]
        return {**field, "type": kinds[0] if len(kinds) == 1 else kinds}
    return field


def _types(field: Node) -> list[str]:
    declared: str | list[str] = field.get("type", [])
    return declared if isinstance(declared, list) else [declared]


def _objects(roots: Iterable[Any], components: Mapping[str, Any]) -> set[str]:
    """Return the names of the schemas with fields that are referenced, directly or through another component."""
    seen: set[tuple[str, str]] = set()
    left = [reference for root in roots for reference in references(root)]
    while left:
        kind, _, name = left.pop().removeprefix(COMPONENTS).partition("/")
        if (kind, name) not in seen:
            seen.add((kind, name))
            left += references(components[kind][name])
    return {name for kind, name in seen if kind == "schemas" and "properties" in components[kind][name]}


def references(part: Any) -> Iterator[str]:
    """Yield every reference in a part of a document."""
    if isinstance(part, Mapping):
        if isinstance(reference := part.get("$ref"), str):
            yield reference
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for item in part:
            yield from references(item)
