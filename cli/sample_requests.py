"""The first hundred requests of the demonstration as whistles of the street that `whistle embedded` runs.

They go into a file that the web console offers to send while the system is empty, so that a newcomer sees a desk at work.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

from chassis.configuration.yaml_files import read_yaml
from contracts.codes import AreaKind

COUNT = 100


def write_sample(target: Path, folder: Path, directory: Path) -> None:
    """Write the file unless it is there. ``folder`` is the demonstration's, ``directory`` the street's. Raises BadConfig."""
    if target.exists() or not folder.exists():
        return
    from cli.demo.boards import read_boards
    from cli.demo.complaints import read_complaints
    from cli.demo.config import REQUESTS
    from cli.demo.requests import read_whistles
    from cli.demo.rules import read_rules

    complaints, boards = read_complaints(folder / "complaints.yaml"), read_boards(folder / "boards.yaml")
    night = read_whistles(folder / REQUESTS, complaints, boards, read_rules(folder / "behaviour.yaml"), UTC)
    chosen = islice(on_the_street(((one.id, one.data) for one in night), read_yaml(directory)), COUNT)
    target.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in chosen), "utf-8")


def on_the_street(
    requests: Iterable[tuple[str, Mapping[str, Any]]], street: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Yield each request whose category the street has, by its id and moved to one of the street's grids and estates.

    The place follows from the id, so that the same request is at the same place every time.
    """
    categories = {one["code"] for one in street["categories"]}
    grids = [one["code"] for one in street["areas"] if one["kind"] == AreaKind.GRID]
    estates = [one["code"] for one in street["areas"] if one["kind"] == AreaKind.ESTATE]
    for id_, said in requests:
        if said["category"] in categories:
            digest = crc32(id_.encode())
            moved = {"area": grids[digest % len(grids)]}
            if "estate" in said:
                moved["estate"] = estates[digest // len(grids) % len(estates)]
            elsewhere = {name: value for name, value in said.items() if name != "location"}  # the point is in New York
            yield {"key": f"sample-{id_}", "whistle": {**elsewhere, **moved}}
