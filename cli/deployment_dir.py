"""The directory of an embedded deployment: four SQLite files, secrets made once, and the settings that name them.

What an operator types finds it by `settings.env`, a file of ``KEY=value`` lines that a shell can read.
"""

import fcntl
import hashlib
import os
import secrets
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chassis.configuration.yaml_core import dump_yaml
from chassis.configuration.yaml_files import read_yaml
from chassis.errors import OperatorError
from contracts.topology import SERVICES

SYNCHRONOUS = "synchronous"
"""A parameter of `chassis.persistence.engine`, repeated here since a command that only names files need not import it."""
LOCK, DISPOSABLE, TOKENS, PASSWORDS = "lock", "disposable", "tokens.yaml", "passwords.yaml"
SAMPLE = "sample.jsonl"
"""The requests that the console offers to send while the system is empty: see `cli.sample_requests`."""
CONSOLE_HTTP = "WHISTLE_CONSOLE_HTTP"
IDENTITIES = "identities.yaml"
EMBEDDED = "embedded:"
"""The broker's address of a deployment whose services live in one process."""


class DeploymentDirInUse(OperatorError):
    """Raised where another process works in this directory. The message names it."""


class NotDisposable(OperatorError):
    """Raised for a directory with files that were not made to be thrown away. The message names it."""


