"""Starting services in this process. Import this module first: it patches the standard library for eventlet.

prometheus-client is imported before the patch, so that its locks are native ones: the ops thread reads what workers write.
"""

import warnings  # isort: skip

import prometheus_client  # noqa: F401  # isort: skip

# eventlet is in maintenance mode; its warning would precede every log
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated", category=Warning)
import eventlet  # isort: skip

eventlet.monkey_patch()

import logging
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nameko.constants import MAX_WORKERS_CONFIG_KEY

from chassis import failpoints
from chassis.configuration.settings import Settings
from chassis.errors import listening
from chassis.http.server import Server
from chassis.messaging.amqp import AmqpBus
from chassis.messaging.bus import Bus
from chassis.observability import logs
from chassis.observability.ops_server import OpsServer
from chassis.persistence import timeouts
from chassis.runtime.nameko import RUNTIME_KEY, Container
from chassis.runtime.runtime import Runtime
from chassis.service_definition import ServiceDefinition

timeouts.install()  # replaces eventlet's own wait callback, which has no time-out
log = logging.getLogger(__name__)
MAX_WORKERS = 100
"""Many more workers than there are loops, so that event handlers never starve HTTP."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A service that this process runs."""

    cls: Any
    definition: ServiceDefinition
    settings: Settings


def serve(service: Hosted, listened: frozenset[str]) -> int:
    """Run one service over the broker until SIGTERM or SIGINT, then drain it. Return the exit status. Raises StartupError."""
    settings = service.settings
    logs.configure(settings.service, settings.log_level)
    return _until_stopped([_host(service, listened, AmqpBus(settings.amqp_url, settings.batch, settings.prefetch))])


def serve_together(services: Sequence[Hosted], listened: frozenset[str], bus: Bus) -> int:
    """Run services in this process over an embedded bus until SIGTERM or SIGINT. See `serve`."""
    logs.configure("embedded", services[0].settings.log_level)
    return _until_stopped([_host(service, listened, bus) for service in services])


def _until_stopped(containers: Sequence[Container]) -> int:
    failpoints.arm()
    stop_on_signals(containers)
    for container in containers:
        started(container)
    try:
        for container in containers:
            eventlet.spawn(container.wait).wait()
    except Exception:
        log.exception("the service died")
        return 1
    log.info("stopped in order")
    return 0


def _host(service: Hosted, listened: frozenset[str], bus: Bus) -> Container:
    return hosted(service, Runtime(service.definition, service.settings, listened, bus))


def hosted(service: Hosted, runtime: Runtime) -> Container:
    """Return a container for a service, not started yet. Its addresses are bound and its ops server answers. Raises
    StartupError."""
    runtime.health.report("start", "starting")
    with listening(service.settings.service, "OPS", service.settings.ops):
        ops = OpsServer(service.settings.ops, runtime.health, runtime.registry)
    container = Container(service.cls, {RUNTIME_KEY: runtime, MAX_WORKERS_CONFIG_KEY: MAX_WORKERS})
    if (server := container.shared_extensions.get(Server)) is not None:
        server.listen()
    ops.start()
    return container


def started(container: Container) -> None:
    """Start a container's service."""
    runtime: Runtime = container.config[RUNTIME_KEY]
    container.start()
    runtime.health.forget("start")
    addresses = {"http": runtime.settings.http, "ops": runtime.settings.ops}
    log.info("up", extra={"service": runtime.definition.name, **addresses})


def stop_on_signals(containers: Sequence[Container]) -> None:
    """Stop the containers on SIGTERM or SIGINT. A signal handler runs in the hub and may not wait, so each stop gets its own
    greenlet."""

    def stop(_number: int, _frame: Any) -> None:
        for container in containers:
            eventlet.spawn_n(container.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
