"""Writes `contracts/subscriptions.json`: the event types that each service's handlers take.

Run `python -m cli.subscriptions`, or `make contracts`. The contracts import no service, and a service that starts imports no
other: so the list of the handlers' events is a file.
"""

import json
from pathlib import Path
from typing import Any

import contracts
from chassis.runtime.nameko import On
from cli.services import service_class
from contracts.topology import SERVICES, SUBSCRIPTIONS_FILE

ROOT = Path(contracts.__file__).parent


def declared(service: str) -> list[str]:
    """Return the event types of every `@on` in a service's class, sorted."""
    cls: Any = service_class(service)
    methods = [getattr(cls, name) for name in dir(cls)]
    entrypoints = {id(e): e for method in methods for e in getattr(method, "nameko_entrypoints", ())}
    return sorted({e.payload.type for e in entrypoints.values() if isinstance(e, On)})


def render() -> str:
    """Return the file's text. The ledger is left out: it takes every public event that it does not publish itself."""
    subscribed = {service: declared(service) for service in SERVICES if service != "ledger"}
    return json.dumps(subscribed, indent=2) + "\n"


if __name__ == "__main__":
    (ROOT / SUBSCRIPTIONS_FILE).write_text(render(), encoding="utf-8")
