"""Sign-in at a real OpenID provider, in a browser and, for what no browser does by itself, by requests alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from chassis.configuration.yaml_core import dump_yaml
from chassis.configuration.yaml_files import read_yaml
from cli.deployment_dir import IDENTITIES
from tests.browser.conftest import DESK, PHONE, WAIT_MILLISECONDS, sign_in
from tests.browser.test_every_page import RULES, WIDER_THAN_THE_PAGE
from tests.kit.console import Street
from tests.kit.openid_provider import OpenIdServer
from tests.kit.processes import LocalProcess, free_port, wait_until

PEOPLE = {
    "employee-17": {"email": "wang@street.example", "email_verified": True},
    "employee-18": {"email": "li@street.example", "email_verified": False},
    "stranger": {},
}
ACCOUNTS = {"desk": "employee-17"}
ADDRESSES = {"desk": "wang@street.example", "responders": "li@street.example"}
CALLBACK = "/sign-in/oidc/callback"
SESSION, PENDING = "whistle_session", "whistle_oidc"


@dataclass(frozen=True)
class Office:
    """A console whose people sign in at a provider."""

    address: str
    provider: OpenIdServer
    console: LocalProcess


def identities(town: Street, file: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Write the street's accounts with what the provider calls them, and return the setting that names the file."""
    accounts = read_yaml(town.home.path / IDENTITIES)["accounts"]
    named = [{**one, "oidc": known[one["id"]]} if one["id"] in known else one for one in accounts]
    file.write_text(dump_yaml({"accounts": named}))
    return {"WHISTLE_IDENTITIES": str(file)}


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """The ports of two consoles: accounts by subject, and by e-mail address."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def provider(ports: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIdServer]:
    """A provider with three people."""
    callbacks = [f"http://127.0.0.1:{port}{CALLBACK}" for port in ports]
    made = OpenIdServer(tmp_path_factory.mktemp("provider"), callbacks, PEOPLE)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def office(
    town: Street, ports: tuple[int, int], provider: OpenIdServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """A console with accounts by subject."""
    settings = identities(town, tmp_path_factory.mktemp("office") / "identities.yaml", ACCOUNTS)
    settings["WHISTLE_TRUSTED_PROXIES"] = "127.0.0.1"
    with town.another_console(ports[0], **provider.settings(), **settings) as console:
        yield Office(f"http://127.0.0.1:{ports[0]}", provider, console)


Arrive = Callable[..., Page]


@pytest.fixture
def arrive(browser: Browser) -> Iterator[Arrive]:
    """Return a function that opens a page of a new visitor."""
    contexts: list[BrowserContext] = []

    def opened(address: str, language: str = "zh-CN", viewport: Mapping[str, int] = DESK) -> Page:
        context = browser.new_context(base_url=address, viewport=viewport, locale=language)  # type: ignore[arg-type]
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


def log_in(page: Page, person: str) -> None:
    """Log in at the provider, whose form is open."""
    page.get_by_label("Name").fill(person)
    page.get_by_role("button", name="Log in").click()


def cookies(page: Page) -> dict[str, Mapping[str, object]]:
    return {str(one["name"]): dict(one) for one in page.context.cookies()}


def test_a_person_signs_in_at_the_provider_and_gets_to_the_wanted_page(office: Office, arrive: Arrive) -> None:
    page = arrive(office.address)
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))
    page.goto("/queue?urgency=E0")
    page.get_by_role("link", name="街道统一认证").click()
    expect(page.get_by_label("Name")).to_be_visible()
    pending = cookies(page)[PENDING]
    assert (pending["httpOnly"], pending["sameSite"], pending["path"]) == (True, "Lax", "/sign-in/oidc")
    log_in(page, "employee-17")
    page.wait_for_url(f"{office.address}/queue?urgency=E0")
    expect(page.get_by_text("街道值班员")).to_be_visible()
    kept = cookies(page)
    assert kept[SESSION]["httpOnly"]
    assert PENDING not in kept
    assert all(one.url.startswith((office.address, office.provider.issuer, "data:")) for one in asked)
    answers = [parse_qs(urlsplit(one.url).query) for one in asked if CALLBACK in one.url]
    log = office.console.log.read_text()
    assert len(answers) == 1
    assert '"signed in by the OpenID provider"' in log
    assert not [one for one in (*answers[0]["code"], *answers[0]["state"], str(pending["value"])) if one in log]


def test_a_session_of_the_provider_is_one_like_any_other(office: Office, arrive: Arrive) -> None:
    page = arrive(office.address)
    page.goto("/sign-in?next=/statistics")
    page.get_by_role("link", name="街道统一认证").click()
    log_in(page, "employee-17")
    page.wait_for_url(f"{office.address}/statistics")
    page.goto("/sign-in/oidc?next=/now")
    assert page.url == f"{office.address}/now"
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_role("link", name="工作人员登录", exact=True)).to_be_visible()
    assert SESSION not in cookies(page)


@pytest.mark.parametrize(("language", "heading"), [("zh-CN", "您在本系统没有账号"), ("en-GB", "You have no account here")])
def test_an_identity_without_an_account_gets_a_page_that_names_none(
    office: Office, arrive: Arrive, language: str, heading: str
) -> None:
    page = arrive(office.address, language)
    page.goto("/sign-in/oidc")
    with page.expect_response(lambda answer: answer.url == f"{office.address}/sign-in/oidc/unknown") as shown:
        log_in(page, "stranger")
    assert shown.value.status == 403
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert SESSION not in cookies(page)
    assert not [one for one in ("stranger", *PEOPLE, *ACCOUNTS, "街道值班员") if one in page.locator("main").inner_text()]
    page.get_by_role("link", name="English" if language == "zh-CN" else "中文").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(heading)


def test_whoever_the_provider_turns_away_is_told_so(office: Office, arrive: Arrive) -> None:
    page = arrive(office.address)
    page.goto("/sign-in/oidc")
    log_in(page, "nobody of this name")
    page.wait_for_url(f"{office.address}/sign-in/oidc/refused")
    page.get_by_role("link", name="去登录").click()
    expect(page.get_by_label("密码")).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_the_pages_are_accessible_and_fit(office: Office, arrive: Arrive, viewport: dict[str, int], language: str) -> None:
    page = arrive(office.address, language, viewport)
    for path in ("/sign-in", *(f"/sign-in/oidc/{one}" for one in ("unknown", "refused", "expired", "unavailable"))):
        page.goto(path)
        found = Axe().run(page, options=RULES)
        assert not found.response["violations"], f"{path}:\n{found.generate_report()}"
        assert page.evaluate(WIDER_THAN_THE_PAGE) <= 0, path


def begun(office: Office, client: httpx2.Client, person: str = "employee-17") -> str:
    """Sign in at the provider without a browser, and return the address that the provider leads back to."""
    answer = client.get(f"{office.address}/sign-in/oidc?next=/now")
    while True:
        address = str(answer.url.join(answer.headers["location"]))
        if CALLBACK in address:
            return address
        answer = client.get(address)
        if answer.status_code == 200:
            answer = client.post(address, data={"login": person})


def test_the_provider_insists_on_the_proof_key(office: Office) -> None:
    with httpx2.Client() as client:
        address = httpx2.URL(client.get(f"{office.address}/sign-in/oidc").headers["location"])
        assert address.params["code_challenge_method"] == "S256"
        kept = {name: value for name, value in address.params.items() if not name.startswith("code_challenge")}
        answer = client.get(address.copy_with(query=None), params=kept)
        assert "invalid_request" in answer.headers["location"]


def test_behind_a_proxy_with_tls_the_provider_leads_back_to_it(office: Office) -> None:
    with httpx2.Client(headers={"Host": "street.example", "X-Forwarded-Proto": "https"}) as client:
        answer = client.get(f"{office.address}/sign-in/oidc")
        assert httpx2.URL(answer.headers["location"]).params["redirect_uri"] == f"https://street.example{CALLBACK}"
        assert "Secure" in answer.headers["set-cookie"]


def test_an_answer_with_another_state_signs_nobody_in(office: Office) -> None:
    with httpx2.Client() as client:
        address = httpx2.URL(begun(office, client))
        answer = client.get(address.copy_merge_params({"state": "another"}))
        assert answer.headers["location"] == "/sign-in/oidc/expired"
        assert SESSION not in client.cookies
        assert client.get(address).headers["location"] == "/sign-in/oidc/expired"  # the first answer was the only one
    with httpx2.Client() as other:  # somebody is led to the answer of another's sign-in
        assert other.get(address).headers["location"] == "/sign-in/oidc/expired"
        assert other.get(f"{office.address}/sign-in/oidc/expired").status_code == 400


def test_an_answer_is_valid_once(office: Office) -> None:
    with httpx2.Client() as client:
        address = begun(office, client)
        pending = client.cookies[PENDING]
        assert client.get(address).headers["location"] == "/now"
        assert SESSION in client.cookies
    with httpx2.Client(cookies={PENDING: pending}) as thief:  # who copied both the address and the cookie
        assert thief.get(address).headers["location"] == "/sign-in/oidc/refused"
        assert SESSION not in thief.cookies


def test_a_forged_pending_sign_in_is_not_read(office: Office) -> None:
    with httpx2.Client() as client:
        address = begun(office, client)
        pending = client.cookies[PENDING]
    with httpx2.Client(cookies={PENDING: f"{pending[:-4]}AAAA"}) as forger:
        assert forger.get(address).headers["location"] == "/sign-in/oidc/expired"


def test_the_account_of_an_address_that_the_provider_has_verified(
    town: Street, ports: tuple[int, int], provider: OpenIdServer, tmp_path: Path
) -> None:
    settings = {**identities(town, tmp_path / "identities.yaml", ADDRESSES), "WHISTLE_OIDC_CLAIM": "email"}
    with town.another_console(ports[1], **provider.settings(), **settings) as console:
        office = Office(f"http://127.0.0.1:{ports[1]}", provider, console)
        for person, led_to in (("employee-17", "/now"), ("employee-18", "/sign-in/oidc/unknown")):
            with httpx2.Client() as client:
                assert client.get(begun(office, client, person)).headers["location"] == led_to


def test_a_provider_that_is_away_leaves_the_local_accounts(office: Office, arrive: Arrive) -> None:
    with httpx2.Client() as client:
        address = begun(office, client)
        office.provider.stop()
        try:
            assert client.get(address).headers["location"] == "/sign-in/oidc/unavailable"
            page = arrive(office.address)
            wait_until(lambda: client.get(f"{office.address}/sign-in/oidc").status_code == 503, "the console sees it", 30)
            page.goto("/sign-in/oidc")
            expect(page.get_by_role("heading", level=1)).to_have_text("统一登录服务没有响应")
            sign_in(page, "desk")
            expect(page.get_by_text("街道值班员")).to_be_visible()
        finally:
            office.provider.start()


def test_a_console_without_a_provider_has_no_such_pages(town: Street, arrive: Arrive) -> None:
    page = arrive(town.address)
    page.goto("/sign-in")
    assert page.locator("a[href^='/sign-in/oidc']").count() == 0
    for path in ("/sign-in/oidc", CALLBACK, "/sign-in/oidc/unknown"):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 404
