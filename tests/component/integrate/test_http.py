"""A client that `openapi-python-client` generates from the published document, as docs/integrate.md has it."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.kit.external_developer import ExternalDeveloper, commands
from tests.kit.stack import Stack

WORDS = "楼上半夜放音乐"


@pytest.fixture(scope="module")
def generated(elsewhere: ExternalDeveloper) -> ExternalDeveloper:
    """The client is there. The generator warns of the images alone, as the document says: it cannot describe them."""
    (command,) = commands("openapi-python-client")
    done = elsewhere.run(command)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    images = "/tickets/{ticket}/photographs"
    assert set(re.findall(r"WARNING parsing (\S+ \S+) within", said)) == {f"POST {images}", f"GET {images}/{{photograph}}"}
    assert said.upper().count("WARNING") == 3, said  # the heading, and one for each
    return elsewhere


def blow(generated: ExternalDeveloper, deployed: Stack, key: str, text: str = WORDS) -> subprocess.CompletedProcess[str]:
    url = f"http://127.0.0.1:{deployed.ports['tickets'][0]}"
    return generated.run(["python", "blow_http.py", key, text], TICKETS_URL=url, TOKEN="token-of-app")


def test_a_whistle_is_taken_once_and_seen_under_its_link(generated: ExternalDeveloper, deployed: Stack) -> None:
    first, again = blow(generated, deployed, "http-1"), blow(generated, deployed, "http-1")
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    ticket, state = first.stdout.split()
    assert state in ("open", "handling")
    assert again.stdout.split()[0] == ticket
    assert deployed.rows("tickets", "SELECT ticket FROM whistles WHERE producer_id = 'http-1'") == [(ticket,)]


def test_what_is_wrong_is_told_by_field(generated: ExternalDeveloper, deployed: Stack) -> None:
    refused = blow(generated, deployed, "http-2", text="长" * 4001)
    assert refused.returncode == 1
    problem, field = refused.stderr.splitlines()
    assert problem.startswith("422 ")
    assert re.fullmatch(r"text: .+", field)
    assert blow(generated, deployed, "http-2").returncode == 0, "the key stayed unused"


def test_another_matter_under_the_same_key_is_a_conflict(generated: ExternalDeveloper, deployed: Stack) -> None:
    assert blow(generated, deployed, "http-3").returncode == 0
    conflict = blow(generated, deployed, "http-3", text="楼下半夜放音乐")
    assert conflict.stderr.startswith("409 ")
