"""`whistle demo`: a night of a thousand real requests, from whistle to closure, in one process."""

import json
import logging
import shlex
import sys
import time
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chassis.command_line import as_typed
from cli.deployment_dir import DeploymentDir

if TYPE_CHECKING:
    from cli.demo.config import DemoConfig

LOG_FILE = "demo.log"


def _path(default: str) -> dict[str, Any]:
    return {"type": click.Path(path_type=Path), "default": Path(default), "show_default": True}


@click.command()
@click.option("--home", **_path("var/demo"), help="Where its files are; emptied first.")
@click.option("--config", **_path("deploy"), help="The rules to run by.")
@click.option("--json", "file", **_path("var/demo.json"), help="Where the report is written, too.")
@click.option("--seed", help="Another story than that of deploy/demo/behaviour.yaml.")
@click.option("--first", type=click.IntRange(min=1), help="Only the first so many requests.")
def demo(home: Path, config: Path, file: Path, seed: str | None, first: int | None) -> None:
    """Replay a night of real requests on a clock that jumps, and report.

    Ends with status 1 if anything is lost or doubled, if the exported ledger does not verify, or if a whole night takes a
    branch too seldom.
    """
    from chassis import launch  # noqa: F401  # patches the standard library: before anything else is imported
    from cli.demo.config import read_demo_config
    from cli.demo.report_text import report_text
    from cli.demo.words import read_words
    from services.dispatch.config import load_clocks

    calendar, _ = load_clocks(config / "clocks.yaml")
    demo_config, words = read_demo_config(config / "demo", calendar, seed, first), read_words(config / "demo/words.yaml")
    place = DeploymentDir(home)
    with place.held():
        place.empty()
        found = _told(demo_config, place, config, calendar.zone)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    click.echo(report_text(found, words))
    _say_where(place, file)
    sys.exit(1 if found["wrong"] else 0)


def _told(demo_config: "DemoConfig", home: DeploymentDir, config: Path, zone: tzinfo) -> dict[str, Any]:
    """Tell the whole story in a held, empty home; answers the report."""
    from chassis.observability import logs
    from cli.demo.progress import Progress
    from cli.demo.replay import Replay
    from cli.demo.report import report
    from cli.demo.stack import demo_stack

    replay, progress = Replay(demo_config), Progress(len(demo_config.whistles), zone)
    with (home.path / LOG_FILE).open("w", encoding="utf-8") as log:
        logs.configure("demo", logging.WARNING, log)
        with demo_stack(home, demo_config, config, replay.clock, replay.hear) as at_work:
            began = time.monotonic()
            at_work.load(demo_config.town.directory(), replay.clock.now())
            replay.run(at_work, progress)
            progress.done()
            return report(replay, at_work, home, time.monotonic() - began)


def _say_where(home: DeploymentDir, file: Path) -> None:
    from cli.demo.report import LOG_FILE as LEDGER
    from cli.demo.report import SENT_FILE

    click.echo(f"文件 files        {file} · {home.path}/")
    sent, log = shlex.quote(str(home.path / SENT_FILE)), shlex.quote(str(home.path / LEDGER))
    click.echo(f"再问 ask again    {home.shell_command()}")
    click.echo(f"                  {as_typed(f'reconcile --settled --sent {sent}')}")
    click.echo(f"                  {as_typed(f'ledger verify {log}')}")
