"""What is generated was generated from the contracts as they are, and staleness is really noticed."""

import json
import shutil
from pathlib import Path

import pytest
import yaml  # noqa: TID251  # a reader of YAML 1.1
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.configuration.yaml_core import load_yaml
from contracts.generate import ROOT, documents, main, stale, write
from contracts.generators.asyncapi import PlainDumper
from contracts.generators.released import FILE


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contracts' folder without its code, as the generator writes it even where the committed files are stale."""
    folder = tmp_path_factory.mktemp("fresh") / "contracts"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    write(folder)
    return folder


@pytest.fixture
def copy(fresh: Path, tmp_path: Path) -> Path:
    """A copy of it, to be tampered with."""
    return shutil.copytree(fresh, tmp_path / "contracts")


def test_generated_files_are_fresh() -> None:
    assert stale() == [], "run `make contracts`"


@pytest.mark.parametrize("path", ["asyncapi.yaml", "schemas/whistle.blown.v1.json", FILE])
def test_a_changed_file_is_stale(copy: Path, path: str) -> None:
    with (copy / path).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert stale(copy) == [path]


def test_a_missing_file_is_stale(copy: Path) -> None:
    (copy / "asyncapi.yaml").unlink()
    assert stale(copy) == ["asyncapi.yaml"]


def test_a_file_that_nothing_generates_is_stale(copy: Path) -> None:
    (copy / "schemas" / "ticket.lost.v1.json").write_text("{}")
    assert stale(copy) == ["schemas/ticket.lost.v1.json"]
    assert write(copy) == ["schemas/ticket.lost.v1.json"]
    assert not (copy / "schemas" / "ticket.lost.v1.json").exists()


def test_the_check_names_the_file_and_the_remedy(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / "asyncapi.yaml").write_text("asyncapi: 2.0.0\n")
    assert main(["--check"], copy) == 1
    told = capsys.readouterr().err
    assert "contracts/asyncapi.yaml" in told
    assert "make contracts" in told
    assert (copy / "asyncapi.yaml").read_text() == "asyncapi: 2.0.0\n", "a check writes nothing"


def test_writing_makes_it_fresh_and_writes_nothing_twice(copy: Path) -> None:
    (copy / "asyncapi.yaml").unlink()
    assert main([], copy) == 0
    assert main(["--check"], copy) == 0
    assert write(copy) == []


def test_a_broken_release_is_told_and_nothing_is_written(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    released = json.loads((copy / FILE).read_text(encoding="utf-8"))
    released["events"]["ticket.closed.v1"]["fields"]["reason"] = {
        "required": False, "nullable": True, "kind": "string", "constraints": {},
    }  # fmt: skip
    (copy / FILE).write_text(json.dumps(released), encoding="utf-8")
    (copy / "asyncapi.yaml").unlink()
    assert main([], copy) == 1
    assert "ticket.closed.v1: field reason was removed" in capsys.readouterr().err
    assert json.loads((copy / FILE).read_text(encoding="utf-8")) == released
    assert not (copy / "asyncapi.yaml").exists()


def test_a_changed_sample_is_told(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "samples" / "ticket.closed.v1" / "1-complete.json"
    path.write_text(path.read_text(encoding="utf-8").replace("satisfied", "no_answer"), encoding="utf-8")
    assert main(["--check"], copy) == 1
    assert "ticket.closed.v1/1-complete.json was released and was changed" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(documents()))
def test_every_generated_file_says_so_at_its_head(path: str) -> None:
    head = "".join((ROOT / path).read_text(encoding="utf-8").splitlines()[:2])
    assert "python -m contracts.generate" in head


@example("\x85")
@example("a\u2028b")
@given(st.text() | st.from_regex(r"\A[-+.:_0-9eEoxnyf]+\Z") | st.integers() | st.booleans() | st.none())
def test_a_document_means_the_same_to_readers_of_yaml_1_1_and_1_2(value: str | float | None) -> None:
    written = yaml.dump({"a": value}, Dumper=PlainDumper, allow_unicode=True)
    assert load_yaml(written) == yaml.safe_load(written) == {"a": value}


def test_a_padded_number_of_a_sequence_is_text_in_the_documents(fresh: Path) -> None:
    document = load_yaml((fresh / "asyncapi.yaml").read_text(encoding="utf-8"))
    messages = document["components"]["messages"].values()
    sequences = [example["headers"].get("ce-sequence", "") for message in messages for example in message["examples"]]
    assert {type(sequence) for sequence in sequences} == {str}
