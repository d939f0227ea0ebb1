"""The commands, in the order a deployment needs them: topology, migrate, directory, run; then dead and outbox, for duty.

A command's modules are imported when it is asked for: each command takes a moment to begin, and where a service runs the
standard library is patched before anything is made that would have to be patched too.
"""

import sys
from importlib import import_module
from typing import Any

import click

from chassis.errors import OperatorError
from cli.services import CLASSES
from cli.startup_gc import gc_paused

SERVICE = click.Choice(sorted(CLASSES))
MODULES = {
    "console": "cli.console",
    "dead": "cli.quarantine",
    "demo": "cli.demo.command",
    "directory": "cli.directory",
    "embedded": "cli.embedded",
    "ledger": "cli.ledger",
    "outbox": "cli.quarantine",
    "password": "cli.password",
    "reconcile": "cli.reconcile.command",
}
"""The module of each command that has one of its own."""


class _Group(click.Group):
    """A command group that prints an operator's error in one line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except OperatorError as wrong:
            raise click.ClickException(str(wrong)) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *MODULES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in MODULES:
            command: click.Command = getattr(import_module(MODULES[cmd_name]), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Group)
def main() -> None:
    """The whistle's services, from the command line."""


@main.command()
@click.argument("service", type=SERVICE)
def run(service: str) -> None:
    """Run one service until it is told to stop (SIGTERM)."""
    with gc_paused():
        from chassis import launch  # patches the standard library: before anything else is imported
        from cli.preflight import check_accounts, check_broker, check_store
        from cli.services import LISTENED, hosted

        made = hosted(service)
        check_accounts(service, made.settings.identities)
        check_store(service, f"services.{service}", made.settings.database_url)
        check_broker(service, made.settings.amqp_url)
    sys.exit(launch.serve(made, LISTENED))


@main.command()
@click.argument("services", type=SERVICE, nargs=-1)
def migrate(services: tuple[str, ...]) -> None:
    """Bring the databases of SERVICES (all) to the newest version."""
    from chassis.configuration.settings import read
    from chassis.persistence.migrate import upgrade

    for service in services or sorted(CLASSES):
        upgrade(f"services.{service}", read(service).database_url)
        click.echo(f"{service}: newest version")


@main.command()
@click.option("--url", envvar="WHISTLE_AMQP_URL", required=True, help="Broker, as an account that may declare.")
def topology(url: str) -> None:
    """Declare every exchange, queue and binding. Run it before any service starts."""
    from chassis.messaging.amqp import LOST, connect
    from chassis.messaging.amqp.topology import declare
    from cli.services import bound_queues
    from contracts.topology import EXCHANGES

    queues = bound_queues()
    try:
        with connect(url, "whistle topology") as connection:
            declare(connection, EXCHANGES, queues)
    except LOST as wrong:
        raise click.ClickException(f"the broker: {wrong}") from None
    click.echo(f"{len(EXCHANGES)} exchanges, {len(queues)} queues")


if __name__ == "__main__":
    main()
