"""`whistle embedded`: all four services in one process, with an in-process bus and a SQLite file each, and the web console."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from chassis.command_line import as_typed
from chassis.configuration.identities import read_accounts
from cli.deployment_dir import CONSOLE_HTTP, PASSWORDS, SAMPLE, DeploymentDir
from cli.startup_gc import gc_paused


def _path(default: str) -> dict[str, Any]:
    return {"type": click.Path(path_type=Path), "default": Path(default), "show_default": True}


@click.command()
@click.option("--home", **_path("var/run"), help="Where its files are.")
@click.option("--config", **_path("deploy"), help="The rules to run by.")
@click.option("--accounts", **_path("deploy/demo/accounts.yaml"), help="Who may command what; tokens are made once.")
@click.option("--directory", "file", **_path("deploy/demo/directory.yaml"), help="Areas, categories, responders.")
@click.option(
    "--port",
    default=8100,
    show_default=True,
    help="Of the console; HTTP takes the four ports after it, metrics those ports and 10.",
)
@click.option("--console/--no-console", default=True, show_default=True, help="Run the web console too.")
@click.option(
    "--accept-damage", is_flag=True, help="Start although a store lost its newest transactions; a damaged log is kept."
)
def embedded(home: Path, config: Path, accounts: Path, file: Path, port: int, console: bool, accept_damage: bool) -> None:
    """Run all four services in this process, and the web console beside them, until it is told to stop (SIGTERM or Ctrl-C)."""
    with gc_paused():
        from chassis import launch  # patches the standard library: before anything else is imported
        from chassis.configuration.settings import read
        from chassis.messaging.embedded import EmbeddedBus
        from cli.console_process import console_process
        from cli.directory import load_file
        from cli.services import LISTENED, bound_queues, hosted
        from cli.store_integrity import check_stores
        from contracts.topology import SERVICES

    place = DeploymentDir(home)
    with place.held():
        place.prepare(read_accounts(accounts), config, port)
        place.apply()
        urls = {service: read(service).database_url for service in SERVICES}
        with check_stores(urls, accept_damage):
            for service, url in urls.items():
                _migrate(f"services.{service}", url)
        load_file(file)
        if console:
            from cli.sample_requests import write_sample

            write_sample(home / SAMPLE, config / "demo", file)
        _say_where(place, console)
        with console_process() if console else nullcontext():
            status = launch.serve_together([hosted(service) for service in SERVICES], LISTENED, EmbeddedBus(bound_queues()))
        sys.exit(status)


def _migrate(package: str, url: str) -> None:
    from chassis.persistence.version import version, versions

    if version(url) != versions(package)[-1]:
        from chassis.persistence.migrate import upgrade  # alembic takes long to import

        upgrade(package, url)


def _say_where(home: DeploymentDir, console: bool) -> None:
    settings = home.settings()
    if console:
        click.echo(f"console    http://{settings[CONSOLE_HTTP]}  (accounts and passwords: {home.path / PASSWORDS})")
    for key in sorted(settings):
        if key.endswith("_HTTP") and key != CONSOLE_HTTP:
            click.echo(f"{key.removeprefix('WHISTLE_').removesuffix('_HTTP').lower():10} http://{settings[key]}")
    click.echo(f"tokens     {home.path / 'tokens.yaml'}")
    click.echo(f"commands   {home.shell_command()}; {as_typed('dead list tickets')}")
