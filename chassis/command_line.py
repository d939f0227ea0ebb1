"""How the command `whistle` is typed here, so that a printed command runs as it is printed."""

import shlex
import shutil
import sys
from pathlib import Path


def as_typed(words: str) -> str:
    """Return a command as it can be typed in the current directory, for instance ``.venv/bin/whistle migrate tickets``.

    ``words`` are those after `whistle`, already quoted for a shell. The program is the one of this Python: by its name alone
    where the PATH finds it, else by its path; where it is not installed, the module that it runs.
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
