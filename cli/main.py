"""The commands, in the order a deployment needs them: topology, migrate, directory, run; then dead and outbox, for duty."""

import sys
from typing import Any

import click

from chassis.config import BadConfig
from chassis.dead import NoSuchLetter
from chassis.identity import InvalidIdentities
from chassis.parked import NoSuchParked
from chassis.settings import BadSettings
from chassis.starting import CannotStart
from chassis.store import StoreUnavailable
from cli.dead import dead
from cli.demo.command import demo
from cli.directory import directory
from cli.embedded import embedded
from cli.home import HomeInUse, NotDisposable
from cli.ledger import ledger
from cli.outbox import outbox
from cli.reconcile import reconcile
from cli.services import CLASSES

SERVICE = click.Choice(sorted(CLASSES))
MENDABLE = (
    BadConfig,
    BadSettings,
    CannotStart,
    HomeInUse,
    InvalidIdentities,
    NoSuchLetter,
    NoSuchParked,
    NotDisposable,
    StoreUnavailable,
)
"""What an operator can mend."""


class _Group(click.Group):
    """Says what was wrong in one line, without a traceback, where the operator can mend it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MENDABLE as wrong:
            raise click.ClickException(str(wrong)) from None


@click.group(cls=_Group)
def main() -> None:
    """The whistle's services, from the command line."""


@main.command()
@click.argument("service", type=SERVICE)
def run(service: str) -> None:
    """Run one service until it is told to stop (SIGTERM)."""
    from chassis import launch  # patches the standard library: only where a service runs
    from cli.checks import check_accounts, check_broker, check_store
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
    from chassis.settings import read
    from chassis.store.migrate import upgrade

    for service in services or sorted(CLASSES):
        upgrade(f"services.{service}", read(service).database_url)
        click.echo(f"{service}: newest version")


@main.command()
@click.option("--url", envvar="WHISTLE_AMQP_URL", required=True, help="Broker, as an account that may declare.")
def topology(url: str) -> None:
    """Declare every exchange, queue and binding. Run it before any service starts."""
    from chassis.bus.amqp import LOST, connect
    from chassis.bus.amqp.topology import declare
    from cli.services import bound_queues
    from contracts.topology import EXCHANGES

    queues = bound_queues()
    try:
        with connect(url, "whistle topology") as connection:
            declare(connection, EXCHANGES, queues)
    except LOST as wrong:
        raise click.ClickException(f"the broker: {wrong}") from None
    click.echo(f"{len(EXCHANGES)} exchanges, {len(queues)} queues")


main.add_command(dead)
main.add_command(demo)
main.add_command(directory)
main.add_command(embedded)
main.add_command(ledger)
main.add_command(outbox)
main.add_command(reconcile)

if __name__ == "__main__":
    main()
