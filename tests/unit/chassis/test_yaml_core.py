"""Files are YAML 1.2: what an operator writes without quotes stays what it looks like, and a key counts once."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.configuration.identities import Identities, InvalidIdentities
from chassis.configuration.yaml_core import InvalidYaml, dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig, read_yaml


@pytest.mark.parametrize(
    "text", ["off", "on", "yes", "no", "y", "n", "Off", "NO", "14:00", "1:30:00", "2031-01-22", "1_000", "0b11", "="]
)
def test_what_yaml_1_1_converts_is_text(text: str) -> None:
    assert load_yaml(f"a: {text}") == {"a": text}
    assert load_yaml(f"{text}: a") == {text: "a"}
    assert load_yaml(f"%YAML 1.1\n---\na: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10", 10),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-3", -3),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        (".inf", float("inf")),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'10'", "10"),
        ("!!str 10", "10"),
    ],
)
def test_numbers_booleans_and_null_are_those_of_the_core_schema(text: str, meant: Any) -> None:
    loaded = load_yaml(f"a: {text}")["a"]
    assert (type(loaded), loaded) == (type(meant), meant)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.from_regex(r"\A[-+.:_0-9eEoxnyf]+\Z")
)


@given(st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12))
def test_what_is_written_is_read_again(content: Any) -> None:
    assert load_yaml(dump_yaml(content)) == content


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("years: 1\nzone: 2\nyears: 3\n", 3, "years"),
        ("a: {b: 1,\n  c: 2,\n  b: 3}\n", 3, "b"),
        ("- a: 1\n  2: 1\n  2: 2\n", 3, "2"),
        ("a: &all {b: 1}\nc:\n  <<: *all\n  b: 2\n  b: 3\n", 5, "b"),
    ],
)
def test_a_key_that_occurs_twice_is_refused_by_file_line_and_key(text: str, line: int, key: str, tmp_path: Path) -> None:
    file = tmp_path / "clocks.yaml"
    file.write_text(text)
    with pytest.raises(BadConfig, match=rf"clocks\.yaml: line {line}: the key '?{key}'? occurs twice"):
        read_yaml(file)


def test_a_merged_mapping_may_be_overridden() -> None:
    assert load_yaml("a: &all {b: 1, c: 1}\nd: {<<: *all, c: 2}")["d"] == {"b": 1, "c": 2}


@pytest.mark.parametrize(
    "text",
    [
        "via: mailtos://whistle:s3cret@smtp\nvia: s3cret\n",
        "a: !!int s3cret\n",
        "a: 's3cret\n",
        "a: s3cret: s3cret\n",
        "a: [s3cret\n",
        "s3cret\na: b\n",
        "a: s3cret\n\tb: s3cret\n",
    ],
)
def test_an_error_repeats_no_value(text: str) -> None:
    with pytest.raises(InvalidYaml) as wrong:
        load_yaml(text)
    assert "s3cret" not in str(wrong.value)


@pytest.mark.parametrize(
    "text", ["[" * 5000, "a: 1\n---\nb: 2\n", "a: *b", "a: !!python/object:os.system x", "a: \x07", "? {a: 1}\n: 1"]
)
def test_what_is_no_plain_document_is_refused(text: str) -> None:
    with pytest.raises(InvalidYaml):
        load_yaml(text)


def test_the_accounts_file_is_read_by_the_same_rules(tmp_path: Path) -> None:
    file = tmp_path / "identities.yaml"
    digest = hashlib.sha256(b"t").hexdigest()
    file.write_text(f"accounts: [{{id: off, token_sha256: {digest}}}]")
    actor = Identities.load(file).by_token("t")
    assert actor is not None
    assert actor.id == "off"
    file.write_text(f"accounts:\n  - id: a\n    token_sha256: {digest}\n    id: b\n")
    with pytest.raises(InvalidIdentities, match=r"identities\.yaml: line 4: the key 'id' occurs twice"):
        Identities.load(file)
