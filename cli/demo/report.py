"""What the demonstration reports: the tally of what was heard, and what four stores and an offline verifier say of it."""

from typing import Any

from cli.books import read_books
from cli.demo.replay import Replay
from cli.demo.stage import Stage
from cli.findings import compare
from cli.home import Home
from contracts.topology import SERVICES
from services.ledger import store as ledger
from services.ledger.api import view
from services.ledger.config import FILE, load_rules
from services.ledger.domain.audit import audit
from services.ledger.domain.figures import figure
from services.ledger.domain.keyring import Key
from services.ledger.domain.kpi import FORMULAS
from services.ledger.domain.points import ISSUED, Balance, balances
from services.ledger.export import lines
from services.ledger.keys import signer
from services.ledger.selection import selected, selection

LOG_FILE = "ledger.jsonl"


def report(replay: Replay, stage: Stage, home: Home, took: float) -> dict[str, Any]:
    """The whole report, as JSON. Everything but ``timing`` (seconds of machine time) follows from the seed."""
    told = replay.tally.report()
    reconciled = compare(replay.sent, read_books(_urls(home)), settled=True)
    return {
        "seed": replay.scene.rules.seed,
        "requests": len(replay.sent),
        "story": {"from": replay.began.isoformat(), "to": replay.clock.now().isoformat(), "moments": replay.moments},
        "lost": len(reconciled.lost),
        "doubled": len(reconciled.doubled),
        "wrong": [*reconciled.lost, *reconciled.doubled],
        "reconciled": reconciled.counts,
        "ledger": _ledger(replay, stage, home),
        **told,
        "kpi": _kpis(replay, stage),
        "points": _points(stage),
        "commands": {"filed": replay.filed, "no_longer_sensible": replay.stale, "refused": len(replay.refused)},
        "timing": {"seconds": round(took, 1), "events_per_second": round(told["events"]["total"] / took)},
    }


def _urls(home: Home) -> dict[str, str]:
    return {service: home.settings()[f"WHISTLE_{service.upper()}_DATABASE_URL"] for service in SERVICES}


def _ledger(replay: Replay, stage: Stage, home: Home) -> dict[str, Any]:
    """Export the log to a file and verify the file alone, by the deployment's public key."""
    runtime = stage.services["ledger"]
    key = signer(runtime.settings.secret)
    file = home.path / LOG_FILE
    with runtime.store.transaction() as connection, file.open("wb") as out:
        out.writelines(lines(connection, key, replay.clock.now()))
        kept = ledger.log(connection).frontier
        size, root = kept.size, kept.root()
    with file.open("rb") as exported:
        checked = audit(exported, [Key(key.public)])
    return {
        "size": size,
        "root": root,
        "verified": (checked.entries, checked.root) == (size, root) and not checked.found,
        "checkpoints": checked.checkpoints,
        "gaps_and_forks": len(checked.found),
        "file": str(file),
    }


def _kpis(replay: Replay, stage: Stage) -> list[dict[str, Any]]:
    runtime = stage.services["ledger"]
    rules = load_rules(runtime.settings.config_dir / FILE)
    with runtime.store.transaction() as connection:
        books = selected(connection, selection({}), rules.zone)
    return [view(figure(formula, books, replay.clock.now()), rules) for formula in FORMULAS]


def _points(stage: Stage) -> dict[str, int]:
    """What volunteers own and what is held for them; ``balance`` is credits minus debits of all accounts, which is 0."""
    with stage.services["ledger"].store.transaction() as connection:
        rows = ledger.posted(connection)
    every = balances(rows)
    issued = every.pop(ISSUED, Balance())
    return {
        "entries": len(rows),
        "members": len(every),
        "posted": sum(balance.posted for balance in every.values()),
        "held": sum(balance.held for balance in every.values()),
        "balance": issued.posted + sum(balance.posted for balance in every.values()),
    }
