"""A real PostgreSQL for the tests: the one named in the environment, or a private throw-away one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psycopg2
from psycopg2 import sql

from tests.kit import server_binaries
from tests.kit.containers import Container, docker_works
from tests.kit.processes import LocalProcess, ServerError, free_port, scratch_directory, wait_until

URL_VARIABLE = "WHISTLE_TEST_POSTGRES_URL"
IMAGE = "postgres:17"
HOW_TO_GET_ONE = f"""There is no PostgreSQL for the tests. Do one of these:
  - set {URL_VARIABLE} to the URL of a server and its superuser, postgresql://user:password@host:port/postgres
  - install PostgreSQL 13 or newer (Debian and Ubuntu: the package postgresql; done by itself when run as root)
  - have a working docker, with which the image {IMAGE} is run"""


@dataclass
class PostgresServer:
    """A PostgreSQL server and its superuser.

    `machine` is None for a server named in the environment, which cannot be killed, stopped or frozen from here.
    """

    host: str
    port: int
    user: str
    password: str
    machine: LocalProcess | Container | None = None
    role_passwords: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    """Databases from which others are copied, by their content; see `keep_as_template`."""

    @property
    def private(self) -> bool:
        """Return whether these tests started the server, so that it can be killed and frozen."""
        return self.machine is not None

    @property
    def admin_url(self) -> str:
        """Return the superuser's URL of the maintenance database."""
        return self.url("postgres")

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Return the URL of a database, by default as the superuser."""
        if user is None:
            user, password = self.user, self.password
        elif password is None:
            password = self.role_passwords[user]
        who = f"{quote(user, safe='')}:{quote(password or '', safe='')}"
        return f"postgresql://{who}@{self.host}:{self.port}/{quote(database, safe='')}"

    def connect(self, database: str = "postgres") -> Any:
        """Return a psycopg2 connection as the superuser, in autocommit mode."""
        connection = psycopg2.connect(self.url(database), connect_timeout=5)
        connection.autocommit = True
        return connection

    def execute(self, *statements: str | sql.Composable, database: str = "postgres") -> None:
        """Run statements as the superuser, each in a transaction of its own."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def column(self, query: str, database: str = "postgres") -> list[Any]:
        """Return the first column of a query's result, as the superuser."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return [row[0] for row in cursor.fetchall()]

    def create_role(self, name: str, password: str | None = None) -> str:
        """Make sure that a login role exists, and return its password."""
        password = password or self.role_passwords.get(name) or secrets.token_hex(12)
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            cursor.execute(sql.SQL(verb + " ROLE {} LOGIN PASSWORD %s").format(sql.Identifier(name)), (password,))
        self.role_passwords[name] = password
        return password

    def drop_role(self, name: str) -> None:
        """Drop a role that owns nothing any more."""
        self.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
        self.role_passwords.pop(name, None)

    def create_database(self, name: str, role: str | None = None, template: str | None = None) -> str:
        """Create a database and return its URL.

        With `role` the database belongs to this login role, made when missing, and the URL is the role's;
        nobody but the role and the superuser may connect.  With `template` it starts as a copy of that database.
        """
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if role is not None:
            self.create_role(role)
            statement += sql.SQL(" OWNER {}").format(sql.Identifier(role))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self.execute(
            statement,
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)),
        )
        return self.url(name, role)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def keep_as_template(self, what: str, database: str) -> None:
        """Keep a copy of a database, to which nobody is connected, for as long as this run lasts."""
        self.templates[what] = f"{database}_kept"
        self.create_database(self.templates[what], template=database)

    def drop_templates(self) -> None:
        """Drop the databases of `keep_as_template`."""
        while self.templates:
            self.drop_database(self.templates.popitem()[1])

    def _own_machine(self) -> LocalProcess | Container:
        if self.machine is None:
            raise ServerError(
                f"the PostgreSQL named by {URL_VARIABLE} was not started by these tests: it cannot be killed, "
                "stopped, restarted or frozen from here; use postgres(private=True) for that"
            )
        return self.machine

    def shell(self, script: str) -> str:
        """Run a script as the private server's user, on its machine; return the output."""
        machine = self._own_machine()
        if isinstance(machine, Container):
            return machine.docker("exec", "--user", "postgres", machine.name, "sh", "-c", script)
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=machine.directory,
            capture_output=True,
            text=True,
            timeout=360,
            check=False,
            user=machine.user,
            group=machine.user,
            extra_groups=[] if machine.user is not None else None,
        )
        if done.returncode != 0:
            raise ServerError(f"{script}: {done.stdout}{done.stderr}")
        return done.stdout

    def ready(self) -> bool:
        """Return whether a new connection gets an answer."""
        try:
            with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
                return bool(cursor.fetchone() == (1,))
        except psycopg2.Error:
            return False

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until the server answers."""
        machine = self.machine
        if machine is None:
            wait_until(self.ready, f"PostgreSQL at {self.host}:{self.port} ({URL_VARIABLE}) does not answer", 20)
        else:
            wait_until(self.ready, "PostgreSQL start", seconds, lambda: machine.alive, machine.log_tail)

    def kill(self) -> None:
        """SIGKILL the server with all its backends."""
        self._own_machine().kill()

    def stop(self) -> None:
        """Shut the server down in an orderly way, cutting its connections; `restart` brings it back."""
        self._own_machine().stop()

    def restart(self) -> None:
        """Start the server again on the data and the port it had (stopping it first when it runs)."""
        machine = self._own_machine()
        machine.stop()
        machine.start()
        self.wait_ready()

    def freeze(self) -> None:
        """Stop every process of the server at once: connections stay open, nothing answers."""
        self._own_machine().freeze()

    def thaw(self) -> None:
        """Resume a frozen server."""
        self._own_machine().thaw()


def _from_environment(url: str) -> PostgresServer:
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.hostname or not parts.username:
        raise ServerError(f"{URL_VARIABLE} is not of the form postgresql://user:password@host:port/postgres")
    return PostgresServer(parts.hostname, parts.port or 5432, unquote(parts.username), unquote(parts.password or ""))


def _settings(durable: bool) -> list[str]:
    """Return the server settings.

    Without `durable` nothing is flushed to the disk, which loses data when the machine fails, but not when the
    server is killed.  synchronous_commit stays on: without it a killed server loses commits it had confirmed.
    """
    settings = ["max_connections=300", "shared_buffers=64MB", "timezone=UTC", "log_min_messages=warning"]
    settings += ["wal_compression=on"] if durable else ["fsync=off", "full_page_writes=off"]
    return [word for setting in settings for word in ("-c", setting)]


def _installed_server(binaries: Path, durable: bool) -> PostgresServer:
    user = server_binaries.unprivileged_user("postgres")
    directory = scratch_directory("postgres")
    password = secrets.token_hex(12)
    password_file = directory / "password"
    password_file.write_text(password)
    if user is not None:
        shutil.chown(directory, user, user)
        shutil.chown(password_file, user, user)
    data = directory / "data"
    initdb: list[str | Path] = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "scram-sha-256"]
    initdb += ["--pwfile", password_file, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    made = subprocess.run(
        initdb,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=360,
        check=False,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
    )
    if made.returncode != 0:
        raise ServerError(f"initdb failed:\n{made.stdout}{made.stderr}")
    port = free_port()
    argv: list[str | Path] = [binaries / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    # Shared memory in the data directory goes away with it, even when the server is killed.
    argv += ["-c", "dynamic_shared_memory_type=mmap", *_settings(durable)]
    machine = LocalProcess(argv, directory, user=user, stop_signal=signal.SIGINT, discard_signal=signal.SIGQUIT)
    return PostgresServer("127.0.0.1", port, "postgres", password, machine)


def _container_server(durable: bool) -> PostgresServer:
    port, password = free_port(), secrets.token_hex(12)
    machine = Container(IMAGE, {port: 5432}, {"POSTGRES_PASSWORD": password}, ["postgres", *_settings(durable)])
    return PostgresServer("127.0.0.1", port, "postgres", password, machine)


@contextlib.contextmanager
def postgres(durable: bool = False, private: bool = False) -> Iterator[PostgresServer]:
    """Yield a running PostgreSQL: the one of WHISTLE_TEST_POSTGRES_URL, else a throw-away one that ends with the block.

    `private` ignores the environment, for tests that kill or freeze the server.
    `durable` flushes to the disk as in production (for measurements).
    """
    url = os.environ.get(URL_VARIABLE)
    if url and not private:
        server = _from_environment(url)
        server.wait_ready()
        try:
            yield server
        finally:
            server.drop_templates()
        return
    binaries = server_binaries.found_or_installed(server_binaries.postgres_binaries, "postgresql")
    if binaries is not None:
        server = _installed_server(binaries, durable)
    elif docker_works():
        server = _container_server(durable)
    else:
        raise ServerError(HOW_TO_GET_ONE)
    machine = server._own_machine()
    try:
        machine.start()
        server.wait_ready()
        yield server
    finally:
        machine.discard()
        if isinstance(machine, LocalProcess):
            shutil.rmtree(machine.directory, ignore_errors=True)
