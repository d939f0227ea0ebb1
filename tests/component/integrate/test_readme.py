"""The README's ten lines work as they are printed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tests.kit.deployment import ROOT
from tests.kit.processes import wait_until
from tests.kit.stack import Stack


def test_the_whistle_of_the_readme_becomes_a_ticket(deployed: Stack) -> None:
    printed = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert printed is not None
    broker = urlsplit(deployed.amqp("hotline"))
    here = (
        printed[1]
        .replace("localhost:5672", f"{broker.hostname}:{broker.port}")
        .replace('userid="hotline"', f'userid="{broker.username}", virtual_host="{deployed.name}"')
        .replace('password="…"', f'password="{broker.password}"')
        .replace('user_id="hotline"', f'user_id="{broker.username}"')
    )
    sent: dict[str, dict[str, str]] = {}
    exec(compile(here, "README.md", "exec"), sent)
    at_work = "SELECT state FROM tickets JOIN whistles ON whistles.ticket = tickets.id WHERE producer_id = %s"
    wait_until(
        lambda: deployed.rows("tickets", at_work, sent["headers"]["ce-id"]) == [("handling",)],
        "a ticket at work",
        details=lambda: deployed.log("tickets"),
    )
