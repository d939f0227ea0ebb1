"""Who may open which page: what the services refuse, the console cannot show."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit
from tests.browser.pages import Scene
from tests.kit.console import PASSWORD, Street

FIGURES = {"/statistics", "/statistics/completion", "/statistics/report"}
PAGES = ("/now", "/queue", *sorted(FIGURES), "/work", "/tickets/{at_work}", "/notices/{notice}")
ALLOWED = {
    "desk": {"/now", "/queue", *FIGURES, "/tickets/{at_work}", "/notices/{notice}"},
    "supervisors": {"/now", "/queue", *FIGURES, "/work", "/tickets/{at_work}"},
    "responders": {"/work", "/tickets/{at_work}"},
    "mediators": {"/work"},
    "grid": {"/work"},
}


@pytest.mark.parametrize("account", ALLOWED)
def test_an_account_opens_the_pages_of_its_roles_alone(account: str, scene: Scene, visit: Visit) -> None:
    page = visit(account)
    for pattern in PAGES:
        answer = page.goto(pattern.format(at_work=scene.at_work, notice=scene.notice))
        assert answer is not None
        assert (answer.status == 200) == (pattern in ALLOWED[account]), (account, pattern, answer.status)
        assert answer.status in {200, 403, 404}


def test_nobody_signed_in_is_led_to_the_sign_in_and_back(scene: Scene, visit: Visit) -> None:
    page = visit()
    for pattern in PAGES:
        page.goto(pattern.format(at_work=scene.at_work, notice=scene.notice))
        assert "/sign-in?next=" in page.url


def test_a_private_word_is_on_no_page_of_a_unit_that_is_not_at_work(scene: Scene, visit: Visit) -> None:
    page = visit("mediators")
    page.goto(f"/tickets/{scene.answered}")
    assert "电梯停了两天" not in page.content()
    assert "87654321" not in page.content()


def test_no_token_and_no_private_word_is_in_the_consoles_log(town: Street, scene: Scene, visit: Visit) -> None:
    page = visit()
    page.goto(scene.link)
    page.goto("/report")
    page.get_by_label("什么问题？").fill("只有我们知道的事")
    page.get_by_role("button", name="提交").click()
    officer = visit("desk")
    officer.goto(f"/notices/{scene.notice}")
    log = town.processes["console"].log.read_text("utf-8")
    token = scene.link.partition("token=")[2]
    for private in (token, token[:20], "只有我们知道的事", "87654321", PASSWORD):
        assert private not in log
