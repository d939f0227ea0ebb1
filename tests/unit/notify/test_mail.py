"""E-mail as a real mail server receives it: plain text, a subject, one recipient, no header field of a stranger's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from chassis.configuration.yaml_files import BadConfig
from services.notify.config import load_channels, load_templates
from services.notify.domain.attempts import Failure
from services.notify.domain.channels import LOG_ONLY, Channel
from services.notify.domain.notice import Notice
from services.notify.transport.sender import NotSent, send

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
MARKUP = '<a href="https://evil.example/x">click</a> <img src=x onerror=alert(1)> *bold* & <b>loud</b>'
NOTICE = Notice(
    "e-1-office",
    "T1",
    "office",
    "assignment_made_handle",
    "zh",
    MARKUP,
    subject="工单T1请签收",
    address="office@property.example",
)


class Mailbox:
    """The messages that a mail server on loopback received: envelope recipients and message."""

    def __init__(self) -> None:
        self.got: list[tuple[list[str], EmailMessage]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Keep the message."""
        message = message_from_bytes(envelope.original_content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.got.append((envelope.rcpt_tos, message))
        return "250 OK"


class Server(Controller):
    """A mail server on a free port of loopback."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """A mail server, and the address of the channel that leads there."""
    box = Mailbox()
    server = Server(box, hostname="127.0.0.1", port=0)
    server.start()
    yield box, f"mailto://127.0.0.1:{server.port}?to=$address&from=whistle@example.org"
    server.stop()


def attempt(via: str, notice: Notice = NOTICE) -> Failure | None:
    """Return the failure of an attempt; None where it was taken."""
    try:
        send(Channel("mail", via, timeout=timedelta(seconds=5)), notice, LOG_ONLY)
    except NotSent as wrong:
        return wrong.failure
    return None


def body_of(message: EmailMessage) -> str:
    """The text of a message of one part."""
    content = message.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n").rstrip("\n")


def test_a_mail_is_plain_text_whatever_a_resident_wrote(mailbox: tuple[Mailbox, str]) -> None:
    box, via = mailbox
    assert attempt(via) is None
    ((recipients, message),) = box.got
    assert recipients == ["office@property.example"]
    assert [part.get_content_type() for part in message.walk()] == ["text/plain"]
    assert body_of(message) == MARKUP


def test_an_html_mail_that_the_deployment_asks_for_has_no_live_markup(mailbox: tuple[Mailbox, str]) -> None:
    box, via = mailbox
    assert attempt(f"{via}&format=html") is None
    html = box.got[0][1].get_body(("html",))
    assert html is not None
    assert "<a " not in html.get_content()
    assert "<img" not in html.get_content()


def test_the_subject_arrives_as_it_was_written(mailbox: tuple[Mailbox, str]) -> None:
    box, via = mailbox
    assert attempt(via) is None
    assert box.got[0][1]["Subject"] == "工单T1请签收"


def test_a_notice_of_an_earlier_version_has_its_number_as_the_subject(mailbox: tuple[Mailbox, str]) -> None:
    box, via = mailbox
    assert attempt(via, replace(NOTICE, subject="")) is None
    assert box.got[0][1]["Subject"] == "T1"


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\0"])
@pytest.mark.parametrize("field", ["subject", "address"])
def test_a_line_break_in_a_header_field_is_refused_by_name(mailbox: tuple[Mailbox, str], field: str, ending: str) -> None:
    box, via = mailbox
    injected = f"{getattr(NOTICE, field)}{ending}Bcc: everybody@evil.example"
    assert attempt(via, replace(NOTICE, **{field: injected})) == Failure(f"line_break_in_{field}", final=True)
    assert box.got == []


@pytest.mark.parametrize(
    ("file", "before", "after", "named"),
    [
        (
            "notices.yaml",
            "zh: 工单$ticket请签收",
            'zh: "工单$ticket\\r\\nBcc: x@evil.example"',
            "subjects.assignment_made_handle",
        ),
        (
            "channels.example.yaml",
            "address: duty@street.example",
            'address: "d@s.example\\nBcc: x"',
            "routes.duty.then.0.address",
        ),
        ("channels.example.yaml", "address: office@property.example", 'address: "o@p.example%0d%0aBcc: x"', "address"),
        ("channels.example.yaml", "from=whistle@example.org", "from=whistle%0aBcc: x", "channels.mail"),
    ],
)
def test_a_deployments_line_break_is_refused_at_start(tmp_path: Path, file: str, before: str, after: str, named: str) -> None:
    text = (DEPLOY / file).read_text("utf-8")
    assert before in text
    (tmp_path / file).write_text(text.replace(before, after), "utf-8")
    load = load_templates if file == "notices.yaml" else load_channels
    with pytest.raises(BadConfig, match=named) as refused:
        load(tmp_path / file)
    assert "Bcc" not in str(refused.value)
