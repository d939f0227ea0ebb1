"""The report as text: Chinese first, English beside it, no line longer than `WIDTH` columns."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any
from unicodedata import east_asian_width

from cli.demo.words import Words
from cli.local_time import format_instant

WIDTH = 100
_LABEL, _CELL, _GAP = 18, 25, 2
MAX_WRONG = 10
"""The most error sentences that are printed; the JSON has all."""


def columns(text: str) -> int:
    """Return the width of a text on a terminal: a Chinese character takes two columns."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def padded(text: str, width: int) -> str:
    """Return a text, padded with blanks to a width in columns."""
    return text + " " * (width - columns(text))


def report_text(report: Mapping[str, Any], words: Words) -> str:
    """Return the report as text."""
    return "\n".join([*_tickets(report, words), *_figures(report, words), *_rest(report, words), *_verdict(report)])


def _tickets(report: Mapping[str, Any], words: Words) -> Iterator[str]:
    tickets, story = report["tickets"], report["story"]
    begun, ended = (format_instant(datetime.fromisoformat(story[end]))[:10] for end in ("from", "to"))
    days = f"{begun} – {ended}"
    took = f"用时 took {report['timing']['seconds']} s"
    yield _row("吹哨 whistles", [f"{report['requests']:,} · {days} · 种子 seed {report['seed']} · {took}"])
    for label, counts, group in (
        ("工单 tickets", tickets["by_state"], "states"),
        ("缘由 why", {cause: n for cause, n in tickets["by_cause"].items() if cause not in tickets["by_state"]}, "causes"),
        ("紧急 urgency", tickets["by_urgency"], "urgencies"),
        ("层级 level", tickets["by_level"], "levels"),
        ("分支 branches", report["branches"], "branches"),
        ("超时 breached", report["breached_clocks"], "clocks"),
    ):
        yield from _grid(label, counts, group, words)


def _figures(report: Mapping[str, Any], words: Words) -> Iterator[str]:
    cells, alarms = [], []
    for figure in report["kpi"]:
        name = words.of("figures", figure["kpi"])
        rate = "-" if figure["rate"] is None else f"{figure['rate']:.1%}"
        cells.append(f"{padded(name, 28)}{rate:>7}  {figure['numerator']:,}/{figure['denominator']:,}")
        if figure["alarm"]:
            alarms.append(f"{name} {words.of('alarms', figure['alarm'])}")
    half = -(-len(cells) // 2)
    for left, right in zip_longest(cells[:half], cells[half:], fillvalue=""):
        yield f"{padded(left, WIDTH // 2)}{right}".rstrip()
    if alarms:
        yield _row("正常区间外 alarms", [" · ".join(alarms)])


def _rest(report: Mapping[str, Any], words: Words) -> Iterator[str]:
    yield from _grid("通知 notices", report["notices"], "notices", words)
    told = [(group, report[f"notices_by_{group[:-1]}"]) for group in ("channels", "locales")]
    yield from _rows("", [_cell(*one) for group, counts in told for one in words.in_order(group, counts)])
    yield from _grid("积分 points", report["points"], "points", words)
    yield from _grid("指令 commands", report["commands"], "commands", words)


def _verdict(report: Mapping[str, Any]) -> Iterator[str]:
    log = report["ledger"]
    verified = "已验证 verified" if log["verified"] else "有误 NOT VERIFIED"
    complete = "齐 complete" if report["branches_complete"] else "不齐 incomplete"
    yield _row("台账 ledger", [f"{log['size']:,} 条 entries · {verified} · 根 root {log['root'][:16]}…"])
    yield _row("结论 verdict", [f"丢失 lost {report['lost']} · 重复 doubled {report['doubled']} · 分支 branches {complete}"])
    yield from (f"  ! {wrong}" for wrong in report["wrong"][:MAX_WRONG])
    if len(report["wrong"]) > MAX_WRONG:
        yield f"  ! 另有 and {len(report['wrong']) - MAX_WRONG:,} 条 more"


def _grid(label: str, counts: Mapping[str, int], group: str, words: Words) -> Iterator[str]:
    yield from _rows(label, [_cell(*one) for one in words.in_order(group, counts)])


def _cell(name: str, count: int) -> str:
    return f"{padded(name, _CELL - 6)}{count:>6,}"


def _rows(label: str, cells: Sequence[str]) -> Iterator[str]:
    per_line = (WIDTH - _LABEL) // (_CELL + _GAP)
    for start in range(0, max(len(cells), 1), per_line):
        yield _row("" if start else label, cells[start : start + per_line])


def _row(label: str, cells: Sequence[str]) -> str:
    return (padded(label, _LABEL) + (" " * _GAP).join(cells)).rstrip()
