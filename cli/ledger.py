"""`whistle ledger`: the log as a file, its check without any service, the figures, and the books made anew."""

import getpass
import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

import click

from chassis.configuration.yaml_files import BadConfig
from chassis.persistence import Store
from chassis.untrusted_text import escaped_line, escaped_lines
from cli.cannot_check import CannotCheck, cannot_check_on_errors
from cli.local_time import format_instant


@click.group()
def ledger() -> None:
    """Export and verify the log, and compute figures from it."""


def _store() -> tuple[Store, Any]:
    from chassis.configuration.settings import read
    from services.ledger.store import DEFINITION

    settings = read("ledger")
    return Store(settings.database_url, DEFINITION.tables, DEFINITION.mappers), settings


def _now(settings: Any) -> Any:
    from chassis.clock import SharedClock, SystemClock

    return (SharedClock(settings.clock_file) if settings.clock_file else SystemClock()).now()


@ledger.command()
@click.argument("file", type=click.File("wb"))
def export(file: BinaryIO) -> None:
    """Write the whole log and its checkpoints to FILE (- for standard output), with a signed end.

    Ends with status 1, and signs nothing, where the log is not the one that was published.
    """
    from chassis.effects import Refused
    from chassis.persistence.engine import read_only
    from services.ledger.checkpoint_dir import CheckpointDir
    from services.ledger.export import export_lines
    from services.ledger.signing_keys import load_signer

    store, settings = _store()
    directory = CheckpointDir.of_environment()
    try:
        with store.engine.connect() as connection:
            for line in export_lines(read_only(connection), load_signer(settings.secret), _now(settings), directory):
                file.write(line)
    except Refused as wrong:
        raise click.ClickException(f"the log disagrees with what was published, and is not signed: {wrong}") from None
    finally:
        store.close()


@ledger.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--key", type=click.File("r"), help="The ledger's public key (PEM), from `whistle ledger key`.")
@click.option("--keys", type=click.Path(path_type=Path), help="Several keys, and when each counts (YAML).")
@click.option("--since", type=click.File("rb"), help="Checkpoints that you kept, or an older export: FILE must continue it.")
def verify(file: BinaryIO, key: Any, keys: Path | None, since: BinaryIO | None) -> None:
    """Verify an exported FILE (standard input) offline. Ends with status 1 naming the first bad entry, and with status 2
    where a key or --since cannot be read.

    With --key or --keys also what those keys handed over to is trusted; without, the keys that the file names itself. A log
    that somebody with the database and the key wrote anew verifies by itself: --since finds it.
    """
    from services.ledger.domain.audit import AuditError, audit
    from services.ledger.domain.keyring import Key
    from services.ledger.domain.log_file import lines_of
    from services.ledger.domain.prior_log import BadPriorLog, read_prior_log
    from services.ledger.signing_keys import public_from_pem, read_keys

    with cannot_check_on_errors():
        trusted = ([Key(public_from_pem(key.read()))] if key else []) + (read_keys(keys) if keys else [])
    try:
        earlier = read_prior_log(lines_of(since)) if since else None
        report = audit(lines_of(file), trusted or None, earlier)
    except BadPriorLog as bad:
        raise CannotCheck(f"--since: {bad}") from None
    except AuditError as bad:
        click.echo(escaped_line(f"bad: {bad}"), err=True)
        sys.exit(1)
    click.echo(f"{report.entries} entries, {report.checkpoints} checkpoints, root {report.root}")
    for run in report.runs:
        click.echo(f"checkpoints {run.first} to {run.last}, up to entry {run.size}: key {run.key}")
    for step in report.steps:
        click.echo(f"note: {step}; checkpoints are ordered by their numbers")
    if earlier and report.proof is not None:
        point = earlier.points[-1].checkpoint
        click.echo(
            f"continues checkpoint {point.number} of {point.size} entries: consistency proof of {len(report.proof)} hashes"
        )
    named = "" if trusted else ", which the file names itself"
    click.echo(f"signed {format_instant(report.taken_at)} by key {report.key}{named}")
    for found in report.found:
        click.echo(escaped_line(str(found)), err=True)
    sys.exit(1 if report.found else 0)


