"""The progress display of the replay."""

import sys
import time
from datetime import tzinfo

from cli.demo.replay import Replay

SECONDS_BETWEEN, SECONDS_BETWEEN_LINES = 0.5, 10.0
BAR = 16


class Progress:
    """A progress display: on a terminal one line that is overwritten, elsewhere a line now and then."""

    def __init__(self, whistles: int, zone: tzinfo):
        self._whistles, self._zone = whistles, zone
        self._began = self._last = time.monotonic()
        self._same_line = sys.stderr.isatty()
        self._pause = SECONDS_BETWEEN if self._same_line else SECONDS_BETWEEN_LINES

    def __call__(self, replay: Replay) -> None:
        if time.monotonic() - self._last < self._pause:
            return
        self._last = time.monotonic()
        line = self.line(replay, self._last - self._began)
        print(f"\r{line}" if self._same_line else line, end="" if self._same_line else "\n", file=sys.stderr, flush=True)

    def line(self, replay: Replay, seconds: float) -> str:
        """Return the line of the present progress."""
        ended = replay.statistics.ended
        bar = "#" * (BAR * ended // self._whistles)
        at = replay.clock.now().astimezone(self._zone)
        return (
            f"{seconds:4.0f} s  {at:%Y-%m-%d %H:%M}  {len(replay.sent):5,} 哨 whistles {ended:5,} 办结 ended "
            f"{replay.events:7,} 事件 events [{bar:.<{BAR}}]"
        )

    def done(self) -> None:
        """End the overwritten line."""
        if self._same_line:
            print(file=sys.stderr)
