"""Dependencies that every service gives its workers: its configuration and the business clock."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar

from nameko.extensions import DependencyProvider

from chassis.clock import BusinessClock
from chassis.configuration.settings import Settings
from chassis.runtime.nameko import RUNTIME_KEY

T = TypeVar("T")


class ConfigProvider(DependencyProvider, Generic[T]):
    """Gives workers the service's configuration, which ``read`` reads from the deployment's files once, at start."""

    def __init__(self, read: Callable[[Settings], T]):
        self._read = read

    def setup(self) -> None:
        _ = self.configured

    @cached_property
    def configured(self) -> T:
        """Return the configuration. Raises what ``read`` raises, at start."""
        return self._read(self.container.config[RUNTIME_KEY].settings)

    def get_dependency(self, worker_ctx: Any) -> T:
        return self.configured


class BusinessClockProvider(DependencyProvider):
    """Gives queries the business clock, for answers as of now."""

    def get_dependency(self, worker_ctx: Any) -> BusinessClock:
        clock: BusinessClock = self.container.config[RUNTIME_KEY].clock
        return clock
