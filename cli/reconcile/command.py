"""The command `whistle reconcile`: it finds lost and doubled events.

Answered from two things alone: the ids that producers sent, and the rows of the four stores. No counter, metric or log is
asked, since what is wrong with a service may be wrong with what it counts.
"""

import json
import sys
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

import click
from environs import EnvError, FileAwareEnv

from chassis.configuration.settings import BadSettings
from chassis.untrusted_text import escaped_line, escaped_lines
from cli.cannot_check import CannotCheck, cannot_check_on_errors
from contracts.topology import SERVICES


def read_sent(text: str) -> list[tuple[str, str]]:
    """Return a file's whistles: a JSON list of [source, id], or lines of source and id. Raises ValueError naming the line."""
    if text.lstrip().startswith("["):
        return [(str(source), str(id_)) for source, id_ in json.loads(text)]
    sent = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split(maxsplit=1)
        if len(words) == 2:
            sent.append((words[0], words[1].strip()))
        elif words:
            raise ValueError(f"line {number}: want a source and an id")
    return sent


def database_urls() -> dict[str, str]:
    """Return the URLs of the four stores, from the environment. Raises BadSettings naming each missing key."""
    env, urls, missing = FileAwareEnv(prefix="WHISTLE_"), {}, []
    for service in SERVICES:
        try:
            urls[service] = env.str(f"{service.upper()}_DATABASE_URL")
        except EnvError as wrong:
            missing.append(str(wrong))
    if missing:
        raise BadSettings("; ".join(missing))
    return urls


def secret() -> str:
    """Return the deployment's secret, from which the causes of outside events are derived. Raises BadSettings where it is
    missing.
    """
    try:
        return FileAwareEnv(prefix="WHISTLE_").str("SECRET")
    except EnvError as wrong:
        raise BadSettings(str(wrong)) from None


@click.command()
@click.option(
    "--sent",
    "file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What producers sent: a source and an id a line, or a JSON list of [source, id].",
)
@click.option("--settled", is_flag=True, help="Nothing may be on its way any more: pending and waiting count as lost.")
def reconcile(file: Path, settled: bool) -> None:
    """Say what is lost and what happened twice, from the ids sent and the four stores alone.

    The stores are those of WHISTLE_<SERVICE>_DATABASE_URL, and WHISTLE_SECRET is the secret of their deployment. Ends with
    status 1 where anything is lost or doubled. Ends with status 2 where that cannot be found out: a store cannot be read, or
    FILE names a source from which nothing was ever taken in, which may be written in another way than the stores have it. Over
    AMQP a whistle's source is its attribute `source`; over HTTP the 202 response names it.
    """
    from cli.reconcile.checks import check_snapshot
    from cli.reconcile.store_reader import read_snapshot  # every service's tables: only where they are asked

    try:
        sent = read_sent(file.read_text())
    except ValueError as wrong:
        raise CannotCheck(f"{file}: {wrong}") from None
    with cannot_check_on_errors():
        snapshot = read_snapshot(database_urls(), secret())
    _refuse_unknown_sources(file, sent, snapshot.sources())
    found = check_snapshot(sent, snapshot, settled)
    click.echo(escaped_lines(json.dumps(asdict(found), ensure_ascii=False, indent=2)))
    sys.exit(0 if found.clean else 1)


def _refuse_unknown_sources(file: Path, sent: list[tuple[str, str]], known: frozenset[str]) -> None:
    """Raise a usage error for an unknown source: no finding about its whistles would be reliable."""
    if unknown := {source for source, _ in sent} - known:
        raise click.UsageError(
            f"{file}: nothing was ever taken in from the source {_listed(unknown)}. Known sources: {_listed(known) or 'none'}. "
            "If the name is right, everything of that source is lost."
        )


def _listed(sources: Collection[str]) -> str:
    return escaped_line(", ".join(sorted(sources)))
