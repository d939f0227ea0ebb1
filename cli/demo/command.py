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
from cli.home import Home

if TYPE_CHECKING:
    from cli.demo.scene import Scene

LOG_FILE = "demo.log"


def _path(default: str) -> dict[str, Any]:
    return {"type": click.Path(path_type=Path), "default": Path(default), "show_default": True}


@click.command()
@click.option("--home", **_path("var/demo"), help="Where its files are; emptied first.")
@click.option("--config", **_path("deploy"), help="The rules to run by.")
@click.option("--json", "file", **_path("var/demo.json"), help="Where the report is written, too.")
@click.option("--seed", help="Another story than that of deploy/demo/street.yaml.")
@click.option("--first", type=click.IntRange(min=1), help="Only the first so many requests.")
def demo(home: Path, config: Path, file: Path, seed: str | None, first: int | None) -> None:
    """Replay a night of real requests on a clock that jumps, and report.

    Ends with status 1 if anything is lost or doubled, if the exported ledger does not verify, or if a whole night takes a
    branch too seldom.
    """
    from chassis import launch  # noqa: F401  # patches the standard library: before anything else is imported
    from cli.demo.printed import printed
    from cli.demo.scene import read_scene
    from cli.demo.words import read_words
    from services.dispatch.config import load_clocks

    calendar, _ = load_clocks(config / "clocks.yaml")
    scene, words = read_scene(config / "demo", calendar, seed, first), read_words(config / "demo/words.yaml")
    place = Home(home)
    with place.held():
        place.empty()
        found = _told(scene, place, config, calendar.zone)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    click.echo(printed(found, words))
    _say_where(place, file)
    sys.exit(1 if found["wrong"] else 0)


def _told(scene: "Scene", home: Home, config: Path, zone: tzinfo) -> dict[str, Any]:
    """Tell the whole story in a held, empty home; answers the report."""
    from chassis.observability import logs
    from cli.demo.progress import Progress
    from cli.demo.replay import Replay
    from cli.demo.report import report
    from cli.demo.stage import stage

    replay, progress = Replay(scene), Progress(len(scene.whistles), zone)
    with (home.path / LOG_FILE).open("w", encoding="utf-8") as log:
        logs.configure("demo", logging.WARNING, log)
        with stage(home, scene, config, replay.clock, replay.hear) as at_work:
            began = time.monotonic()
            at_work.load(scene.town.directory(), replay.clock.now())
            replay.run(at_work, progress)
            progress.done()
            return report(replay, at_work, home, time.monotonic() - began)


def _say_where(home: Home, file: Path) -> None:
    from cli.demo.report import LOG_FILE as LEDGER
    from cli.demo.report import SENT_FILE

    click.echo(f"文件 files        {file} · {home.path}/")
    sent, log = shlex.quote(str(home.path / SENT_FILE)), shlex.quote(str(home.path / LEDGER))
    click.echo(f"再问 ask again    {home.shell_command()}")
    click.echo(f"                  {as_typed(f'reconcile --settled --sent {sent}')}")
    click.echo(f"                  {as_typed(f'ledger verify {log}')}")
