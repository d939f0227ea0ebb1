"""The floor's statements for a table."""

from __future__ import annotations

from bench.table_statements import Shape

INBOX = Shape("inbox", ("handler", "event_id", "state"), ("handler", "event_id"), "", repeatable=False)
TIMERS = Shape("timers", ("subject", "due_at"), ("position",), "position", repeatable=True)
OUTBOX = Shape("outbox", ("event_id", "state", "body"), ("position",), "position", repeatable=False)


def test_a_row_is_changed_by_its_key() -> None:
    assert INBOX.update == "UPDATE inbox SET state = %s WHERE handler = %s AND event_id = %s"
    assert INBOX.change({"handler": "tickets", "event_id": "e1", "state": "dead"}, 7) == ["dead", "tickets", "e1"]


def test_where_the_database_counts_the_number_is_the_key() -> None:
    assert TIMERS.update == "UPDATE timers SET subject = %s, due_at = %s WHERE position = %s"
    assert TIMERS.change({"subject": "T1", "due_at": None}, 7) == ["T1", None, 7]
    assert TIMERS.delete == "DELETE FROM timers WHERE position = %s"
    assert "position" not in TIMERS.insert


def test_what_changes_in_the_outbox_is_that_it_was_published() -> None:
    assert OUTBOX.update == "UPDATE outbox SET state = 'published', published_at = now() WHERE position = %s"
    assert OUTBOX.change({"event_id": "e1"}, 3) == [3]
