"""The report of the demonstration: the statistics of the events, and the findings of four stores and an offline verifier.

The figures come from `statistics`; `report_text` prints them.
"""

from collections.abc import Iterator
from typing import Any

from cli.demo.replay import Replay
from cli.demo.stack import DemoStack
from cli.deployment_dir import DeploymentDir
from cli.reconcile.checks import check_snapshot
from cli.reconcile.store_reader import read_snapshot
from services.ledger import store as ledger
from services.ledger.api import view
from services.ledger.config import FILE, load_rules
from services.ledger.domain.audit import AuditError, audit
from services.ledger.domain.double_entry import ISSUED, Balance, balances
from services.ledger.domain.keyring import Key
from services.ledger.domain.kpi_figures import compute_figure
from services.ledger.domain.kpi_formulas import FORMULAS
from services.ledger.domain.log_comparison import LogDisagrees
from services.ledger.export import export_lines
from services.ledger.kpi_query import kpi_query, matching_records
from services.ledger.signing_keys import load_signer

LOG_FILE, SENT_FILE = "ledger.jsonl", "sent.txt"


def report(replay: Replay, stack: DemoStack, home: DeploymentDir, took: float) -> dict[str, Any]:
    """Return the whole report, as JSON. Everything but ``timing`` (seconds of machine time) and paths follows from the seed.

    ``wrong`` says in sentences why the demonstration failed; it is empty where it did not. Leaves what `whistle reconcile` and
    `whistle ledger verify` need to ask the same again.
    """
    told = replay.statistics.report()
    missed = {name: times for name, times in told["branches"].items() if times < replay.demo_config.rules.proof}
    reconciled = check_snapshot(
        replay.sent, read_snapshot(home.database_urls(), home.settings()["WHISTLE_SECRET"]), settled=True
    )
    log, log_wrong = _ledger(replay, stack, home)
    (home.path / SENT_FILE).write_text("".join(f"{source} {id_}\n" for source, id_ in replay.sent))
    return {
        "seed": replay.demo_config.rules.seed,
        "requests": len(replay.sent),
        "story": {"from": replay.began.isoformat(), "to": replay.clock.now().isoformat(), "moments": replay.moments},
        "lost": len(reconciled.lost),
        "doubled": len(reconciled.doubled),
        "wrong": [
            *(f"lost: {what}" for what in reconciled.lost),
            *(f"doubled: {what}" for what in reconciled.doubled),
            *(f"ledger: {why}" for why in log_wrong),
            *(_too_seldom(missed, replay.demo_config.rules.proof) if replay.demo_config.whole else ()),
        ],
        "reconciled": reconciled.counts,
        "ledger": log,
        **told,
        "branches_complete": not missed,
        "kpi": _kpis(replay, stack),
        "points": _points(stack),
        "commands": {
            "filed": replay.filed,
            "no_longer_sensible": replay.stale,
            "refused": len(replay.refused) + reconciled.counts["dead"],
        },
        "timing": {"seconds": round(took, 1), "events_per_second": round(told["events"]["total"] / took)},
    }


def _too_seldom(missed: dict[str, int], proof: int) -> Iterator[str]:
    for name, times in missed.items():
        yield f"branch {name}: taken {times} times, and a whole night is to take each at least {proof} times"


def _ledger(replay: Replay, stack: DemoStack, home: DeploymentDir) -> tuple[dict[str, Any], list[str]]:
    """Export the log to a file and verify the file alone, by the deployment's public key. Return the errors."""
    runtime = stack.services["ledger"]
    key = load_signer(runtime.settings.secret)
    file = home.path / LOG_FILE
    wrong, checkpoints = [], 0
    with runtime.store.transaction() as connection:
        kept = ledger.log(connection).frontier
        size, root = kept.size, kept.root()
        try:
            with file.open("wb") as out:
                out.writelines(export_lines(connection, key, replay.clock.now()))
            with file.open("rb") as exported:
                checked = audit(exported, [Key(key.public)])
        except (AuditError, LogDisagrees) as bad:
            wrong.append(str(bad))
        else:
            checkpoints = checked.checkpoints
            if (checked.entries, checked.root) != (size, root):
                wrong.append(f"the file has {checked.entries} entries and root {checked.root}, the store {size} and {root}")
            wrong += [str(found) for found in checked.found]
    return {"size": size, "root": root, "verified": not wrong, "checkpoints": checkpoints, "file": str(file)}, wrong


def _kpis(replay: Replay, stack: DemoStack) -> list[dict[str, Any]]:
    runtime = stack.services["ledger"]
    rules = load_rules(runtime.settings.config_dir / FILE)
    with runtime.store.transaction() as connection:
        records = matching_records(connection, kpi_query({}), rules.zone)
    return [view(compute_figure(formula, records, replay.clock.now()), rules) for formula in FORMULAS]


def _points(stack: DemoStack) -> dict[str, int]:
    """Return the posted and held points of volunteers; ``balance`` is credits minus debits of all accounts, which is 0."""
    with stack.services["ledger"].store.transaction() as connection:
        rows = ledger.postings_of(connection)
    every = balances(rows)
    issued = every.pop(ISSUED, Balance())
    return {
        "entries": len(rows),
        "members": len(every),
        "posted": sum(balance.posted for balance in every.values()),
        "held": sum(balance.held for balance in every.values()),
        "balance": issued.posted + sum(balance.posted for balance in every.values()),
    }
