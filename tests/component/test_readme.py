"""The README's ten lines work as they are printed."""

import re
from urllib.parse import urlsplit

from tests.kit.deployment import ROOT
from tests.kit.processes import wait_until
from tests.kit.servers import PostgresServer, RabbitServer
from tests.kit.stack import stack


def test_the_whistle_of_the_readme_becomes_a_ticket(postgres_server: PostgresServer, rabbit_server: RabbitServer) -> None:
    printed = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    assert printed is not None
    with stack(postgres_server, rabbit_server) as deployed:
        deployed.start("dispatch", "tickets")
        broker = urlsplit(deployed.amqp("hotline"))
        here = (
            printed[1]
            .replace("localhost:5672", f"{broker.hostname}:{broker.port}")
            .replace('userid="hotline"', f'userid="{broker.username}", virtual_host="{deployed.name}"')
            .replace('password="…"', f'password="{broker.password}"')
            .replace('user_id="hotline"', f'user_id="{broker.username}"')
        )
        exec(compile(here, "README.md", "exec"), {})
        wait_until(lambda: deployed.rows("tickets", "SELECT state FROM tickets") == [("handling",)], "a ticket at work")
