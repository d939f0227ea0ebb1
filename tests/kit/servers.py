"""The servers that tests run against, PostgreSQL and RabbitMQ, started side by side.

Run as `python -m tests.kit.servers` it starts a private pair, prints the environment variables that name it
and keeps it until it is interrupted; test runs with these variables then start at once.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from tests.kit.managed_broker import API_VARIABLE
from tests.kit.postgres import URL_VARIABLE as POSTGRES_VARIABLE
from tests.kit.postgres import PostgresServer, postgres
from tests.kit.processes import ServerError
from tests.kit.rabbitmq import URL_VARIABLE as AMQP_VARIABLE
from tests.kit.rabbitmq import RabbitServer, rabbitmq

__all__ = ["PostgresServer", "RabbitServer", "ServerError", "Servers", "both", "postgres", "rabbitmq", "variables"]


_Server = TypeVar("_Server")


@dataclass(frozen=True)
class Servers:
    """One PostgreSQL and one RabbitMQ."""

    postgres: PostgresServer
    rabbit: RabbitServer


@contextlib.contextmanager
def both(durable: bool = False, private: bool = False) -> Iterator[Servers]:
    """Yield both servers, started in parallel; see `postgres` and `rabbitmq` for the meaning of the arguments."""

    def enter(manager: AbstractContextManager[_Server]) -> _Server:
        server = manager.__enter__()
        stack.push(manager.__exit__)
        return server

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(max_workers=2) as starting:
        database = starting.submit(enter, postgres(durable, private))
        broker = starting.submit(enter, rabbitmq(private))
        starting.shutdown(wait=True)
        yield Servers(database.result(), broker.result())


def variables(servers: Servers) -> dict[str, str]:
    """Return the environment variables that name the servers to another process."""
    rabbit = servers.rabbit
    api = str(rabbit.api_url)
    if "@" not in api:
        api = api.replace("://", f"://{rabbit.user}:{rabbit.password}@", 1)
    return {
        POSTGRES_VARIABLE: servers.postgres.admin_url,
        AMQP_VARIABLE: rabbit.url(),
        API_VARIABLE: api,
    }


def main() -> None:
    """Run a private pair until interrupted or terminated."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    with contextlib.suppress(KeyboardInterrupt), both(private=True) as servers:
        for name, value in variables(servers).items():
            print(f"export {name}={value}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
