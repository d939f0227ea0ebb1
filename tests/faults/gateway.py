"""A gateway of notices that treats each resident in a way of its own: most of them badly."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from chassis.configuration.yaml_core import dump_yaml
from tests.kit.deployment import ROOT

WAYS = ("well", "slow", "never", "garbage", "error", "moved", "closes")
"""By the last digits of the telephone: taken; taken when nobody waits any more; no answer; no HTTP; 500; 302; hangs up."""
PATIENCE = 1
"""Seconds that notify waits for an answer."""


class Gateway(ThreadingHTTPServer):
    """A webhook on loopback. Once it is ``mended`` everybody is treated well."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hook)
        self.mended = threading.Event()
        self.halt = threading.Event()
        self.met: Counter[str] = Counter()
        """How often each way was gone."""
        self.taken: set[str] = set()
        """The idempotency keys of what was answered with 200."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def way_of(self, telephone: str) -> str:
        """How somebody is treated."""
        return "well" if self.mended.is_set() else WAYS[int(telephone[-4:]) % len(WAYS)]

    def close(self) -> None:
        """Let everybody go."""
        self.halt.set()
        self.shutdown()
        self.server_close()

    def settings(self, directory: Path) -> Mapping[str, str]:
        """A configuration by which every resident is told by this gateway; what the services are told of it."""
        shutil.copytree(ROOT / "deploy", directory)
        via = f"webhook://127.0.0.1:{self.server_port}/sms?:to=$address"
        channels = {
            "channels": {
                "sms": {"via": via, "size": 300, "timeout": f"{PATIENCE}s", "at_once": 8},
                "log": {"via": "log", "batch": 50},
            },
            "routes": {"resident": {"channel": "sms"}, "duty": {"channel": "log"}, "others": {"channel": "log"}},
            "retries": {"attempts": 100, "first": "1s", "longest": "1s"},
            "margin": "1s",
        }
        (directory / "channels.yaml").write_text(dump_yaml(channels))
        return {"WHISTLE_CONFIG_DIR": str(directory), "NO_PROXY": "127.0.0.1"}


class _Hook(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        way = self.server.way_of(told["to"])
        self.server.met[way] += 1
        self.close_connection = True
        if way == "slow":
            self.server.halt.wait(2 * PATIENCE)
        elif way == "never":
            self.server.halt.wait(60)
            return
        elif way == "closes":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        elif way == "garbage":
            self.wfile.write(b"\x00\xff 200 OK\n" * 100)
            return
        self._answer({"error": 500, "moved": 302}.get(way, 200))

    def _answer(self, status: int) -> None:
        if status == 200:
            self.server.taken.add(self.headers["Idempotency-Key"])
        self.send_response(status)
        self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        """Whoever follows a redirect comes here."""
        self.server.met["followed"] += 1
        self._answer(404)

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""
