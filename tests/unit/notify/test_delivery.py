"""The way out: the address that apprise gets, and the pace of a channel."""

import logging
import sys
from datetime import timedelta

import pytest
from apprise import Apprise
from apprise.plugins.custom_json import NotifyJSON

from services.notify.delivery import Pace
from services.notify.domain.channels import Channel
from services.notify.domain.notice import Notice
from services.notify.sending import KEY_HEADER, NotSent, send, url_of

NOTICE = Notice("e-1-resident", "T", "resident", "ticket_opened", "zh", "text", address="+86 29&0000:1/2")


def test_address_and_key_travel_whole() -> None:
    channel = Channel("sms", "json://127.0.0.1:1/sms?:to=$address", timeout=timedelta(seconds=3))
    to = Apprise.instantiate(url_of(channel, NOTICE))
    assert isinstance(to, NotifyJSON)
    assert to.payload_extras == {"to": NOTICE.address}
    assert to.headers == {KEY_HEADER: NOTICE.id}
    assert to.request_timeout == (3.0, 3.0)


@pytest.mark.parametrize(
    ("via", "reason"),
    [("json://127.0.0.1:9/", "unreachable"), ("nonsense://x", "bad_address")],
)
def test_what_fails_says_why_and_logs_nothing(via: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    # a handler of its own on the root: pytest's may also hear loggers that tell nobody else
    logging.getLogger().addHandler(heard := logging.StreamHandler(sys.stdout))
    with pytest.raises(NotSent) as failed:
        send(Channel("sms", via), NOTICE)
    assert (failed.value.reason, failed.value.status) == (reason, None)
    logging.getLogger().removeHandler(heard)
    assert capsys.readouterr() == ("", "")


def test_a_pace_is_kept() -> None:
    now = [100.0]
    pace = Pace(60, clock=lambda: now[0])
    assert [pace.take(2), pace.take(2)] == [2, 0]
    now[0] += 1.9
    assert pace.take(2) == 0
    now[0] += 0.1
    assert pace.take(2) == 2
    assert Pace(None).take(7) == 7
