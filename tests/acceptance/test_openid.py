"""Signing in by OpenID, against a real provider, as a browser does it."""

from collections.abc import Iterator

import httpx
import pytest
from conftest import MakeTailrace
from openid_provider import CLIENT_SECRET, OpenIdProvider, follow, sign_in
from running import Tailrace

BUTTON = "/api/v1/session/oidc?next=/search"
UNVERIFIED = "mallory@example.org"


class Staff:
    """An installation whose people sign in by a provider."""

    def __init__(self, tailrace: Tailrace, provider: OpenIdProvider) -> None:
        self.tailrace = tailrace
        self.provider = provider

    def browser(self) -> httpx.Client:
        return httpx.Client(trust_env=False, timeout=20.0)

    def sign_in(self, browser: httpx.Client, *, email: str) -> httpx.Response:
        return sign_in(browser, self.tailrace.app_url + BUTTON, email=email)

    def me(self, browser: httpx.Client) -> dict[str, object]:
        response = browser.get(f"{self.tailrace.app_url}/api/v1/me")
        assert response.status_code == 200, response.text
        found: dict[str, object] = response.json()
        return found

    def invite(self, email: str, role: str) -> str:
        response = self.tailrace.api.post("/api/v1/invites", json={"email": email, "role": role})
        assert response.status_code == 201, response.text
        url: str = response.json()["url"]
        return url


@pytest.fixture(scope="module", params=[False, True], ids=["user info", "claims in the token"])
def staff(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Staff]:
    tailrace = Tailrace(tmp_path_factory.mktemp("openid"))
    provider = OpenIdProvider(
        app_url=tailrace.app_url, unverified=[UNVERIFIED], claims_in_token=request.param
    )
    tailrace.configure(provider.settings(email_domains=["example.org"], role="editor"))
    with provider.running():
        try:
            yield Staff(tailrace.start(), provider)
        finally:
            tailrace.close()


def test_the_sign_in_page_is_told_of_the_provider(staff: Staff) -> None:
    session = httpx.get(f"{staff.tailrace.app_url}/api/v1/session").json()

    assert session["oidc"] == {"name": "Staff login", "url": "/api/v1/session/oidc"}


def test_somebody_of_the_domain_becomes_a_member_and_stays_the_same_one(staff: Staff) -> None:
    with staff.browser() as browser:
        page = staff.sign_in(browser, email="ada@example.org")
        first = staff.me(browser)
    with staff.browser() as browser:
        staff.sign_in(browser, email="ada@example.org")
        again = staff.me(browser)

    assert page.status_code == 200
    assert 'content="0; url=/search"' in page.text
    assert (first["actor"], first["role"]) == ("ada@example.org", "editor")
    assert first["member"]["oidc"] is True  # type: ignore[index]
    assert first["member"]["has_password"] is False  # type: ignore[index]
    assert first["member"]["id"] == again["member"]["id"]  # type: ignore[index]


def test_who_was_invited_gets_the_role_of_the_invite(staff: Staff) -> None:
    link = staff.invite("grace@elsewhere.example", "viewer")

    with staff.browser() as browser:
        staff.sign_in(browser, email="Grace@elsewhere.example")
        me = staff.me(browser)

    assert (me["actor"], me["role"]) == ("grace@elsewhere.example", "viewer")
    token = link.partition("#token=")[2]
    shown = staff.tailrace.api.post("/api/v1/invites/show", json={"token": token})
    assert shown.status_code == 404


@pytest.mark.parametrize(
    ("email", "code"), [("eve@elsewhere.example", "not-member"), (UNVERIFIED, "not-verified")]
)
def test_others_are_led_back_and_told_why(staff: Staff, email: str, code: str) -> None:
    with staff.browser() as browser:
        page = staff.sign_in(browser, email=email)

        assert page.url.params["sign_in_error"] == code
        assert browser.get(f"{staff.tailrace.app_url}/api/v1/me").status_code == 401


def test_an_unverified_address_takes_no_member_over(staff: Staff) -> None:
    staff.invite(UNVERIFIED, "admin")

    with staff.browser() as browser:
        page = staff.sign_in(browser, email=UNVERIFIED)

    assert page.url.params["sign_in_error"] == "not-verified"


def test_an_answer_for_another_browser_signs_nobody_in(staff: Staff) -> None:
    with staff.browser() as begun, staff.browser() as other:
        begun.get(staff.tailrace.app_url + BUTTON)
        answer = other.get(
            f"{staff.tailrace.app_url}/api/v1/session/oidc/callback?code=stolen&state=stolen"
        )

        assert answer.headers["location"] == "/?sign_in_error=expired"
        assert "tailrace_session" not in other.cookies


def test_who_gives_up_at_the_provider_is_led_back(staff: Staff) -> None:
    with staff.browser() as browser:
        page = follow(browser, browser.get(staff.tailrace.app_url + BUTTON))
        abort = f"{page.url}/abort"
        page = follow(browser, browser.get(abort))

    assert page.url.params["sign_in_error"] == "cancelled"


def test_next_leads_nowhere_but_to_this_app(staff: Staff) -> None:
    for there in ("https://example.org/", "//example.org", "/\\example.org", "javascript:1"):
        with staff.browser() as browser:
            button = f"{staff.tailrace.app_url}/api/v1/session/oidc"
            first = browser.get(button, params={"next": there})
            page = sign_in(browser, first.headers["location"], email="ada@example.org")

        assert 'content="0; url=/"' in page.text


def test_the_clients_secret_is_told_nobody(staff: Staff) -> None:
    tailrace = staff.tailrace

    texts = [
        tailrace.output.read_text(),
        tailrace.run("doctor", "--json").stdout,
        tailrace.api.get("/api/v1/session").text,
    ]

    assert not [text for text in texts if CLIENT_SECRET in text]


def test_a_provider_that_is_away_is_told_and_others_sign_in(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace()
    away = OpenIdProvider(app_url=tailrace.app_url)
    tailrace.configure(away.settings())
    tailrace.start()

    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(tailrace.app_url + BUTTON)

    assert answer.headers["location"] == "/?sign_in_error=provider"
    assert tailrace.api.get("/api/v1/me").status_code == 200


def test_where_there_are_no_passwords_only_provider_and_tokens_let_in(
    make_tailrace: MakeTailrace,
) -> None:
    tailrace = make_tailrace()
    provider = OpenIdProvider(app_url=tailrace.app_url)
    tailrace.configure(provider.settings(has_passwords=False))
    tailrace.start()

    session = httpx.get(f"{tailrace.app_url}/api/v1/session").json()
    refused = httpx.post(
        f"{tailrace.app_url}/api/v1/session",
        json={"email": "owner@localhost", "password": "whatever it was"},
    )
    by_token = httpx.post(f"{tailrace.app_url}/api/v1/session", json={"token": tailrace.token})

    assert session["password"] is False
    assert refused.status_code == 409
    assert "sign in by Staff login" in refused.json()["detail"]
    assert by_token.status_code == 204
