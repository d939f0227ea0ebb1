"""A real RabbitMQ for the tests: the one named in the environment, or a private throw-away one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import amqp
import requests

from tests.kit import server_binaries
from tests.kit.containers import Container, docker_works
from tests.kit.managed_broker import API_VARIABLE, ManagedBroker
from tests.kit.processes import LocalProcess, ServerError, free_port, scratch_directory, wait_until

URL_VARIABLE = "WHISTLE_TEST_AMQP_URL"
IMAGE = "rabbitmq:4-management"
HOW_TO_GET_ONE = f"""There is no RabbitMQ for the tests. Do one of these:
  - set {URL_VARIABLE} to amqp://user:password@host:port and {API_VARIABLE} to the URL of its management
    plugin with an administrator, http://user:password@host:15672
  - install RabbitMQ 3.10 or newer (Debian and Ubuntu: the package rabbitmq-server; done by itself when run as root)
  - have a working docker, with which the image {IMAGE} is run"""


@dataclass
class RabbitServer(ManagedBroker):
    """A RabbitMQ server that can be reached and, where it was started here, killed, stopped and frozen.

    `machine` is None for a server named in the environment, which cannot be killed, stopped or frozen from here.
    """

    machine: LocalProcess | Container | None = None
    port_mapper: LocalProcess | None = None
    rabbitmqctl: Path | None = None

    @property
    def private(self) -> bool:
        """Return whether these tests started the server, so that it can be killed and frozen."""
        return self.machine is not None

    def connect(self, vhost: str = "/", timeout: float = 5) -> amqp.Connection:
        """Return an open AMQP connection as the administrator."""
        connection = amqp.Connection(
            f"{self.host}:{self.port}",
            self.user,
            self.password,
            virtual_host=vhost,
            connect_timeout=timeout,
            read_timeout=30,
            write_timeout=30,
        )
        connection.connect()
        return connection

    def ctl(self, *args: str) -> str:
        """Run rabbitmqctl on the private server and return what it printed (takes seconds: prefer `api`)."""
        machine = self._own_machine()
        if isinstance(machine, Container):
            return machine.docker("exec", machine.name, "rabbitmqctl", "--quiet", *args)
        command = [str(self.rabbitmqctl), "--quiet", *args]
        done = subprocess.run(
            command, env=machine.env, cwd=machine.directory, capture_output=True, text=True, timeout=360, check=False
        )
        if done.returncode != 0:
            raise ServerError(f"rabbitmqctl {' '.join(args)}: {done.stdout}{done.stderr}")
        return done.stdout

    def _own_machine(self) -> LocalProcess | Container:
        if self.machine is None:
            raise ServerError(
                f"the RabbitMQ named by {URL_VARIABLE} was not started by these tests: it cannot be killed, "
                "stopped, restarted, frozen or given to rabbitmqctl from here; use rabbitmq(private=True) for that"
            )
        return self.machine

    def ready(self) -> bool:
        """Return whether an AMQP connection can be opened, and the management interface (if any is known) answers."""
        try:
            with contextlib.closing(self.connect(timeout=2)):
                pass
            if self.api_url is not None:
                self.api("GET", "whoami")
            return True
        except (OSError, amqp.AMQPError, requests.RequestException, ServerError):
            return False

    def wait_ready(self, seconds: float = 90) -> None:
        """Wait until the server answers."""
        machine = self.machine
        if machine is None:
            wait_until(self.ready, f"RabbitMQ at {self.host}:{self.port} ({URL_VARIABLE}) does not answer", 20)
        else:
            wait_until(self.ready, "RabbitMQ start", seconds, lambda: machine.alive, machine.log_tail)

    def settle(self) -> None:
        """Write the names of quorum queues to the disk, which the server itself does only about twice a second.

        A quorum queue declared in the moment before a kill is otherwise lost with all its messages, confirmed
        ones included, and until it is deleted every operation on it hangs or fails.
        """
        self.ctl("eval", "[dets:sync(Table) || Table <- dets:all()].")

    def kill(self) -> None:
        """SIGKILL the server; call `settle` before when quorum queues were declared just now."""
        self._own_machine().kill()

    def stop(self) -> None:
        """Shut the server down in an orderly way; `restart` brings it back."""
        self._own_machine().stop()

    def restart(self) -> None:
        """Start the server again on the data and the ports it had (stopping it first when it runs)."""
        machine = self._own_machine()
        machine.stop()
        machine.start()
        self.wait_ready()

    def freeze(self) -> None:
        """Stop the server at once: connections stay open, nothing answers."""
        self._own_machine().freeze()

    def thaw(self) -> None:
        """Resume a frozen server."""
        self._own_machine().thaw()


def _from_environment(url: str) -> RabbitServer:
    parts = urlsplit(url)
    if parts.scheme != "amqp" or not parts.hostname or not parts.username:
        raise ServerError(f"{URL_VARIABLE} is not of the form amqp://user:password@host:port")
    return RabbitServer(
        parts.hostname,
        parts.port or 5672,
        unquote(parts.username),
        unquote(parts.password or ""),
        os.environ.get(API_VARIABLE) or None,
    )


def _installed_server(binaries: Path, epmd: Path) -> RabbitServer:
    directory = scratch_directory("rabbitmq")
    name, epmd_port = f"whistle-{secrets.token_hex(4)}@localhost", free_port()
    server = installed_node(binaries, directory, name, epmd_port, "whistle-admin", secrets.token_hex(12))
    env = server._own_machine().env
    server.port_mapper = LocalProcess([epmd, "-address", "127.0.0.1", "-port", str(epmd_port)], directory, env)
    return server


def installed_node(
    binaries: Path,
    directory: Path,
    name: str,
    epmd_port: int,
    user: str,
    password: str,
    more_settings: Mapping[str, str] | None = None,
    home: Path | None = None,
    more_args: str = "",
) -> RabbitServer:
    """Return one node on ports of its own, not yet started. It finds others by the port mapper at ``epmd_port``.

    ``home`` is where the cookie is by which the nodes of a cluster know each other; without it the node makes one of its own.
    """
    port, api_port, dist_port = (free_port() for _ in range(3))
    home = home or directory / "home"
    home.mkdir(exist_ok=True)
    (directory / "env.conf").write_text("")
    (directory / "enabled_plugins").write_text("[rabbitmq_management].\n")
    settings = {
        "listeners.tcp.1": f"127.0.0.1:{port}",
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": api_port,
        "default_user": user,
        "default_pass": password,
        "log.file": "false",
        "log.console": "true",
        "log.console.level": "error",
        **(more_settings or {}),
    }
    config = directory / "rabbitmq.conf"
    config.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    env = {key: value for key, value in os.environ.items() if not key.startswith(("RABBITMQ_", "ERL_", "NOTIFY_"))}
    env |= {
        "HOME": str(home),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_DIST_PORT": str(dist_port),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "env.conf"),
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"-kernel inet_dist_use_interface {{127,0,0,1}} {more_args}".strip(),
        # The start script then becomes the server instead of waiting for it, so that its pid is the server's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
    machine = LocalProcess([binaries / "rabbitmq-server"], directory, env)
    return RabbitServer(
        "127.0.0.1",
        port,
        user,
        password,
        f"http://127.0.0.1:{api_port}",
        machine,
        rabbitmqctl=binaries / "rabbitmqctl",
    )


def _container_server() -> RabbitServer:
    port, api_port = free_port(), free_port()
    user, password = "whistle-admin", secrets.token_hex(12)
    env = {"RABBITMQ_DEFAULT_USER": user, "RABBITMQ_DEFAULT_PASS": password}
    machine = Container(IMAGE, {port: 5672, api_port: 15672}, env)
    return RabbitServer("127.0.0.1", port, user, password, f"http://127.0.0.1:{api_port}", machine)


@contextlib.contextmanager
def rabbitmq(private: bool = False) -> Iterator[RabbitServer]:
    """Yield a running RabbitMQ: the one of WHISTLE_TEST_AMQP_URL, else a throw-away one that ends with the block.

    `private` ignores the environment, for tests that kill or freeze the server.
    """
    url = os.environ.get(URL_VARIABLE)
    if url and not private:
        server = _from_environment(url)
        server.wait_ready()
        yield server
        return
    binaries = server_binaries.found_or_installed(server_binaries.rabbitmq_binaries, "rabbitmq-server")
    epmd = server_binaries.epmd_binary()
    if binaries is not None and epmd is not None:
        server = _installed_server(binaries, epmd)
    elif docker_works():
        server = _container_server()
    else:
        raise ServerError(HOW_TO_GET_ONE)
    machine = server._own_machine()
    try:
        if server.port_mapper is not None:
            server.port_mapper.start()
        machine.start()
        server.wait_ready()
        yield server
    finally:
        machine.discard()
        if server.port_mapper is not None:
            server.port_mapper.discard()
        if isinstance(machine, LocalProcess):
            shutil.rmtree(machine.directory, ignore_errors=True)
