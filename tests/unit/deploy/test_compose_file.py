"""What docker-compose.yml promises, as far as reading it tells; `make test-compose` tries the rest."""

from __future__ import annotations

import re
import runpy
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from chassis.configuration.yaml_core import load_yaml
from chassis.http.server import DRAIN_DEADLINE
from chassis.runtime.runtime import STOP_DEADLINE
from chassis.size_limits import MAX_UPLOAD_BYTES
from console.pictures import MAX_DISCARDED
from contracts.http.photographs import ATTACH_PHOTOGRAPH
from contracts.topology import SERVICES, queues
from tests.kit.deployment import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text("utf-8")
FILE: dict[str, Any] = load_yaml(TEXT)
ALL: dict[str, Any] = FILE["services"]
ONCE = {name for name, one in ALL.items() if one["restart"] == "no"}
SCRIPT = ROOT / "deploy" / "compose" / "secrets.sh"
SECRET = re.compile(r"\$\{(\w*(?:PASSWORD|SECRET|TOKEN)\w*)([^}]*)\}")


def _seconds(span: str) -> float:
    return float(span.removesuffix("s"))


def test_no_secret_has_a_default() -> None:
    named = SECRET.findall(TEXT)
    assert len({name for name, _ in named}) >= 11
    assert {rest for _, rest in named} == {":?run make up"}


def test_make_up_writes_every_secret_that_is_wanted_once(tmp_path: Path) -> None:
    env, identities = tmp_path / "env", tmp_path / "identities.yaml"
    subprocess.run(["sh", SCRIPT, env, identities], check=True)
    before = env.read_text(), identities.read_text()
    values = dict(line.split("=", 1) for line in before[0].splitlines() if "=" in line)
    assert {name for name, _ in SECRET.findall(TEXT)} <= set(values)
    assert len(set(values.values())) == len(values)
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in values.values())
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    subprocess.run(["sh", SCRIPT, env, identities], check=True)
    assert (env.read_text(), identities.read_text()) == before
    env.write_text("".join(line for line in env.read_text().splitlines(True) if not line.startswith("WHISTLE_SECRET")))
    subprocess.run(["sh", SCRIPT, env, identities], check=True)
    assert "WHISTLE_SECRET=" in env.read_text()
    assert values["POSTGRES_PASSWORD"] in env.read_text()


def test_the_accounts_that_make_up_writes_are_known_by_their_tokens(tmp_path: Path) -> None:
    from chassis.configuration.identities import Identities

    env, path = tmp_path / "env", tmp_path / "identities.yaml"
    subprocess.run(["sh", SCRIPT, env, path], check=True)
    values = dict(line.split("=", 1) for line in env.read_text().splitlines() if "=" in line)
    identities = Identities.load(path)
    for account in ("hotline", "front-desk", "property-app", "grid-app", "sms-gateway"):
        actor = identities.by_token(values[f"{account.upper().replace('-', '_')}_TOKEN"])
        assert actor is not None
        assert actor.id == account
    known = identities.by_user("hotline")
    assert known is not None
    assert known.roles == {"producer"}


