"""The log monitor of a process: a loop that compares the stored log with memory. Readiness and a metric report errors."""

from functools import cached_property
from typing import Any

from nameko.extensions import DependencyProvider
from sqlalchemy.exc import DBAPIError

from chassis.persistence.engine import read_only
from chassis.persistence.errors import translated
from chassis.runtime.nameko import RUNTIME_KEY
from chassis.runtime.runtime import Runtime
from services.ledger import store
from services.ledger.checkpoint_dir import BadCheckpointDir, CheckpointDir
from services.ledger.domain.log_comparison import LogDisagrees
from services.ledger.log_monitor import LogMonitor
from services.ledger.metrics import disagreement

PAUSE = 10.0
"""Seconds between two checks of a process."""
LOOP, CHECKED = "log monitor", "log"


class LogMonitorProvider(DependencyProvider):
    """A dependency with one `LogMonitor` for all workers of a process."""

    @cached_property
    def monitor(self) -> LogMonitor:
        """Return the monitor. Raises BadCheckpointDir at start."""
        directory = CheckpointDir.of_environment()
        if directory:
            directory.checkpoints()
        return LogMonitor(directory)

    def setup(self) -> None:
        runtime: Runtime = self.container.config[RUNTIME_KEY]
        disagrees = disagreement(runtime.registry)
        monitor = self.monitor

        def look() -> int:
            trouble = check_once(runtime, monitor)
            runtime.health.report(CHECKED, trouble)
            disagrees.set(monitor.trouble is not None)
            return 0

        runtime.add_loop(LOOP, look, PAUSE)

    def get_dependency(self, worker_ctx: Any) -> LogMonitor:
        return self.monitor


def check_once(runtime: Runtime, monitor: LogMonitor) -> str | None:
    """Compare the stored log with the monitor's knowledge; return the error, None without one."""
    try:
        memory = monitor.remember()
        with runtime.store.engine.connect() as connection:
            connection = read_only(connection)
            monitor.check(connection, store.log(connection), memory)
    except (LogDisagrees, BadCheckpointDir) as wrong:
        return str(wrong)
    except DBAPIError as wrong:
        raise translated(wrong) from wrong
    return None
