"""A server in a container, for machines that have docker and no servers installed."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Mapping, Sequence

from tests.kit.processes import ServerError, remove_container_with_this_run


def docker_works() -> bool:
    """Return whether a docker client reaches its daemon."""
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


class Container:
    """A container whose ports are published on the loopback, with the same methods as LocalProcess."""

    def __init__(self, image: str, ports: Mapping[int, int], env: Mapping[str, str], command: Sequence[str] = ()) -> None:
        """Describe the container; `ports` maps a loopback port to the port inside."""
        self.image = image
        self.ports = dict(ports)
        self.env = dict(env)
        self.command = list(command)
        self.name = f"whistle-test-{secrets.token_hex(4)}"
        self._created = False

    def docker(self, *args: str) -> str:
        """Run the docker client and return what it printed."""
        done = subprocess.run(["docker", *args], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            raise ServerError(f"docker {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    @property
    def alive(self) -> bool:
        """Return whether the container runs (frozen counts as running)."""
        return self._created and self.docker("inspect", "-f", "{{.State.Running}}", self.name).strip() == "true"

    def start(self) -> None:
        """Create the container and start it, or start it again with the data it has."""
        if self._created:
            self.docker("start", self.name)
            return
        remove_container_with_this_run(self.name)
        options = [word for inner, outer in self.ports.items() for word in ("-p", f"127.0.0.1:{inner}:{outer}")]
        options += [word for key, value in self.env.items() for word in ("-e", f"{key}={value}")]
        self.docker("run", "-d", "--name", self.name, "--hostname", "whistle", *options, self.image, *self.command)
        self._created = True

    def kill(self) -> None:
        """SIGKILL everything in the container; its data stays."""
        if self.alive:
            self.docker("kill", "--signal", "KILL", self.name)
            self.docker("wait", self.name)

    def stop(self) -> None:
        """Stop the container in an orderly way; its data stays."""
        if self._created:
            with contextlib.suppress(ServerError):
                self.thaw()
            self.docker("stop", "--time", "30", self.name)

    def discard(self) -> None:
        """Remove the container and its data."""
        if self._created:
            self.docker("rm", "--force", "--volumes", self.name)
            self._created = False

    def freeze(self) -> None:
        """Pause every process in the container."""
        self.docker("pause", self.name)

    def thaw(self) -> None:
        """Let a frozen container go on."""
        self.docker("unpause", self.name)

    def log_tail(self, lines: int = 30) -> str:
        """Return the end of the container's output."""
        done = subprocess.run(
            ["docker", "logs", "--tail", str(lines), self.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=360,
            check=False,
        )
        return done.stdout
