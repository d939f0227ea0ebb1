"""What `make run` starts, as a newcomer finds it: one address, passwords in a file, and a button that fills the desk."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from chassis.configuration.yaml_files import read_yaml
from tests.kit.deployment import ROOT
from tests.kit.processes import LocalProcess, free_port, scratch_directory, wait_until

PORTS = 15
"""`whistle embedded --port P` takes P to P + 14."""


def _first_of_free_ports() -> int:
    for _ in range(100):
        port = free_port()
        taken = {connection.laddr.port for connection in psutil.net_connections("tcp") if connection.laddr}
        if not taken & set(range(port, port + PORTS)):
            return port
    raise AssertionError("no row of free ports")


@pytest.fixture
def newcomers_stack() -> Iterator[tuple[LocalProcess, Path]]:
    directory = scratch_directory("run")
    home, port = directory / "run", _first_of_free_ports()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WHISTLE_")}
    command = [sys.executable, "-m", "cli.main", "embedded", "--home", home, "--port", str(port), "--config", ROOT / "deploy"]
    files = ["--accounts", ROOT / "deploy/demo/accounts.yaml", "--directory", ROOT / "deploy/demo/directory.yaml"]
    process = LocalProcess([*command, *files], directory, {**clean, "PYTHONPATH": str(ROOT)})
    process.start()
    try:
        yield process, home
    finally:
        process.stop()


def console_of(process: LocalProcess) -> str | None:
    """The address of the console, once it was printed and answers."""
    printed = re.search(r"^console +(http://\S+)", process.log.read_text("utf-8"), re.MULTILINE)
    return printed[1] if printed else None


def answers(browser: Browser, address: str) -> bool:
    with browser.new_context() as context:
        try:
            return context.request.get(f"{address}/health").ok
        except Exception:
            return False


def test_a_newcomer_signs_in_and_fills_the_desk(newcomers_stack: tuple[LocalProcess, Path], browser: Browser) -> None:
    process, home = newcomers_stack
    wait_until(lambda: console_of(process) is not None, "the address", 60, lambda: process.alive, process.log_tail)
    address = str(console_of(process))
    wait_until(lambda: answers(browser, address), "the console", 60, lambda: process.alive, process.log_tail)
    with browser.new_context(base_url=address, locale="zh-CN") as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("账号").fill("desk")
        page.get_by_label("密码").fill(read_yaml(home / "passwords.yaml")["desk"])
        page.get_by_role("button", name="登录").click()
        page.get_by_role("button", name="放入100件诉求").click()
        expect(page.get_by_role("status").filter(has_text="诉求已提交")).to_be_visible()
        page.goto("/queue")
        expect(page.locator("[data-live] tbody tr")).to_have_count(50)  # a page, which fills by itself
        page.goto("/now")
        expect(page.get_by_role("button", name="放入100件诉求")).to_have_count(0)


def test_the_console_comes_back_by_itself(newcomers_stack: tuple[LocalProcess, Path], browser: Browser) -> None:
    process, _ = newcomers_stack
    wait_until(lambda: console_of(process) is not None, "the address", 60, lambda: process.alive, process.log_tail)
    address = str(console_of(process))
    wait_until(lambda: answers(browser, address), "the console", 60, lambda: process.alive, process.log_tail)
    console = next(child for child in psutil.Process(process.pid).children() if "console" in child.cmdline())
    console.kill()
    console.wait(60)
    wait_until(lambda: answers(browser, address), "the console, again", 60, lambda: process.alive, process.log_tail)
    assert process.stop() == 0
    assert not answers(browser, address)