class DeploymentDir:
    """An embedded deployment's directory. An instance changes nothing on disk; `prepare` does."""

    def __init__(self, path: Path):
        self.path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Lock the directory for this process. Raises DeploymentDirInUse. Files made from now on are private."""
        os.umask(0o077)  # SQLite asks for 0644, and in its files are names and telephone numbers
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / LOCK).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DeploymentDirInUse(
                    f"{self.path}: another process is at work here; stop it, or give another --home"
                ) from None
            yield

    def empty(self) -> None:
        """Remove the files of an earlier run, and mark the directory as disposable. It must be held.

        Raises NotDisposable where there are files, and no mark: somebody's own directory, or a deployment that is to last.
        """
        left = [one for one in self.path.iterdir() if one.name not in {LOCK, DISPOSABLE}]
        if left and not (self.path / DISPOSABLE).exists():
            raise NotDisposable(f"{self.path}: has files that no demonstration made; give another --home, or remove them")
        (self.path / DISPOSABLE).touch()
        for one in left:
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one)
            else:
                one.unlink()

    def prepare(
        self,
        accounts: Sequence[Mapping[str, Any]],
        config_dir: Path,
        port: int,
        secret: str | None = None,
        survives_power_loss: bool = True,
    ) -> None:
        """Write the missing files: secret (random unless given), tokens, passwords, identities; and the settings.

        ``accounts`` are as in an identities file, without tokens; one with a name is a person's and gets a password. ``port``
        is the console's; those of HTTP and ops follow it. Without ``survives_power_loss`` no commit waits for the disk: for
        what is made to be thrown away.
        """
        secret = self._secret(secret)
        people = [one["id"] for one in accounts if "name" in one]
        self._write_identities(accounts, self._tokens_of(accounts), self._password_hashes(people) if people else {})
        settings = self._settings(secret, config_dir, port, "" if survives_power_loss else f"?{SYNCHRONOUS}=NORMAL")
        lines = [f"{key}={shlex.quote(value)}" for key, value in settings.items()]
        self._write("settings.env", "\n".join(lines) + "\n")

    def settings(self) -> dict[str, str]:
        """Return the settings as they were written last."""
        lines = (self.path / "settings.env").read_text("utf-8").splitlines()
        return {key: shlex.split(value)[0] for key, value in (line.split("=", 1) for line in lines)}

    def shell_command(self) -> str:
        """Return the shell command that reads the settings, whatever characters the path has."""
        file = self.path / "settings.env"
        return f"set -a; . {shlex.quote(str(file) if '/' in str(file) else f'./{file}')}; set +a"

    def apply(self) -> None:
        """Set the settings in this process's environment. Existing variables take precedence."""
        for key, value in self.settings().items():
            os.environ.setdefault(key, value)

    def apply_alone(self) -> None:
        """Set these settings alone in this process's environment, and remove those of another deployment."""
        for key in [key for key in os.environ if key.startswith("WHISTLE_")]:
            del os.environ[key]
        self.apply()

    def database_urls(self) -> dict[str, str]:
        """Return the database URLs by service."""
        settings = self.settings()
        return {service: settings[_database(service)] for service in SERVICES}

    def tokens(self) -> dict[str, str]:
        """Return each account's bearer token."""
        loaded: dict[str, str] = read_yaml(self.path / TOKENS)
        return loaded

    def _settings(self, secret: str, config_dir: Path, port: int, query: str) -> dict[str, str]:
        home = self.path.resolve()
        values = {
            "WHISTLE_AMQP_URL": EMBEDDED,
            "WHISTLE_SECRET": secret,
            "WHISTLE_IDENTITIES": str(home / IDENTITIES),
            "WHISTLE_CONFIG_DIR": str(config_dir.resolve()),
            "WHISTLE_LEDGER_CHECKPOINT_DIR": str(home),
            "WHISTLE_TICKETS_FILES_DIR": str(home / "tickets-files"),
        }
        values[CONSOLE_HTTP] = f"127.0.0.1:{port}"
        values["WHISTLE_CONSOLE_OPS"] = f"127.0.0.1:{port + 10 if port else 0}"
        values["WHISTLE_CONSOLE_SAMPLE"] = str(home / SAMPLE)
        if port:
            values["WHISTLE_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        for number, service in enumerate(SERVICES, start=1):
            values[_database(service)] = f"sqlite:///{home}/{service}.db{query}"
            values[f"WHISTLE_{service.upper()}_HTTP"] = f"127.0.0.1:{port + number if port else 0}"
            values[f"WHISTLE_{service.upper()}_URL"] = f"http://127.0.0.1:{port + number if port else 0}"
            values[f"WHISTLE_{service.upper()}_OPS"] = f"127.0.0.1:{port + 10 + number if port else 0}"
        return values

    def _write_identities(
        self, accounts: Sequence[Mapping[str, Any]], tokens: Mapping[str, str], hashes: Mapping[str, str]
    ) -> None:
        known = [
            {
                **one,
                "amqp_user": one["id"],
                "token_sha256": hashlib.sha256(tokens[one["id"]].encode()).hexdigest(),
                **({"password_argon2": hashes[one["id"]]} if one["id"] in hashes else {}),
            }
            for one in accounts
        ]
        self._write(IDENTITIES, dump_yaml({"accounts": known}))

    def _password_hashes(self, people: Sequence[str]) -> Mapping[str, str]:
        """Return the hash of each person's password: of the existing one, or of a new one that is kept beside the tokens.

        A hash takes tens of milliseconds of a processor: one that was made before is taken over.
        """
        from argon2 import PasswordHasher

        path = self.path / PASSWORDS
        known: dict[str, str] = read_yaml(path) if path.exists() else {}
        passwords = known | {one: secrets.token_urlsafe(9) for one in people if one not in known}
        if passwords != known:
            self._write(PASSWORDS, dump_yaml(passwords))
        made = self._known_hashes() if passwords == known else {}
        return {one: made.get(one) or PasswordHasher().hash(passwords[one]) for one in people}

    def _known_hashes(self) -> Mapping[str, str]:
        path = self.path / IDENTITIES
        accounts = read_yaml(path)["accounts"] if path.exists() else []
        return {one["id"]: one["password_argon2"] for one in accounts if "password_argon2" in one}

    def _secret(self, given: str | None) -> str:
        path = self.path / "secret"
        if not path.exists():
            self._write(path.name, given or secrets.token_urlsafe(32))
        return path.read_text("utf-8").strip()

    def _tokens_of(self, accounts: Sequence[Mapping[str, Any]]) -> Mapping[str, str]:
        """Return each account's token: the existing one, or a new one that is kept."""
        known = self.tokens() if (self.path / TOKENS).exists() else {}
        tokens = known | {one["id"]: secrets.token_urlsafe(24) for one in accounts if one["id"] not in known}
        if tokens != known:
            self._write(TOKENS, dump_yaml(tokens))
        return tokens

    def _write(self, name: str, text: str) -> None:
        """Write a file atomically, readable by its owner alone."""
        beside = self.path / f".{name}"
        beside.touch(mode=0o600)
        beside.write_text(text, "utf-8")
        beside.replace(self.path / name)


def _database(service: str) -> str:
    return f"WHISTLE_{service.upper()}_DATABASE_URL"
