"""The broker's accounts: one for each service, one for each producer and listener outside, each limited to its own.

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
"""The virtual host, unless RABBITMQ_VHOST names another one. It is made where it is not there."""
OPERATOR = "operator"
"""The account that declares everything, unless RABBITMQ_OPERATOR names another one."""
PRODUCERS = ("hotline",)
"""Who whistles over AMQP. A further producer is a further name here, a password and a line in identities.yaml."""
LISTENERS: tuple[str, ...] = ()
"""Who hears what the services say, by the name of its own nameko service; it needs a name here and a password."""

Rights = dict[str, str]
"""What an account may configure, write to and read from, as the broker's regular expressions."""


def of_service(name: str) -> Rights:
    """It finds its queues declared, reads them and says what is its own to say."""
    return {"configure": "^$", "write": rf"^{name}\.(events|private)$", "read": rf"^{name}\..*$"}


def of_producer() -> Rights:
    """It whistles, and hears nothing."""
    return {"configure": "^$", "write": r"^intake\.events$", "read": "^$"}


def of_listener(name: str) -> Rights:
    """It declares queues of its own, named as nameko names them, and binds them to what is public. Nothing private."""
    own = rf"^evt-.*--{name}\."
    return {"configure": own, "write": own, "read": rf"{own}|^({'|'.join(SERVICES)})\.events$"}


def rights(account: str) -> Rights:
    """What an account may do."""
    if account in SERVICES:
        return of_service(account)
    return of_producer() if account in PRODUCERS else of_listener(account)


def definitions(passwords: dict[str, str], vhost: str = VHOST) -> dict[str, Any]:
    """The virtual host and its accounts as a definitions document of the broker's."""
    return {
        "vhosts": [{"name": vhost}],
        "users": [{"name": name, "password": password, "tags": ""} for name, password in passwords.items()],
        "permissions": [{"user": name, "vhost": vhost, **rights(name)} for name in passwords],
    }


def may_declare(operator: str, vhost: str) -> dict[str, Any]:
    """The operator's permission in a virtual host that may just have been made."""
    return {"user": operator, "vhost": vhost, "configure": ".*", "write": ".*", "read": ".*"}


def main() -> None:
    """Import them as the operator. Raises OSError where the broker refuses."""
    passwords = {name: os.environ[f"{name.upper()}_PASSWORD"] for name in (*SERVICES, *PRODUCERS, *LISTENERS)}
    vhost, operator = os.environ.get("RABBITMQ_VHOST", VHOST), os.environ.get("RABBITMQ_OPERATOR", OPERATOR)
    document = definitions(passwords, vhost)
    document["permissions"].append(may_declare(operator, vhost))
    token = base64.b64encode(f"{operator}:{os.environ['OPERATOR_PASSWORD']}".encode()).decode()
    request = urllib.request.Request(
        f"{os.environ['RABBITMQ_API']}/definitions",
        data=json.dumps(document).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30):
        print(f"{len(passwords)} accounts")


if __name__ == "__main__":
    main()
