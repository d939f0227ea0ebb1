"""The sizes of the measurements. WHISTLE_BENCH_SCALE makes every run shorter (0.1) or longer (2) in proportion."""

from __future__ import annotations

import os
from dataclasses import dataclass

SCALE = "WHISTLE_BENCH_SCALE"


@dataclass(frozen=True, slots=True)
class Sizes:
    """The full sizes; the whole of it is to take less than ten minutes on two cores."""

    warm: int = 100
    """Whistles, or life cycles, of the warm-up."""
    whistles_amqp: int = 3000
    whistles_http: int = 1000
    lives: int = 500
    lives_open: int = 200
    """Life cycles that run at once."""
    paced_seconds: int = 20
    timers: int = 100_000
    timers_due: int = 5000
    entries: int = 12_000
    rows_few: int = 10_000
    rows_many: int = 1_000_000
    whistles_beside_rows: int = 3000
    entries_beside_rows: int = 6000
    events_of_memory: int = 100_000

    def scaled(self, by: float) -> Sizes:
        """Return every size times ``by``, and at least 10."""
        return Sizes(**{name: max(10, round(getattr(self, name) * by)) for name in self.__slots__})


def sizes() -> Sizes:
    """Return the sizes of this run. Raises ValueError where the scale is no number above 0."""
    scale = float(os.environ.get(SCALE, "1"))
    if scale <= 0:
        raise ValueError(f"{SCALE} is to be above 0")
    return Sizes() if scale == 1 else Sizes().scaled(scale)
