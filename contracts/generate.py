"""Write the files that are generated from the contracts, or name the stale ones.

    python -m contracts.generate            writes (make contracts)
    python -m contracts.generate --check    compares, names the stale files, exits 1

To generate another document add it to `documents`.
"""

import argparse
import sys
from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from pathlib import Path

import contracts.events  # noqa: F401  publishes every contract
from contracts.generators import asyncapi, openapi, released, schemas
from contracts.http import BY_SERVICE
from contracts.payload import all_payloads

ROOT = Path(__file__).parent
REMEDY = "run `make contracts` and commit what it writes"

Render = Callable[[Path], str]
"""Returns one document's text. Its argument is the contracts' folder, from which it may read samples."""


def documents() -> dict[str, Render]:
    """Return the generated files: their paths below the contracts' folder and the functions that render them."""
    return {
        **{f"schemas/{schema.type}.json": partial(schemas.render, schema) for schema in all_payloads()},
        "asyncapi.yaml": asyncapi.render,
        **{f"openapi/{service}.yaml": partial(openapi.render, service) for service in BY_SERVICE},
        released.FILE: released.render,
    }


GENERATED_FOLDERS = ("schemas", "openapi")
"""Folders without hand-written files: a file there that no document generates is stale."""


def render_all(root: Path = ROOT) -> dict[str, str]:
    """Return every document's text by path. Raises BrokenContract before anything is written."""
    return {path: render(root) for path, render in documents().items()}


def stale(root: Path = ROOT) -> list[str]:
    """Return the generated files that are missing, differ, or are no longer generated."""
    return _differing(root, render_all(root))


def write(root: Path = ROOT) -> list[str]:
    """Update the stale files. Return their names."""
    texts = render_all(root)
    changed = _differing(root, texts)
    for path in changed:
        if path in texts:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(texts[path], encoding="utf-8")
        else:
            (root / path).unlink()
    return changed


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run the command. Return its exit status."""
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m contracts.generate", description=about)
    parser.add_argument("--check", action="store_true", help="compare, and exit 1 if a file is stale")
    only_check: bool = parser.parse_args(arguments).check
    try:
        changed = stale(root) if only_check else write(root)
    except released.BrokenContract as broken:
        return _complain(broken.rules, "make a new version of the type; nothing was written")
    except LookupError as missing:
        return _complain([str(missing.args[0])], "nothing was written")
    if only_check and changed:
        return _complain([f"stale: contracts/{path}" for path in changed], REMEDY)
    for path in changed:
        print(f"wrote contracts/{path}")
    return 0


def _complain(lines: list[str], remedy: str) -> int:
    print(*lines, remedy, sep="\n", file=sys.stderr)
    return 1


def _differing(root: Path, texts: Mapping[str, str]) -> list[str]:
    differing = [path for path, text in texts.items() if not _says(root / path, text)]
    return sorted(differing + _leftovers(root, texts.keys()))


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def _leftovers(root: Path, known: Container[str]) -> list[str]:
    found = (path for folder in GENERATED_FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    return [name for path in found if (name := path.relative_to(root).as_posix()) not in known]


if __name__ == "__main__":
    sys.exit(main())
