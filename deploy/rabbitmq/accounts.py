"""The broker's accounts: one for each service and one for producers, each limited to its own.

Run at every `up`: a password that was changed in .env is taken over. Nobody but the operator declares anything: services find
their exchanges and queues there (`whistle topology`). The account's name is what other services see as `user_id`.
"""

import base64
import json
import os
import urllib.request
from typing import Any

from contracts.topology import SERVICES

VHOST = "/"
PRODUCERS = ("hotline",)
"""Who whistles over AMQP. A further producer is a further name here, a password and a line in identities.yaml."""


def rights(account: str) -> dict[str, str]:
    """What an account may configure, write to and read from, as the broker's regular expressions."""
    if account in PRODUCERS:
        return {"configure": "^$", "write": r"^intake\.events$", "read": "^$"}
    return {"configure": "^$", "write": rf"^{account}\.(events|private)$", "read": rf"^{account}\..*$"}


def definitions(passwords: dict[str, str]) -> dict[str, Any]:
    """The accounts as a definitions document of the broker's."""
    return {
        "users": [{"name": name, "password": password, "tags": ""} for name, password in passwords.items()],
        "permissions": [{"user": name, "vhost": VHOST, **rights(name)} for name in passwords],
    }


def main() -> None:
    """Import them as the operator. Raises OSError where the broker refuses."""
    passwords = {name: os.environ[f"{name.upper()}_PASSWORD"] for name in (*SERVICES, *PRODUCERS)}
    operator = base64.b64encode(f"operator:{os.environ['OPERATOR_PASSWORD']}".encode()).decode()
    request = urllib.request.Request(
        f"{os.environ['RABBITMQ_API']}/definitions",
        data=json.dumps(definitions(passwords)).encode(),
        headers={"Authorization": f"Basic {operator}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30):
        print(f"{len(passwords)} accounts")


if __name__ == "__main__":
    main()
