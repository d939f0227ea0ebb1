"""What the demonstration reports: the tally of what was heard, and what four stores and an offline verifier say of it."""

from collections.abc import Iterator
from typing import Any

from cli.books import read_books
from cli.demo.replay import Replay
from cli.demo.stage import Stage
from cli.findings import compare
from cli.home import Home
from services.ledger import store as ledger
from services.ledger.api import view
from services.ledger.config import FILE, load_rules
from services.ledger.domain.audit import Bad, audit
from services.ledger.domain.comparison import LogDisagrees
from services.ledger.domain.figures import figure
from services.ledger.domain.keyring import Key
from services.ledger.domain.kpi import FORMULAS
from services.ledger.domain.points import ISSUED, Balance, balances
from services.ledger.export import lines
from services.ledger.keys import signer
from services.ledger.selection import selected, selection

LOG_FILE, SENT_FILE = "ledger.jsonl", "sent.txt"


def report(replay: Replay, stage: Stage, home: Home, took: float) -> dict[str, Any]:
    """The whole report, as JSON. Everything but ``timing`` (seconds of machine time) and paths follows from the seed.

    ``wrong`` says in sentences why the demonstration failed; it is empty where it did not. Leaves what `whistle reconcile` and
    `whistle ledger verify` need to ask the same again.
    """
    told = replay.tally.report()
    missed = {name: times for name, times in told["branches"].items() if times < replay.scene.rules.proof}
    reconciled = compare(replay.sent, read_books(home.database_urls(), home.settings()["WHISTLE_SECRET"]), settled=True)
    log, log_wrong = _ledger(replay, stage, home)
    (home.path / SENT_FILE).write_text("".join(f"{source} {id_}\n" for source, id_ in replay.sent))
    return {
        "seed": replay.scene.rules.seed,
        "requests": len(replay.sent),
        "story": {"from": replay.began.isoformat(), "to": replay.clock.now().isoformat(), "moments": replay.moments},
        "lost": len(reconciled.lost),
        "doubled": len(reconciled.doubled),
        "wrong": [
            *(f"lost: {what}" for what in reconciled.lost),
            *(f"doubled: {what}" for what in reconciled.doubled),
            *(f"ledger: {why}" for why in log_wrong),
            *(_too_seldom(missed, replay.scene.rules.proof) if replay.scene.whole else ()),
        ],
        "reconciled": reconciled.counts,
        "ledger": log,
        **told,
        "branches_complete": not missed,
        "kpi": _kpis(replay, stage),
        "points": _points(stage),
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


def _ledger(replay: Replay, stage: Stage, home: Home) -> tuple[dict[str, Any], list[str]]:
    """Export the log to a file and verify the file alone, by the deployment's public key; answers what is wrong with it."""
    runtime = stage.services["ledger"]
    key = signer(runtime.settings.secret)
    file = home.path / LOG_FILE
    wrong, checkpoints = [], 0
    with runtime.store.transaction() as connection:
        kept = ledger.log(connection).frontier
        size, root = kept.size, kept.root()
        try:
            with file.open("wb") as out:
                out.writelines(lines(connection, key, replay.clock.now()))
            with file.open("rb") as exported:
                checked = audit(exported, [Key(key.public)])
        except (Bad, LogDisagrees) as bad:
            wrong.append(str(bad))
        else:
            checkpoints = checked.checkpoints
            if (checked.entries, checked.root) != (size, root):
                wrong.append(f"the file has {checked.entries} entries and root {checked.root}, the store {size} and {root}")
            wrong += [str(found) for found in checked.found]
    return {"size": size, "root": root, "verified": not wrong, "checkpoints": checkpoints, "file": str(file)}, wrong


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
