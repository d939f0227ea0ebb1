"""`make mutants`: the promises switched off one at a time. Each must turn a test red, or the tests prove nothing.

The change is made in a copy of the tree; a mutant whose text is not there any more fails too, so that this list stays true.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("chassis", "cli", "contracts", "deploy", "docs", "services", "tests", "pyproject.toml", "README.md")


@dataclass(frozen=True)
class Mutant:
    """What is switched off, by which change, and where it must be noticed."""

    name: str
    file: str
    before: str
    after: str
    tests: str


MUTANTS = (
    Mutant(
        "the inbox check: an event that comes again has its effect again",
        "chassis/inbox/inbox.py",
        "return [one for one, new in zip(arrived, fresh, strict=True) if new]",
        "return list(arrived)",
        "tests/conformance/test_inbox.py",
    ),
    Mutant(
        "the outbox's transaction: what is said is committed by itself",
        "chassis/unit_of_work.py",
        "        self.connection.execute(adding(self.store.tables.outbox), rows[::-1])\n",
        "        with self.store.transaction() as other:\n"
        "            other.execute(adding(self.store.tables.outbox), rows[::-1])\n",
        "tests/conformance/test_unit_of_work.py",
    ),
    Mutant(
        "a photograph made anew: its metadata stay",
        "services/tickets/photographs/image.py",
        "optimize=True, progressive=False)",
        "optimize=True, progressive=False, exif=image.getexif())",
        "tests/unit/tickets/photographs/test_image.py",
    ),
    Mutant(
        "an upload's admission: whoever sends a photograph may attach it",
        "chassis/http/files.py",
        "                if not repeated:\n",
        "                if repeated:\n",
        "tests/component/tickets/test_photographs.py",
    ),
    Mutant(
        "the after-commit hook: what a unit of work counts is counted before it commits",
        "chassis/unit_of_work.py",
        "        self.store.after_commit(self.connection, hook)\n",
        "        hook()\n",
        "tests/conformance/test_after_commit.py",
    ),
    Mutant(
        "the embedded confirm: an event is safe although a queue did not take it",
        "chassis/messaging/embedded.py",
        "        if outage is not None:\n            raise outage\n",
        "",
        "tests/conformance/test_outages.py",
    ),
    Mutant(
        "the wait for SQLite's lock: the driver waits, and with it the whole process",
        "chassis/persistence/engine.py",
        '"busy_timeout=0"',
        '"busy_timeout=5000"',
        "tests/component/test_embedded.py",
    ),
    Mutant(
        "the timer's generation check: an older timer still rings",
        "services/dispatch/domain/deadline_stages.py",
        "if one.key == key and one.live and one.version == version",
        "if one.key == key and one.live",
        "tests/unit/dispatch",
    ),
    Mutant(
        "the verifier rule: who handled it may verify it",
        "services/dispatch/domain/verification.py",
        "if assignment.to in case.handlers() or report.actor in case.handling_actors():",
        "if False:",
        "tests/unit/dispatch",
    ),
    Mutant(
        "the consent gate: a session without consent",
        "services/dispatch/domain/responses/mediate.py",
        "    if missing:\n",
        "    if False:\n",
        "tests/unit/dispatch",
    ),
)


def caught(mutant: Mutant) -> bool:
    """Whether a test turns red. Raises SystemExit where the text to change is not there exactly once."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        copy = Path(scratch)
        for name in COPIED:
            source = ROOT / name
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / name, ignore=ignored) if source.is_dir() else shutil.copy(source, copy / name)
        target = copy / mutant.file
        text = target.read_text("utf-8")
        if text.count(mutant.before) != 1:
            sys.exit(f"mutant {mutant.name!r}: its text is {text.count(mutant.before)} times in {mutant.file}, want once")
        target.write_text(text.replace(mutant.before, mutant.after), "utf-8")
        run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.tests]
        environment = {**os.environ, "PYTHONPATH": str(copy)}
        done = subprocess.run(run, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        # 1: tests ran and failed; anything else is no verdict
        if done.returncode not in {0, 1}:
            sys.exit(f"mutant {mutant.name!r}: the tests did not run\n{done.stdout}{done.stderr}")
        return done.returncode == 1


def main() -> None:
    """Try every mutant; ends with status 1 when one survives."""
    survived = []
    for mutant in MUTANTS:
        verdict = caught(mutant)
        print(f"{'caught  ' if verdict else 'SURVIVED'}  {mutant.name}", flush=True)
        survived += [] if verdict else [mutant.name]
    if survived:
        sys.exit(f"{len(survived)} of {len(MUTANTS)} mutants survived")
    print(f"all {len(MUTANTS)} mutants caught")


if __name__ == "__main__":
    main()
