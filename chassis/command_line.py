"""The command `whistle` as it can be typed on this machine, so that a printed command runs as printed."""

import shlex
import shutil
import sys
from pathlib import Path


def as_typed(words: str) -> str:
    """Return a command as it can be typed in the current directory, for instance ``.venv/bin/whistle migrate tickets``.

    ``words`` are the words after `whistle`, already quoted for a shell. The program is the one of this Python: its name if the
    PATH finds it, otherwise its path, or the module that it runs if it is not installed.
    """
    return f"{_program()} {words}"


def _program() -> str:
    script = Path(sys.executable).with_name("whistle")
    if not script.exists():
        return f"{shlex.quote(sys.executable)} -m cli.main"
    found = shutil.which(script.name)
    if found is not None and Path(found).resolve() == script.resolve():
        return script.name
    here = Path.cwd()
    return shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