@ledger.command("hand-over")
@click.argument("public", type=click.File("r"))
def hand_over(public: Any) -> None:
    """Sign a checkpoint that hands over to the PUBLIC key (PEM). This deployment's key is retired by it.

    Then configure the new key and start the ledger again: until then it signs nothing.
    """
    from chassis.effects import Refused
    from chassis.handler_context import HandlerContext
    from chassis.unit_of_work import UnitOfWork
    from services.ledger.checkpoint_dir import CheckpointDir
    from services.ledger.checkpoints import take_checkpoint
    from services.ledger.log_monitor import LogMonitor
    from services.ledger.signing_keys import load_signer, public_from_pem

    store, settings = _store()
    try:
        with store.transaction() as connection:
            unit = UnitOfWork(store, connection, "/ledger")
            now = _now(settings)
            monitor = LogMonitor(CheckpointDir.of_environment())
            signed = take_checkpoint(
                HandlerContext(unit, now, "log"), load_signer(settings.secret), now, monitor, public_from_pem(public.read())
            )
            unit.flush()
    except Refused as wrong:
        raise click.ClickException(str(wrong)) from None
    finally:
        store.close()
    click.echo(f"checkpoint {signed.checkpoint.number}: key {signed.key} is retired")


@ledger.command()
def key() -> None:
    """Print the public key that belongs to this deployment's signing key, for those who verify."""
    from chassis.configuration.settings import read
    from services.ledger.signing_keys import load_signer, public_pem

    click.echo(public_pem(load_signer(read("ledger").secret).public), nl=False)


@ledger.command()
@click.option("--area")
@click.option("--category")
@click.option("--urgency")
@click.option("--level", help="A playbook's level: where the case stands, or what ended it.")
@click.option("--unit", help="A responder: what is its own of the tickets that it was called to.")
@click.option("--month", help="Such as 2026-03.")
@click.option("--by", type=click.Choice(["area", "category", "urgency", "level", "unit", "month"]), help="Also each group.")
@click.option("--tickets", is_flag=True, help="Also the tickets behind each figure.")
def kpi(tickets: bool, by: str | None, **chosen: str | None) -> None:
    """Print the figures as JSON."""
    from contracts.http.ledger import Filters
    from contracts.payload import flatten
    from services.ledger.api import groups, tickets_behind, view
    from services.ledger.config import FILE, load_rules
    from services.ledger.domain.kpi_figures import compute_figure
    from services.ledger.domain.kpi_formulas import FORMULAS
    from services.ledger.kpi_query import kpi_query, matching_records

    if wrong := Filters().validate(chosen):
        raise BadConfig("; ".join(f"{name}: {what}" for name, what in flatten(wrong).items()))
    store, settings = _store()
    rules = load_rules(settings.config_dir / FILE)
    with store.transaction() as connection:
        records = matching_records(connection, kpi_query(chosen), rules.zone)
    store.close()
    now = _now(settings)
    answer = []
    for found in (compute_figure(formula, records, now) for formula in FORMULAS):
        parts = groups(found, records, by, rules, now)
        if not tickets:
            parts = [{name: part[name] for name in ("part", "numerator", "denominator", "rate")} for part in parts]
        answer.append({**view(found, rules), **(tickets_behind(found) if tickets else {}), **({"groups": parts} if by else {})})
    click.echo(escaped_lines(json.dumps({"at": format_instant(now), "figures": answer}, ensure_ascii=False, indent=2)))


@ledger.command()
@click.argument("entry")
@click.option("--cause", required=True, help="Why, as a code: it is kept with the new entry.")
def correct(entry: str, cause: str) -> None:
    """Take a posted ENTRY back by a new one the other way round. No entry ever changes."""
    from chassis.effects import Refused
    from chassis.handler_context import HandlerContext
    from chassis.unit_of_work import UnitOfWork
    from services.ledger.projections.points import correct as take_back

    store, settings = _store()
    try:
        with store.transaction() as connection:
            unit = UnitOfWork(store, connection, "/ledger")
            made = take_back(entry, cause, getpass.getuser(), HandlerContext(unit, _now(settings), entry))
            unit.flush()
    except Refused as wrong:
        raise click.ClickException(str(wrong)) from None
    finally:
        store.close()
    click.echo(f"{made.id}: {made.amount} points of {made.account} taken back")


@ledger.command()
def rebuild() -> None:
    """Make the ticket book anew from the log alone. Appending waits meanwhile.

    Ends with status 1, and changes nothing, where the log is not the one that was published.
    """
    from chassis.effects import Refused
    from services.ledger.checkpoint_dir import CheckpointDir
    from services.ledger.projections.tickets import rebuild as made_anew

    store, _ = _store()
    try:
        with store.transaction() as connection:
            tickets, differing = made_anew(connection, CheckpointDir.of_environment())
    except Refused as wrong:
        raise click.ClickException(f"the log disagrees with what was published, and no book is made of it: {wrong}") from None
    finally:
        store.close()
    click.echo(f"{tickets} tickets, {differing} differed")
