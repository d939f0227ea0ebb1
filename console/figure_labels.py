"""The English names of what the pages of the figures are grouped, counted and chosen by."""

from collections.abc import Mapping

FIGURES: Mapping[str, Mapping[str, str]] = {
    "by": {
        "area": "Area",
        "category": "Kind of matter",
        "urgency": "Urgency",
        "level": "Level",
        "unit": "Unit",
        "month": "Month",
    },
    "count": {
        "opened": "Reported",
        "closed": "Closed",
        "open": "Not closed yet",
        "overdue": "Due and not closed",
        "rejected": "Not taken on",
        "merged": "Merged",
        "cancelled": "Withdrawn",
    },
    "side": {"hit": "that count", "miss": "that do not count, or not in full", "apart": "shown apart"},
}