@pytest.mark.parametrize("name", ALL)
def test_every_container_is_bounded(name: str) -> None:
    one = ALL[name]
    assert one["logging"]["options"].keys() == {"max-size", "max-file"}
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert not one["image"].endswith(":latest")
    assert ":" in one["image"]
    if name not in ONCE:
        assert one["restart"] == "unless-stopped"
        assert one["healthcheck"]["test"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_stop_has_time_to_drain(service: str) -> None:
    assert _seconds(ALL[service]["stop_grace_period"]) > DRAIN_DEADLINE + 2 * STOP_DEADLINE


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_after_its_tables_and_queues_and_knows_no_other(service: str) -> None:
    one = ALL[service]
    assert {name: how["condition"] for name, how in one["depends_on"].items()} == {
        "migrate": "service_completed_successfully",
        "topology": "service_completed_successfully",
    }
    secrets = {name for value in one["environment"].values() for name, _ in SECRET.findall(value)}
    assert secrets == {"WHISTLE_SECRET", f"{service.upper()}_DATABASE_PASSWORD", f"{service.upper()}_BROKER_PASSWORD"}


def test_data_is_in_named_volumes() -> None:
    kept = {
        volume.split(":")[0] for one in ALL.values() for volume in one.get("volumes", ()) if not volume.startswith((".", "$"))
    }
    assert kept == set(FILE["volumes"])


def test_ports_are_published_on_this_machine_alone_unless_told_otherwise() -> None:
    published = [port for one in ALL.values() for port in one.get("ports", ())]
    assert published
    assert all(port.startswith("${WHISTLE_BIND:-127.0.0.1}:") for port in published)


def test_every_service_has_a_door() -> None:
    door = (ROOT / "deploy/compose/Caddyfile").read_text("utf-8")
    assert set(re.findall(r"reverse_proxy (\w+):8000", door)) == {*SERVICES, "console"}


def test_an_account_may_touch_its_own_alone() -> None:
    accounts = runpy.run_path(str(ROOT / "deploy/rabbitmq/accounts.py"))
    passwords = dict.fromkeys((*SERVICES, *accounts["PRODUCERS"]), "p")
    granted = {one["user"]: one for one in accounts["definitions"](passwords)["permissions"]}
    assert granted.keys() == passwords.keys()
    exchanges = [f"{name}.{kind}" for name in ("intake", *SERVICES) for kind in ("events", "private")]
    names = [*exchanges, *(f"{service}.{source}" for service in SERVICES for source in queues(service))]
    for user, rights in granted.items():
        allowed = {kind: {name for name in names if re.search(rights[kind], name)} for kind in ("configure", "write", "read")}
        assert allowed["configure"] == set()
        own = {name for name in names if name.startswith(f"{user}.")}
        assert allowed["read"] == own
        assert allowed["write"] == ({"intake.events"} if user == "hotline" else {f"{user}.events", f"{user}.private"})


def test_one_service_builds_the_image_that_all_have() -> None:
    """Several builds of one tag would each replace it, and every `up` would start everything anew."""
    ours = {name for name, one in ALL.items() if one["image"].startswith("whistle:")}
    assert ours >= {*SERVICES, "migrate", "topology"}
    assert len({ALL[name]["image"] for name in ours}) == 1
    builders = {name for name, one in ALL.items() if "build" in one}
    assert builders == {"migrate"}
    assert {name for name in ours if ALL[name].get("pull_policy") == "never"} == ours - builders


@pytest.mark.parametrize("name", sorted(set(ALL) - ONCE))
def test_a_probe_starts_no_interpreter_and_a_slow_start_is_no_failure(name: str) -> None:
    probe = ALL[name]["healthcheck"]
    words = " ".join(probe["test"]) if isinstance(probe["test"], list) else probe["test"]
    assert not re.search(r"\b(python|rabbitmq-diagnostics|rabbitmqctl|promtool|amtool)\b", words)
    assert (_seconds(probe["start_period"]), _seconds(probe["timeout"])) >= (300, 30)


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (None, 1)])
def test_a_service_is_healthy_where_readyz_answers_200(status: int | None, code: int) -> None:
    """The probe as it is written, against a server of this process."""
    command, shell, option, script = ALL["tickets"]["healthcheck"]["test"]
    assert (command, shell, option) == ("CMD", "bash", "-c")
    assert script.count("/127.0.0.1/9000") == 1
    with _ops(status) as (port, asked):
        here = script.replace("$$", "$").replace("/9000", f"/{port}")
        assert subprocess.run([shell, option, here], capture_output=True, check=False, timeout=360).returncode == code
    assert asked == ([] if status is None else ["GET /readyz"])


@contextmanager
def _ops(status: int | None) -> Iterator[tuple[int, list[str]]]:
    """The port of a server that answers with a status, and what it was asked; without a status nobody listens there."""
    asked: list[str] = []

    class Ops(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(status or 500)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ops) as server:
        if status is None:
            server.server_close()
            yield server.server_port, asked
            return
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


def test_the_door_lets_photographs_through_and_no_other_large_body() -> None:
    door = (ROOT / "deploy/compose/Caddyfile").read_text("utf-8")
    large = re.compile(r"path_regexp (\S+)\n.*?max_size (\d+)MiB.*?reverse_proxy (\w+):8000", re.DOTALL)
    found = {service: (pattern, int(size) * 1024 * 1024) for pattern, size, service in large.findall(door)}
    for service, path, bound in (
        ("tickets", ATTACH_PHOTOGRAPH.at(ticket="T1"), MAX_UPLOAD_BYTES),
        ("console", "/t/T1/rate/photographs", MAX_DISCARDED),
    ):
        pattern, size = found[service]
        assert (re.search(pattern, path) is not None, size) == (True, bound)
        assert not [
            one for one in ("/tickets/T1/notes", "/t/T1/rate", "/report", f"{path}/x", f"/x{path}") if re.search(pattern, one)
        ]
    assert found.keys() == {"tickets", "console"}


def test_photographs_have_a_volume_of_their_own() -> None:
    directory = ALL["tickets"]["environment"]["WHISTLE_TICKETS_FILES_DIR"]
    assert f"ticket-photographs:{directory}" in ALL["tickets"]["volumes"]
    assert f"install -d -o 10001 -g 10001 -m 700 {directory}" in (ROOT / "Dockerfile").read_text("utf-8")
    assert ALL["tickets"]["read_only"] is True
