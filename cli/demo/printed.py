"""The report as people read it, and the progress while they wait: Chinese first, English beside it."""

import sys
import time
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

from cli.demo.replay import Replay

SECONDS_BETWEEN = 2.0
BAR = 24


class Progress:
    """A line every two seconds; on a terminal the same line again and again."""

    def __init__(self, whistles: int, zone: tzinfo):
        self._whistles, self._zone = whistles, zone
        self._began = self._last = time.monotonic()
        self._same_line = sys.stderr.isatty()

    def __call__(self, replay: Replay) -> None:
        if time.monotonic() - self._last < SECONDS_BETWEEN:
            return
        self._last = time.monotonic()
        took = self._last - self._began
        told = replay.tally
        bar = "█" * (BAR * told.ended // self._whistles)
        at = replay.clock.now().astimezone(self._zone)
        line = (
            f"{took:4.0f} s  {at:%Y-%m-%d %H:%M}  {len(replay.sent):5,} 哨 whistles  {told.ended:5,} 办结 ended  "
            f"{replay.events:6,} 事件 events  {bar:░<{BAR}}"
        )
        print(f"\r{line}" if self._same_line else line, end="" if self._same_line else "\n", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Go on below the line."""
        if self._same_line:
            print(file=sys.stderr)


def printed(report: Mapping[str, Any]) -> str:
    """The report as text."""
    return "\n".join(_lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    tickets, log, points, timing = (report[name] for name in ("tickets", "ledger", "points", "timing"))
    yield f"工单 tickets        {tickets['total']:,}   {_counts(tickets['by_state'])}"
    yield f"  层级 by level     {_counts(tickets['by_level'])}"
    yield f"  缘由 by cause     {_counts(tickets['by_cause'])}"
    yield f"分支 branches       {_counts(report['branches'])}"
    yield f"超时 breached       {_counts(report['breached_clocks'])}"
    for figure in report["kpi"]:
        rate = "-" if figure["rate"] is None else f"{figure['rate']:6.1%}"
        yield f"  {figure['title']:　<6} {rate:>7}  {figure['numerator']:,}/{figure['denominator']:,}"
    yield f"通知 notices        {_counts(report['notices'])}"
    yield f"积分 points         {_counts(points)}"
    verified = "已验证 verified" if log["verified"] else "有误 NOT VERIFIED"
    yield f"台账 ledger         {log['size']:,} 条 entries · 根 root {log['root'][:16]}… · {verified} · {log['file']}"
    yield f"指令 commands       {_counts(report['commands'])}"
    yield f"用时 took           {timing['seconds']} s · {timing['events_per_second']:,} 事件/秒 events a second"
    yield f"丢失 lost           {report['lost']}"
    yield f"重复 doubled        {report['doubled']}"
    yield from (f"  ! {wrong}" for wrong in report["wrong"][:20])


def _counts(counts: Mapping[str, int]) -> str:
    return " · ".join(f"{name} {number:,}" for name, number in counts.items())
