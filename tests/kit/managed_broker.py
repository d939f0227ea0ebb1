"""A RabbitMQ as its administrator sees it: addresses, virtual hosts and users.

Over the management plugin's HTTP interface, which takes milliseconds where rabbitmqctl takes seconds, and which is the same for
a private server and for one that was named in the environment.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests

from tests.kit.processes import ServerError

API_VARIABLE = "WHISTLE_TEST_RABBITMQ_API"


@dataclass
class ManagedBroker:
    """A RabbitMQ and its administrator. ``api_url`` is the management plugin's, if known."""

    host: str
    port: int
    user: str
    password: str
    api_url: str | None = None
    passwords: dict[str, str] = field(default_factory=dict, kw_only=True)
    """The passwords of users that were created here."""

    def url(self, user: str | None = None, password: str | None = None, vhost: str = "/") -> str:
        """Return the AMQP URL of a virtual host, by default as the administrator."""
        if user is None:
            user, password = self.user, self.password
        elif password is None:
            password = self.passwords[user]
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"amqp://{who}@{self.host}:{self.port}/{quote(vhost, safe='')}"

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management interface, e.g. api("GET", "queues/" + vhost); the answer parsed, None when empty.

        Counts of messages in it are up to five seconds old; definitions are of the moment.
        """
        if self.api_url is None:
            raise ServerError(
                f"the environment names a server, but virtual hosts and users on it can be managed only when "
                f"{API_VARIABLE} names its management plugin too, http://user:password@host:15672"
            )
        parts = urlsplit(self.api_url)
        who = (unquote(parts.username or self.user), unquote(parts.password or self.password))
        where = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        answer = requests.request(method, f"{where}/api/{path}", json=body, auth=who, timeout=30)
        if answer.status_code >= 400:
            raise ServerError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def add_vhost(self, name: str) -> None:
        """Create a virtual host, in which the administrator may do everything."""
        self.api("PUT", f"vhosts/{quote(name, safe='')}", {})
        self._permit(self.user, name, ".*", ".*", ".*")

    def delete_vhost(self, name: str) -> None:
        """Delete a virtual host with everything in it."""
        self.api("DELETE", f"vhosts/{quote(name, safe='')}")

    def add_user(
        self,
        name: str,
        password: str | None = None,
        vhost: str = "/",
        configure: str = ".*",
        write: str = ".*",
        read: str = ".*",
    ) -> str:
        """Create a user (or set its password) with these rights in a virtual host; return its AMQP URL there."""
        password = password or self.passwords.get(name) or secrets.token_hex(12)
        self.api("PUT", f"users/{quote(name, safe='')}", {"password": password, "tags": ""})
        self._permit(name, vhost, configure, write, read)
        self.passwords[name] = password
        return self.url(name, password, vhost)

    def delete_user(self, name: str) -> None:
        """Delete a user."""
        self.api("DELETE", f"users/{quote(name, safe='')}")
        self.passwords.pop(name, None)

    def _permit(self, user: str, vhost: str, configure: str, write: str, read: str) -> None:
        rights = {"configure": configure, "write": write, "read": read}
        self.api("PUT", f"permissions/{quote(vhost, safe='')}/{quote(user, safe='')}", rights)

    def import_definitions(self, definitions: Mapping[str, Any]) -> None:
        """Import a definitions document (vhosts, users, permissions, policies, queues...) in one call."""
        self.api("POST", "definitions", definitions)
        for vhost in definitions.get("vhosts", ()):
            self._permit(self.user, vhost["name"], ".*", ".*", ".*")
        for user in definitions.get("users", ()):
            if "password" in user:
                self.passwords[user["name"]] = user["password"]
