"""Success rules: the body of a gateway's answer decides whether a message counts as taken; 200 alone does not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.lark import NotifyLark
from apprise.plugins.wecombot import NotifyWeComBot
from hypothesis import given
from hypothesis import strategies as st

from chassis.configuration.yaml_core import dump_yaml, load_yaml
from chassis.configuration.yaml_files import BadConfig
from services.notify.config import load_channels
from services.notify.domain.attempts import Failure
from services.notify.domain.channels import LOG_ONLY, Channel
from services.notify.domain.notice import Notice
from services.notify.domain.success_rules import SuccessRule, success_rule, success_rule_for
from services.notify.transport.sender import NotSent, send

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "channels.example.yaml"
NOTICE = Notice("e-1-duty", "T1", "duty", "ticket_unattended", "zh", "告警", address="duty")
KEY = "a" * 36
PLUGINS = {
    f"wecombot://{KEY}": NotifyWeComBot,
    f"dingtalk://{'a' * 64}": NotifyDingTalk,
    f"feishu://{KEY}": NotifyFeishu,
    f"lark://{KEY}": NotifyLark,
}
"""The plugins whose vendors answer 200 to everything; each talks to the vendor's own address, here to the gateway's."""


class Gateway(ThreadingHTTPServer):
    """Answers every POST with one status and body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.status, self.body, self.got = 200, b"", list[Any]()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_port}"


class _Hook(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway on loopback that stands in for every vendor's."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Gateway()
    for plugin in (NotifyWeComBot, NotifyDingTalk, NotifyFeishu):
        monkeypatch.setattr(plugin, "notify_url", f"http://{made.address}/send")
    monkeypatch.setattr(NotifyLark, "notify_url", f"http://{made.address}/send/")
    monkeypatch.setattr(NotifyLark, "request_rate_per_sec", 0)
    yield made
    made.shutdown()
    made.server_close()


def attempt(via: str, success: SuccessRule | None = None) -> Failure | None:
    """Return the failure of an attempt; None where it was taken."""
    try:
        send(Channel("chat", via, timeout=timedelta(seconds=5), success=success), NOTICE, LOG_ONLY)
    except NotSent as wrong:
        return wrong.failure
    return None


@pytest.mark.parametrize(
    ("scheme", "body", "reason"),
    [
        ("wecombot", {"errcode": 0, "errmsg": "ok"}, None),
        ("wecombot", {"errcode": 45009, "errmsg": "api freq out of limit"}, "errcode_45009"),
        ("wecombot", {"errcode": 93000, "errmsg": "invalid webhook url"}, "errcode_93000"),
        ("wecombot", {}, "unclear_answer"),
        ("dingtalk", {"errcode": 0, "errmsg": "ok"}, None),
        ("dingtalk", {"errcode": 310000, "errmsg": "keywords not in content"}, "errcode_310000"),
        ("dingtalk", {"errcode": -1}, "errcode_-1"),
        ("feishu", {"code": 0, "msg": "success", "data": {}}, None),
        ("feishu", {"StatusCode": 0, "StatusMessage": "success"}, None),
        ("feishu", {"StatusCode": 0, "code": 0}, None),
        ("feishu", {"code": 19024, "msg": "Key Words Not Found"}, "code_19024"),
        ("feishu", {"StatusCode": 11232}, "StatusCode_11232"),
        ("lark", {"code": 9499, "msg": "Bad Request"}, "code_9499"),
        ("lark", {"code": 0}, None),
    ],
)
def test_a_vendor_that_refuses_in_the_body_has_not_taken_it(
    gateway: Gateway, scheme: str, body: Any, reason: str | None
) -> None:
    (via,) = (via for via in PLUGINS if via.startswith(f"{scheme}://"))
    gateway.body = json.dumps(body).encode()
    assert attempt(via) == (Failure(reason) if reason else None)
    assert len(gateway.got) == 1


@pytest.mark.parametrize("via", PLUGINS)
def test_an_answer_that_is_not_the_vendors_is_no_success(gateway: Gateway, via: str) -> None:
    gateway.body = "<html>请登录</html>".encode()
    assert attempt(via) == Failure("unclear_answer")


@pytest.mark.parametrize("via", PLUGINS)
def test_a_vendors_status_decides_before_its_body(gateway: Gateway, via: str) -> None:
    gateway.status, gateway.body = 503, b'{"errcode": 0, "code": 0}'
    assert attempt(via) == Failure("http_503")
    gateway.status = 404
    assert attempt(via) == Failure("http_404", final=True)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        (b"", None),
        (b"OK", None),
        (b'{"id": "m-1"}', None),
        (b'{"errcode": 0}', None),
        (b'{"errcode": "0"}', None),
        (b'{"errcode": 45009}', Failure("errcode_45009")),
        (b'{"errcode": "the number 13800138000 is barred"}', Failure("errcode_other")),
        (b'{"errcode": "13800138000"}', Failure("errcode_other")),
        (b"[" * 60_000, None),
    ],
)
def test_of_a_webhook_the_status_decides_unless_an_errcode_contradicts_it(
    gateway: Gateway, body: bytes, failure: Failure | None
) -> None:
    gateway.body = body
    assert attempt(f"webhook://{gateway.address}/sms") == failure


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ({"Response": {"Set": [{"Code": "Ok"}]}}, None),
        ({"Response": {"Set": [{"Code": "OK"}]}}, None),
        ({"Response": {"Set": [{"Code": "LimitExceeded.Daily"}]}}, Failure("Code_LimitExceeded.Daily")),
        ({"Response": {"Set": []}}, Failure("unclear_answer")),
        ({"Response": {"Error": {"Code": "AuthFailure"}}}, Failure("unclear_answer")),
    ],
)
def test_a_deployment_writes_the_rule_of_its_own_gateway(gateway: Gateway, body: Any, failure: Failure | None) -> None:
    gateway.body = json.dumps(body).encode()
    rule = success_rule({"Response.Set.0.Code": ["Ok", "OK"]})
    assert attempt(f"webhook://{gateway.address}/sms", rule) == failure
    assert attempt(f"json://{gateway.address}/sms", rule) == failure


def test_a_channels_file_names_the_rule(tmp_path: Path) -> None:
    loaded = load_yaml(EXAMPLE.read_text("utf-8"))
    path = tmp_path / "channels.yaml"
    loaded["channels"]["sms"]["success"] = {"code": [0, "OK"]}
    path.write_text(dump_yaml(loaded))
    assert load_channels(path).channels["sms"].success == success_rule({"code": ["0", "OK"]})
    for wrong in ({}, {"code": []}, {"code": 0}, "errcode"):
        loaded["channels"]["sms"]["success"] = wrong
        path.write_text(dump_yaml(loaded))
        with pytest.raises(BadConfig, match=r"channels\.sms.*success"):
            load_channels(path)


@given(st.sampled_from(["wecombot", "dingtalk", "feishu", "webhook"]), st.binary(max_size=50))
def test_no_body_breaks_a_rule_and_a_reason_is_a_short_code(scheme: str, body: bytes) -> None:
    reason = success_rule_for(scheme).refusal(body)
    assert reason is None or len(reason) <= 80
