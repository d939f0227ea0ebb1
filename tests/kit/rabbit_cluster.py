"""A RabbitMQ cluster of three nodes on this machine, each of which can be killed and started again."""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import requests

from tests.kit import server_binaries
from tests.kit.processes import LocalProcess, ServerError, free_port, scratch_directory, wait_until
from tests.kit.rabbitmq import RabbitServer, installed_node

NODES = 3
SMALL = "+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
"""Settings for one scheduler that does not spin: three nodes and everything else share few cores."""


@dataclass
class RabbitCluster(RabbitServer):
    """Three nodes as one broker. `kill_node` and `start_node` take a node's name."""

    nodes: dict[str, RabbitServer] = field(default_factory=dict)

    def url(self, user: str | None = None, password: str | None = None, vhost: str = "/") -> str:
        """Return the URLs of all nodes, as services are configured."""
        if user is not None and password is None:
            password = self.passwords[user]
        return ";".join(node.url(user or self.user, password or self.password, vhost) for node in self.nodes.values())

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Call the management interface of the first node that answers."""
        for node in self.nodes.values():
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                return node.api(method, path, body)
        raise ServerError("no node of the cluster answers")

    def delete_vhost(self, name: str) -> None:
        """Do nothing: the virtual host ends with the cluster, of which a node may be dead."""

    def leaders(self, vhost: str) -> dict[str, str]:
        """Return the node that leads each quorum queue of a virtual host."""
        found = self.api("GET", f"queues/{quote(vhost, safe='')}")
        return {queue["name"]: queue.get("leader", queue.get("node", "")) for queue in found}

    def whole(self, vhost: str) -> bool:
        """Return whether every queue has a leader and all its members are online."""
        with contextlib.suppress(ServerError, requests.RequestException):
            found = self.api("GET", f"queues/{quote(vhost, safe='')}")
            return all(queue.get("leader") in self.nodes and len(queue.get("online", ())) == NODES for queue in found)
        return False

    def kill_node(self, name: str) -> None:
        """SIGKILL one node."""
        self.nodes[name].kill()

    def start_node(self, name: str, vhost: str) -> None:
        """Start a killed node again, and return when every queue has all its members."""
        self.nodes[name]._own_machine().start()
        self.nodes[name].wait_ready(180)
        wait_until(lambda: self.whole(vhost), f"every queue has its members after {name} came back", 180)


@contextlib.contextmanager
def rabbit_cluster() -> Iterator[RabbitCluster]:
    """Yield a running cluster, which ends with the block. Raises ServerError where RabbitMQ is not installed."""
    binaries = server_binaries.found_or_installed(server_binaries.rabbitmq_binaries, "rabbitmq-server")
    epmd = server_binaries.epmd_binary()
    if binaries is None or epmd is None:
        raise ServerError("a cluster wants an installed RabbitMQ 3.10 or newer")
    directory = scratch_directory("rabbit-cluster")
    user, password, epmd_port = "whistle-admin", secrets.token_hex(12), free_port()
    names = [f"whistle-{secrets.token_hex(3)}-{number}@localhost" for number in range(NODES)]
    peers = {f"cluster_formation.classic_config.nodes.{number}": name for number, name in enumerate(names, 1)}
    settings = {"cluster_formation.peer_discovery_backend": "classic_config", **peers}
    home = directory / "home"  # which has the cookie that the nodes know each other by
    home.mkdir()
    nodes: dict[str, RabbitServer] = {}
    for name in names:
        place = directory / name
        place.mkdir()
        nodes[name] = installed_node(binaries, place, name, epmd_port, user, password, settings, home=home, more_args=SMALL)
    mapper = LocalProcess(
        [epmd, "-address", "127.0.0.1", "-port", str(epmd_port)], directory, nodes[names[0]]._own_machine().env
    )
    first = nodes[names[0]]
    try:
        mapper.start()
        for node in nodes.values():  # one after the other: the first forms the cluster that the others join
            node._own_machine().start()
            node.wait_ready(180)
        cluster = RabbitCluster(first.host, first.port, user, password, nodes=nodes)
        wait_until(lambda: _running(cluster) == NODES, "the nodes found each other", 120)
        yield cluster
    finally:
        for node in nodes.values():
            node._own_machine().discard()
        mapper.discard()
        shutil.rmtree(directory, ignore_errors=True)


def _running(cluster: RabbitCluster) -> int:
    return sum(bool(node.get("running")) for node in cluster.api("GET", "nodes"))
