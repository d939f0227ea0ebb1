"""Who gives a command: known by token or broker user, and a file that says it badly is named."""

import hashlib
from pathlib import Path

import pytest

from chassis.configuration.identities import Actor, Identities, InvalidIdentities

TOKEN = "s3cret-token"
FILE = f"""
accounts:
  - id: hotline
    amqp_user: hotline-user
    roles: [producer]
  - id: gateway
    token_sha256: {hashlib.sha256(TOKEN.encode()).hexdigest()}
    units: ["*"]
    roles: [responder, reader]
  - id: grid
    amqp_user: grid-user
    units: [grid-1, grid-2]
"""


@pytest.fixture
def identities(tmp_path: Path) -> Identities:
    """The accounts of FILE."""
    file = tmp_path / "identities.yaml"
    file.write_text(FILE)
    return Identities.load(file)


def test_an_account_is_known_by_its_broker_user(identities: Identities) -> None:
    known = Actor("hotline", frozenset(), frozenset({"producer"}), frozenset({"/hotline"}))
    assert identities.by_user("hotline-user") == known


def test_an_account_is_known_by_its_token(identities: Identities) -> None:
    known = Actor("gateway", frozenset({"*"}), frozenset({"responder", "reader"}), frozenset({"/gateway"}))
    assert identities.by_token(TOKEN) == known


SOURCES = """
accounts:
  - id: hotline
    amqp_user: hotline
    sources: [/hotline, /hotline/night]
    channels: [hotline, walk_in]
  - id: sensor
    amqp_user: sensor
"""


def test_the_file_says_which_sources_are_whose(tmp_path: Path) -> None:
    file = tmp_path / "identities.yaml"
    file.write_text(SOURCES)
    hotline, sensor = map(Identities.load(file).by_user, ("hotline", "sensor"))
    assert hotline is not None
    assert sensor is not None
    tried = ("/hotline", "/hotline/night", "/accounts/hotline", "/sensor", "/accounts/sensor", "/hotline/day", "/tickets", "")
    assert [hotline.owns(one) for one in tried] == [True, True, True, False, False, False, False, False]
    assert [sensor.owns(one) for one in tried] == [False, False, False, True, True, False, False, False]
    assert [hotline.may_name(one) for one in ("hotline", "walk_in", "sensor")] == [True, True, False]
    assert sensor.may_name("hotline"), "without channels in the file it may name any"


@pytest.mark.parametrize("user", [None, "", "hotline", "gateway", "HOTLINE-USER"])
def test_a_stranger_is_nobody(user: str | None, identities: Identities) -> None:
    assert identities.by_user(user) is None


@pytest.mark.parametrize("token", ["", "x", "hotline-user", hashlib.sha256(TOKEN.encode()).hexdigest()])
def test_neither_another_token_nor_its_digest_opens(token: str, identities: Identities) -> None:
    assert identities.by_token(token) is None


def test_who_speaks_for_whom(identities: Identities) -> None:
    grid, gateway = identities.by_user("grid-user"), identities.by_token(TOKEN)
    assert grid is not None
    assert gateway is not None
    assert [grid.speaks_for(unit) for unit in ("grid-1", "grid-3", "*")] == [True, False, False]
    assert gateway.speaks_for("grid-3")


PEOPLE = """
accounts:
  - {id: wang, oidc: employee-17, password_argon2: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"}
  - {id: li, oidc: Employee-17}
  - {id: zhao, password_argon2: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"}
  - {id: employee-18}
"""


def test_a_person_is_known_by_what_the_provider_calls_them(tmp_path: Path) -> None:
    file = tmp_path / "identities.yaml"
    file.write_text(PEOPLE)
    known = Identities.load(file)
    tried = ("employee-17", "Employee-17", "EMPLOYEE-17", "wang", "zhao", "employee-18", "")
    found = [account.id if (account := known.by_oidc(one)) else None for one in tried]
    assert found == ["wang", "li", None, None, None, None, None]


BAD = {
    "accounts: [": "",
    "{}": "accounts",
    "[]": "",
    "": "",
    "accounts: 7": "accounts",
    "accounts: [{}]": r"accounts\.0\.id",
    "accounts: [{id: ''}]": r"accounts\.0\.id",
    "accounts: [{id: a}, {id: b, token_sha256: plain}]": r"accounts\.1\.token_sha256",
    "accounts: [{id: a, role: [reader]}]": r"accounts\.0\.role",
    "accounts: [{id: a, units: desk}]": r"accounts\.0\.units",
    "accounts: [{id: a, amqp_user: x}, {id: b, amqp_user: x}]": "two have the same amqp_user",
    "accounts: [{id: a}, {id: a}]": "two have the same id",
    "accounts: [{id: a, oidc: '17'}, {id: b, oidc: '17'}]": "two have the same oidc",
    "accounts: [{id: a, oidc: ''}]": r"accounts\.0\.oidc",
    "accounts: [{id: a, oidc: 17}]": r"accounts\.0\.oidc",
    "accounts: [{id: a, sources: [a]}]": r"accounts\.0\.sources\.0",
    "accounts: [{id: a, sources: [/accounts/b]}]": r"accounts\.0\.sources\.0: Belongs to the services",
    "accounts: [{id: a, sources: [/tickets/private]}]": r"accounts\.0\.sources\.0: Belongs to the services",
    "accounts: [{id: tickets}]": r"accounts\.0\.id: Is the name of a service",
    "accounts: [{id: a, sources: [/b]}, {id: b}]": "two have the source /b",
    "accounts: [{id: a, channels: [pigeon]}]": r"accounts\.0\.channels\.0",
}


@pytest.mark.parametrize(("content", "path"), BAD.items())
def test_a_bad_file_is_named_with_the_path_within(content: str, path: str, tmp_path: Path) -> None:
    file = tmp_path / "identities.yaml"
    file.write_text(content)
    with pytest.raises(InvalidIdentities, match=rf"(?s)identities\.yaml: .*{path}"):
        Identities.load(file)


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00\xff"], ids=["missing", "bytes"])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, tmp_path: Path) -> None:
    file = tmp_path / "identities.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidIdentities, match=r"identities\.yaml"):
        Identities.load(file)


def test_a_token_written_in_plain_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "identities.yaml"
    file.write_text(f"accounts: [{{id: a, token_sha256: {TOKEN}}}]")
    with pytest.raises(InvalidIdentities) as refused:
        Identities.load(file)
    assert TOKEN not in str(refused.value)
