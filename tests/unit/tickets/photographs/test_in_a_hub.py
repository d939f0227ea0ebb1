"""In a service, which runs on eventlet: others are served while a picture is made, and its time limit holds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from contracts.photographs import TOO_SLOW
from tests.kit.deployment import ROOT

PROGRAM = """
import eventlet

eventlet.monkey_patch()

import json
import sys
from pathlib import Path

from chassis.effects import Refused
from chassis.http.files import SentFile
from services.tickets.domain.photographs import FIELD
from services.tickets.photographs.file_store import FileStore
from services.tickets.photographs.maker import Maker
from tests.kit.pictures import picture

files, sent, beats = FileStore(Path(sys.argv[1])), SentFile("image/png", picture((3000, 3000), "PNG")), []


def beat():
    while True:
        beats.append(None)
        eventlet.sleep(0.005)


files.check()
eventlet.spawn(beat)
made = [eventlet.spawn(Maker(files).stored, sent) for _ in range(2)]
digests = {one.wait().digest for one in made}
refused = None
try:
    Maker(files, seconds=0.05).stored(sent)
except Refused as wrong:
    refused = wrong.errors[FIELD]
print(json.dumps({"digests": len(digests), "beats": len(beats), "refused": refused}))
"""


def test_a_picture_stops_nobody_else(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(tmp_path / "files")],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["digests"], said["refused"]) == (1, TOO_SLOW)
    assert said["beats"] > 20
