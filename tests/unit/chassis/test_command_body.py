"""A command's method is annotated with the body of its operation: a service with another one does not start."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.handler_context import HandlerContext
from chassis.http.entrypoints import Answer, CommandApi
from contracts.http import tickets as http


class Service:
    """Two methods for one operation."""

    def reject(self, body: http.Rejection, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Take the operation's body."""
        raise NotImplementedError

    def merge(self, body: http.Merger, ctx: HandlerContext, key: str, ticket: str) -> Answer:
        """Take the body of another operation."""
        raise NotImplementedError


class Container:
    """As much of nameko's container as binding needs."""

    service_cls = Service
    service_name = "tickets"

    def __init__(self) -> None:
        self.shared_extensions: dict[str, Any] = {}
        self.config: dict[str, Any] = {}


CONTAINER = Container()


def entrypoint(method: str) -> CommandApi:
    """Return the operation's entrypoint, bound to a method."""
    return CommandApi(http.REJECT).bind(CONTAINER, method)


def test_the_body_of_the_operation_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nameko.web.handlers.HttpRequestHandler.setup", lambda _: None)
    entrypoint("reject").setup()


def test_another_body_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nameko.web.handlers.HttpRequestHandler.setup", lambda _: None)
    with pytest.raises(TypeError, match="merge: annotate its body as Rejection, the body of reject"):
        entrypoint("merge").setup()
