"""What the services logged of all that was asked in this directory. By its name it comes last."""

from __future__ import annotations

from tests.component.http.client import PRIVATE
from tests.kit.deployment import SERVICES, Deployment


def test_nothing_private_and_no_error_was_logged(stack: Deployment) -> None:
    """Last: after all of the above."""
    for service in SERVICES:
        lines = stack.log(service, 100_000).splitlines()
        assert not [line for line in lines if any(word in line for word in PRIVATE)]
        assert not [line for line in lines if "unforeseen" in line], service
