"""Idempotency keys: the name under which a gateway knows the attempts of one series.

The first series of a notice has the notice's id as its key. A later one adds ``~`` and the number of its first attempt, since
the gateway would drop a message under a key that it had before.
"""


def idempotency_key(notice: str, first: int) -> str:
    """Return the key of the series of attempts that begins with attempt ``first``."""
    return notice if first == 1 else f"{notice}~{first}"


def parse_idempotency_key(key: str) -> tuple[str, int]:
    """Return the notice's id, and the number of the first attempt of the series, that a key stands for."""
    id_, mark, first = key.rpartition("~")
    return (id_, int(first)) if mark and first.isdecimal() and len(first) < 10 else (key, 1)
