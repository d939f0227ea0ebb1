"""Finding the servers' binaries on this machine, and installing them where that is possible."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.kit.processes import ServerError

_POLICY = Path("/usr/sbin/policy-rc.d")
_install_lock = threading.Lock()


def postgres_binaries() -> Path | None:
    """Return the directory with initdb and postgres of the newest installed PostgreSQL."""

    def version(directory: Path) -> float:
        try:
            return float(directory.parent.name.removeprefix("pgsql-"))
        except ValueError:
            return 0.0

    found = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    found = [directory for directory in found if (directory / "initdb").exists() and (directory / "postgres").exists()]
    return max(found, key=version, default=None)


def rabbitmq_binaries() -> Path | None:
    """Return the directory with RabbitMQ's own rabbitmq-server and rabbitmqctl.

    The scripts of the same names in /usr/sbin of the distributions are wrappers which change to another user
    and directory; they are used only when nothing else is there.
    """
    found = [Path("/usr/lib/rabbitmq/bin"), *sorted(Path("/usr/lib/rabbitmq/lib").glob("*/sbin"))]
    on_path = shutil.which("rabbitmq-server")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return next((directory for directory in found if (directory / "rabbitmq-server").exists()), None)


def epmd_binary() -> Path | None:
    """Return Erlang's port mapper daemon."""
    on_path = shutil.which("epmd")
    if on_path is not None:
        return Path(on_path)
    return next((path for root in ("/usr/lib", "/usr/local/lib") for path in Path(root).glob("erlang/erts-*/bin/epmd")), None)


def unprivileged_user(preferred: str) -> str | None:
    """Return the user for a server that refuses to run as root; None when the tests do not run as root."""
    if os.geteuid() != 0:
        return None
    for name in (preferred, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServerError(f"running as root, and there is neither a user {preferred} nor a user nobody")


@contextlib.contextmanager
def _no_services_started() -> Iterator[None]:
    """Keep packages from starting their services while they are installed."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


def can_apt_install() -> bool:
    """Return whether packages can be installed here: as root on a system with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(package: str) -> None:
    """Install a distribution package without starting any service of it."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    wait_for_others = ["-o", "DPkg::Lock::Timeout=300", "-o", "APT::Lock::Timeout=300"]
    with _no_services_started():
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", package]):
            done = subprocess.run(
                ["apt-get", *wait_for_others, *command],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=900,
                check=False,
            )
            if done.returncode != 0 and command[0] == "install":
                raise ServerError(f"apt-get install {package} failed:\n{done.stdout[-3000:]}")


def found_or_installed(find: Callable[[], Path | None], package: str) -> Path | None:
    """Return the result of `find`, after installing the package if it is missing and can be installed."""
    found = find()
    if found is None and can_apt_install():
        with _install_lock:
            found = find()
            if found is None:
                apt_install(package)
                found = find()
    return found
