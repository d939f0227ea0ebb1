"""Code that generators make of the contracts has a name for each type, and tells "left out" from null.

Two generators are asked, in Python and in TypeScript, and the documents themselves for what others would make of them.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.yaml_core import load_yaml
from contracts.generate import ROOT
from contracts.generators.nulls import NULL, references
from contracts.topology import SERVICES
from tests.kit import npm

Node = dict[str, Any]

FILES = ("asyncapi.yaml", *(f"openapi/{service}.yaml" for service in SERVICES))
DOCUMENTS = {name: load_yaml((ROOT / name).read_text("utf-8")) for name in FILES}
TYPESCRIPT = Path(__file__).parent / "typescript"


def enums(part: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every list of words of a document, with its path."""
    if isinstance(part, dict):
        if isinstance(part.get("enum"), list):
            yield path, part
        for name, value in part.items():
            yield from enums(value, (*path, str(name)))
    elif isinstance(part, list):
        for item in part:
            yield from enums(item, path)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_list_of_words_has_a_name_and_no_null(document: str) -> None:
    found = list(enums(DOCUMENTS[document]))
    assert found
    for path, declared in found:
        assert path == ("components", "schemas", declared.get("title")), path
        assert None not in declared["enum"]


def bodies(service: str) -> Iterator[tuple[Node, Node]]:
    """The schemas with fields of a service's requests, and of its answers."""
    document = DOCUMENTS[f"openapi/{service}.yaml"]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            if "open311" not in path:  # the standard leaves fields out of answers, too
                yield from (({}, part) for part in reached(document, operation["responses"]))
            yield from ((part, {}) for part in reached(document, operation.get("requestBody")))


def reached(document: Node, root: Any, seen: frozenset[str] = frozenset()) -> Iterator[Node]:
    """The schemas with fields that something refers to."""
    for reference in set(references(root)) - seen:
        part = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
        if "properties" in part:
            yield part
        yield from reached(document, part, seen | {reference})


def nullable(field: Node) -> bool:
    """Whether a field may be null."""
    return NULL in field.get("anyOf", ()) or "null" in field.get("type", ())


@pytest.mark.parametrize("service", SERVICES)
def test_a_field_of_a_request_is_left_out_and_one_of_an_answer_is_null(service: str) -> None:
    for asked, answered in bodies(service):
        assert [name for name, field in asked.get("properties", {}).items() if nullable(field)] == []
        may_be_null = {name for name, field in answered.get("properties", {}).items() if nullable(field)}
        assert may_be_null <= set(answered.get("required", ()))


# --- a client in Python


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models of a client for tickets, by openapi-python-client."""
    folder = tmp_path_factory.mktemp("generated") / "tickets"
    generator = Path(sys.executable).with_name("openapi-python-client")
    words = ["generate", "--path", str(ROOT / "openapi/tickets.yaml"), "--meta", "none", "--output-path", str(folder)]
    done = subprocess.run([str(generator), *words], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "models"


def annotations(models: Path, module: str) -> dict[str, str]:
    """The fields of a model and their types, as they are written."""
    tree = ast.parse((models / f"{module}.py").read_text("utf-8"))
    [model] = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {
        node.target.id: ast.unparse(node.annotation)
        for node in model.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def test_the_types_of_a_python_client_have_the_names_of_the_contract(models: Path) -> None:
    names = DOCUMENTS["openapi/tickets.yaml"]["components"]["schemas"]
    known = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names}
    made = {path.stem.rstrip("_") for path in models.glob("[a-z]*.py")}
    assert made - known <= {"service_definition_attributes_item"}, "GeoReport's attributes, which are anything"


def test_a_python_client_leaves_out_of_a_request_what_has_no_value(models: Path) -> None:
    fields = annotations(models, "whistle")
    assert [sorted(fields[name].split(" | ")) for name in ("estate", "urgency")] == [["Unset", "str"], ["Unset", "Urgency"]]
    assert not [name for name, kind in fields.items() if "None" in kind]


def test_a_python_client_finds_null_in_an_answer_and_no_field_missing(models: Path) -> None:
    fields = annotations(models, "ticket")
    assert sorted(fields["closure"].split(" | ")) == ["Closure", "None"]
    assert not [name for name, kind in fields.items() if "Unset" in kind and name != "additional_properties"]


# --- types in TypeScript


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The types of tickets, by openapi-typescript."""
    file = tmp_path_factory.mktemp("typescript") / "tickets.ts"
    program = npm.installed(TYPESCRIPT) / "openapi-typescript" / "bin" / "cli.js"
    npm.run(["node", str(program), str(ROOT / "openapi/tickets.yaml"), "--output", str(file)])
    return file.read_text("utf-8")


def _type(text: str, name: str) -> str:
    found = re.search(rf"^        {name}: \{{\n(.*?)^        \}};", text, re.M | re.S)
    assert found is not None, name
    return re.sub(r"/\*\*.*?\*/", "", found[1], flags=re.S)


def test_typescript_leaves_out_of_a_request_what_has_no_value(typescript: str) -> None:
    whistle = _type(typescript, "Whistle")
    assert re.search(r"\bestate\?: string;", whistle)
    assert re.search(r"\bcategory: string;", whistle)
    assert "null" not in whistle


def test_typescript_finds_null_in_an_answer_and_no_field_missing(typescript: str) -> None:
    ticket = _type(typescript, "Ticket")
    assert re.search(r'\bclosure: components\["schemas"\]\["Closure"\] \| null;', ticket)
    assert "?:" not in ticket
