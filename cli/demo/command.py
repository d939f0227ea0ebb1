"""`whistle demo`: a night of a thousand real requests, from whistle to closure, in one process."""

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import click

from cli.home import Home


def _path(default: str) -> dict[str, Any]:
    return {"type": click.Path(path_type=Path), "default": Path(default), "show_default": True}


@click.command()
@click.option("--home", **_path("var/demo"), help="Where its files are; emptied first.")
@click.option("--config", **_path("deploy"), help="The rules to run by.")
@click.option("--json", "file", **_path("var/demo.json"), help="Where the report is written, too.")
@click.option("--seed", help="Another story than that of deploy/demo/street.yaml.")
@click.option("--first", type=click.IntRange(min=1), help="Only the first so many requests.")
def demo(home: Path, config: Path, file: Path, seed: str | None, first: int | None) -> None:
    """Replay a night of real requests on a clock that jumps, and report. Ends with status 1 if anything is lost or doubled."""
    from chassis import launch  # noqa: F401  # patches the standard library: before anything else is imported
    from chassis import log as logs
    from cli.demo.printed import Progress, printed
    from cli.demo.replay import Replay
    from cli.demo.report import report
    from cli.demo.scene import read_scene
    from cli.demo.stage import stage
    from services.dispatch.config import load_clocks

    calendar, _ = load_clocks(config / "clocks.yaml")
    scene = read_scene(config / "demo", calendar, seed, first)
    replay = Replay(scene)
    home.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.log").open("w") as log:
        logs.configure("demo", logging.WARNING, log)
        progress = Progress(len(scene.whistles), calendar.zone)
        with stage(Home(home), scene, config, replay.clock, replay.hear) as at_work:
            began = time.monotonic()
            at_work.load(scene.town.directory(), replay.clock.now())
            replay.run(at_work, progress)
            progress.done()
            found = report(replay, at_work, Home(home), time.monotonic() - began)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", "utf-8")
    click.echo(printed(found))
    click.echo(f"报告 report         {file} · 日志 log {log.name}")
    sys.exit(1 if found["lost"] or found["doubled"] or not found["ledger"]["verified"] else 0)
