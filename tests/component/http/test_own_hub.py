"""The forked services of the tests are as separate as those that an operator starts."""

from __future__ import annotations

import re
from pathlib import Path

from tests.kit.deployment import SERVICES, Deployment


def test_no_service_is_woken_by_the_sockets_of_another(servers_at_work: Deployment) -> None:
    """An epoll instance that several processes share lists the descriptors of all of them, and so a number twice."""
    for service in SERVICES:
        process = servers_at_work.processes[service]
        proc = Path("/proc", str(process.pid))
        polls = [fd.name for fd in (proc / "fd").iterdir() if "eventpoll" in str(fd.readlink())]
        assert len(polls) == 1, service
        watched = re.findall(r"^tfd:\s+(\d+)", (proc / "fdinfo" / polls[0]).read_text(), re.MULTILINE)
        assert len(watched) == len(set(watched)) > 0, service
