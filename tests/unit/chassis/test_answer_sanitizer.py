"""Free texts of an answer are safe to read; ids and the original stay as they are."""

from marshmallow import Schema

from chassis.http.answer_sanitizer import sanitized
from contracts import marshmallow_fields as fields


class _Session(Schema):
    step = fields.name("step")


class _Answer(Schema):
    id = fields.ident("id")
    text = fields.text("text", optional=True)
    steps = fields.names("steps")
    session = fields.nested(_Session, "one", optional=True)
    sessions = fields.nested(_Session, "several", many=True)
    other_name = fields.text("of another name", data_key="other-name")


def test_every_free_text_of_an_answer_is_shown_without_invisible_controls() -> None:
    value = {
        "id": "a\u202eb",
        "text": "3号楼\u202e201室",
        "steps": ["说\u2066事"],
        "session": {"step": "评\ufeff理"},
        "sessions": [{"step": "定\u200f约"}],
        "other_name": "x\U000e0041",
    }
    dumped = _Answer().dump(value)
    assert sanitized(_Answer(), dumped) == {
        "id": "a\u202eb",
        "text": "3号楼201室",
        "steps": ["说事"],
        "session": {"step": "评理"},
        "sessions": [{"step": "定约"}],
        "other-name": "x",
    }
    assert dumped["text"] == value["text"]
    assert sanitized(_Answer(), _Answer().dump({**value, "text": None, "session": None}))["text"] is None
