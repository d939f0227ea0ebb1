"""Failpoints: named places at which a test makes the process die or fail, so that crash safety is demonstrated by tests.

``WHISTLE_FAILPOINTS="inbox.inserted=kill@3,relay.published=error"``: SIGKILL at the third pass, an error at each pass. If the
variable is unset, a failpoint is one look-up in an empty dictionary.
"""

import os
import signal
from collections.abc import Mapping

NAMES = frozenset(
    {
        "inbox.inserted",  # inbox rows inserted, no effect yet
        "batch.middle",  # some events of a batch applied, others not
        "work.before_commit",  # every statement sent, nothing committed
        "work.committed",  # committed, the message not yet settled
        "relay.published",  # the broker confirmed, the rows not yet marked
        "timers.claimed",  # effects of due timers made, not committed
        "inbox.replaying",  # a waiting or replayed event's effect made, its row not yet changed
        "notify.claimed",  # notices claimed and committed, nothing sent
        "notify.sent",  # notices handed to their channel, nothing recorded
    }
)


class FailpointError(RuntimeError):
    """The error that ``=error`` raises."""


class Failpoints:
    """The armed failpoints, and how many passes each has left. Raises ValueError for an unknown name."""

    def __init__(self, spec: str = ""):
        self._left: dict[str, int] = {}
        self._action: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in spec.split(","))):
            name, _, what = part.partition("=")
            action, _, nth = what.partition("@")
            if name not in NAMES or action not in {"kill", "error"}:
                raise ValueError(f"{part!r}: want <name>=kill|error[@n] with a name of {', '.join(sorted(NAMES))}")
            self._left[name], self._action[name] = int(nth or 1), action

    def hit(self, name: str) -> None:
        """Pass a failpoint."""
        if name not in self._left:
            return
        self._left[name] -= 1
        if self._action[name] == "error":
            raise FailpointError(name)
        if self._left[name] == 0:
            # the last line of the log: a test reads that the process died here and for no other reason
            os.write(2, f"failpoint {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


_armed = Failpoints()


def arm(environ: Mapping[str, str] = os.environ) -> None:
    """Read the environment once, at start."""
    global _armed
    _armed = Failpoints(environ.get("WHISTLE_FAILPOINTS", ""))


def failpoint(name: str) -> None:
    """Mark a failpoint. `NAMES` lists the names."""
    _armed.hit(name)
