"""Starting services in this process. Import this module first: it patches the standard library for eventlet.

prometheus-client is imported before the patch, so that its locks are real ones: the ops thread reads what workers write.
"""

import warnings  # isort: skip

import prometheus_client  # noqa: F401  # isort: skip

# eventlet is in maintenance: see docs/decisions; the warning would precede every log
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated", category=Warning)
import eventlet  # isort: skip

eventlet.monkey_patch()

import logging
import signal
from typing import Any

from nameko.constants import MAX_WORKERS_CONFIG_KEY

from chassis import failpoints
from chassis import log as logs
from chassis.definition import Definition
from chassis.nameko import RUNTIME_KEY, Container
from chassis.ops import OpsServer
from chassis.runtime import Runtime
from chassis.settings import Settings

log = logging.getLogger(__name__)
MAX_WORKERS = 100
"""Far more than there are loops, so that HTTP never starves behind event handlers."""


def serve(service_cls: Any, definition: Definition, settings: Settings, listened: frozenset[str]) -> int:
    """Run one service until SIGTERM or SIGINT, then drain it in order. Answers the exit status."""
    logs.configure(definition.name, settings.log_level)
    failpoints.arm()
    runtime = Runtime(definition, settings, listened)
    runtime.health.report("start", "starting")
    OpsServer(settings.ops, runtime.health, runtime.registry).start()
    container = Container(service_cls, {RUNTIME_KEY: runtime, MAX_WORKERS_CONFIG_KEY: MAX_WORKERS})
    stop_on_signals(container)
    container.start()
    runtime.health.forget("start")
    log.info("up", extra={"http": settings.http, "ops": settings.ops})
    try:
        eventlet.spawn(container.wait).wait()
    except Exception:
        log.exception("the service died")
        return 1
    log.info("stopped in order")
    return 0


def stop_on_signals(container: Container) -> None:
    """A signal handler runs in the hub and may not wait, so the stop gets a greenlet of its own."""

    def stop(_number: int, _frame: Any) -> None:
        eventlet.spawn_n(container.stop)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
