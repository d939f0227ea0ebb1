"""Settings: a service's own key counts first, a file may hold a value, and every bad key is named at once."""

import logging
from pathlib import Path

import pytest

from chassis.configuration.settings import BadSettings, read

GOOD = {
    "WHISTLE_DATABASE_URL": "postgresql://localhost/tickets",
    "WHISTLE_AMQP_URL": "amqp://localhost",
    "WHISTLE_IDENTITIES": "identities.yaml",
    "WHISTLE_SECRET": "sixteen letters!",
}
BAD = {
    "DATABASE_URL": "",
    "AMQP_URL": "",
    "HTTP": "localhost",
    "OPS": "localhost:66000",
    "SECRET": "short",
    "LOG_LEVEL": "loud",
    "BATCH": "0",
    "PREFETCH": "many",
    "RETRY_ATTEMPTS": "-1",
    "RETRY_FIRST": "0",
    "RETENTION_DAYS": "-1",
    "HTTP_PER_CLIENT": "0",
    "TRUSTED_PROXIES": "10.0.0.0/8,caddy",
    "STATEMENT_SECONDS": "0",
    "LOCK_SECONDS": "long",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but what a test gives."""
    import os

    for name in [name for name in os.environ if name.startswith("WHISTLE_")]:
        monkeypatch.delenv(name)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_what_is_not_given_has_a_default() -> None:
    settings = read("tickets")
    assert (settings.service, settings.secret) == ("tickets", GOOD["WHISTLE_SECRET"])
    assert (settings.http, settings.ops) == ("127.0.0.1:8000", "127.0.0.1:9000")
    assert (settings.clock_file, settings.log_level) == (None, logging.INFO)
    assert (settings.identities, settings.config_dir) == (Path("identities.yaml"), Path("deploy"))


def test_what_must_be_given_is_named_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GOOD:
        monkeypatch.delenv(name)
    with pytest.raises(BadSettings, match="settings of tickets") as refused:
        read("tickets")
    assert all(name in str(refused.value) for name in GOOD)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_key_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"WHISTLE_{name}", BAD[name])
    with pytest.raises(BadSettings, match=f"WHISTLE_{name}: "):
        read("tickets")


def test_all_bad_keys_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in BAD.items():
        monkeypatch.setenv(f"WHISTLE_{name}", value)
    with pytest.raises(BadSettings) as refused:
        read("tickets")
    assert [name for name in BAD if f"WHISTLE_{name}" not in str(refused.value)] == []
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("address", ["", "8000", ":8000", "localhost:", "localhost:x", "localhost:²", "localhost:70000"])
def test_an_address_has_a_host_and_a_port(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISTLE_HTTP", address)
    with pytest.raises(BadSettings, match="WHISTLE_HTTP: "):
        read("tickets")


def test_a_services_own_key_counts_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISTLE_BATCH", "7")
    monkeypatch.setenv("WHISTLE_TICKETS_BATCH", "9")
    assert read("tickets").batch == 9
    assert read("dispatch").batch == 7


def test_a_bad_key_of_the_service_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISTLE_TICKETS_BATCH", "x")
    with pytest.raises(BadSettings, match="WHISTLE_TICKETS_BATCH: "):
        read("tickets")
    assert read("dispatch").batch == 100


@pytest.mark.parametrize("name", ["WHISTLE_SECRET", "WHISTLE_TICKETS_SECRET"])
def test_a_value_may_stand_in_a_file_that_ends_with_a_line_break(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file, sixteen\n")
    monkeypatch.setenv(f"{name}_FILE", str(file))
    assert read("tickets").secret == "from a file, sixteen"


def test_a_file_that_is_not_there_is_one_bad_key_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHISTLE_SECRET_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("WHISTLE_BATCH", "x")
    with pytest.raises(BadSettings, match="WHISTLE_BATCH: ") as refused:
        read("tickets")
    assert "WHISTLE_SECRET_FILE" in str(refused.value)
