"""Members, invites and links over the API's socket."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest
from app_server import AppServer, app_server, until

PASSWORD = "tall-ships-at-dawn"
OTHER_PASSWORD = "small-boats-at-dusk"

opened: list[httpx.Client] = []


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("app")) as server:
        yield server


@pytest.fixture(autouse=True)
def browsers() -> Iterator[None]:
    """Close the browsers of a test after it."""
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def email() -> str:
    """Give an e-mail that is nobody's."""
    return f"m-{uuid.uuid4().hex[:12]}@example.com"


def browser(app: AppServer, *, address: str = "127.0.0.1") -> httpx.Client:
    """Return a client without the token, as the web app asks, from an address of this machine."""
    client = httpx.Client(
        base_url=app.url,
        headers={"X-Tailrace-Request": "1"},
        transport=httpx.HTTPTransport(local_address=address),
        timeout=30.0,
    )
    opened.append(client)
    return client


def invite(app: AppServer, email: str, role: str = "viewer", **fields: object) -> str:
    """Return the token of a new invite."""
    made = app.client.post("/api/v1/invites", json={"email": email, "role": role, **fields})
    assert made.status_code == 201, made.text
    return token_of(made)


def token_of(made: httpx.Response) -> str:
    return str(made.json()["url"].partition("#token=")[2])


def accept(client: httpx.Client, token: str, **fields: object) -> httpx.Response:
    body = {"token": token, "password": PASSWORD, **fields}
    return client.post("/api/v1/invites/accept", json=body)


def show(client: httpx.Client, token: str) -> httpx.Response:
    return client.post("/api/v1/invites/show", json={"token": token})


def join(app: AppServer, email: str, role: str = "viewer", **fields: object) -> httpx.Client:
    """Return a browser in which a new member is signed in."""
    client = browser(app)
    assert accept(client, invite(app, email, role, **fields)).status_code == 204
    return client


def member(app: AppServer, email: str) -> dict[str, Any]:
    [found] = [each for each in app.get("/api/v1/members", text=email) if each["email"] == email]
    return dict(found)


def path_of(app: AppServer, email: str) -> str:
    return f"/api/v1/members/{member(app, email)['id']}"


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, kind and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    found = response.json()
    assert found["status"] == response.status_code
    return found["status"], found["type"].rpartition(":")[2], found.get("field", "")


# --- Coming in ----------------------------------------------------------------------------------


def test_who_accepts_an_invite_is_a_member_and_signed_in(app: AppServer, email: str) -> None:
    token = invite(app, email.upper(), "editor")
    client = browser(app)

    shown = show(client, token).json()
    accepted = accept(client, token, name="Ada")

    assert shown == {
        "email": email,
        "role": "editor",
        "workspace": "Tailrace",
        "is_reset": False,
    }
    assert accepted.status_code == 204
    cookie = accepted.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", "Path=/"))
    me = client.get("/api/v1/me").json()
    assert (me["actor"], me["role"], me["member"]["name"]) == (email, "editor", "Ada")
    found = member(app, email)
    assert (found["has_password"], found["oidc"], found["sources"]) == (True, False, None)
    assert found["signed_in_at"] is not None
    assert problem(accept(browser(app), token)) == (404, "not-found", "token")


def test_a_new_member_signs_in_with_the_password_that_they_set(app: AppServer, email: str) -> None:
    join(app, email)
    body = {"email": email, "password": PASSWORD}

    assert browser(app).post("/api/v1/session", json=body).status_code == 204


def test_the_link_leads_to_the_address_that_was_asked(app: AppServer, email: str) -> None:
    body = {"email": email, "role": "viewer"}
    port = app.port

    def url(**headers: str) -> str:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        made = app.client.post("/api/v1/invites", json=body, headers=named)
        return str(made.json()["url"]).partition("#")[0]

    assert url() == f"http://127.0.0.1:{port}/accept"
    assert url(host="localhost:1234") == "http://localhost:1234/accept"
    assert url(host="localhost", x_forwarded_proto="https") == "https://localhost/accept"


def test_over_https_the_cookie_of_who_accepts_is_secure(app: AppServer, email: str) -> None:
    body = {"token": invite(app, email), "password": PASSWORD}

    accepted = browser(app).post(
        "/api/v1/invites/accept", json=body, headers={"X-Forwarded-Proto": "https"}
    )

    assert "Secure" in accepted.headers["set-cookie"]


def test_of_those_who_accept_one_link_at_once_one_gets_in(app: AppServer, email: str) -> None:
    token = invite(app, email)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: accept(browser(app), token).status_code, range(4)))

    assert sorted(answers) == [204, 404, 404, 404]
    assert member(app, email)["email"] == email


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "ada"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": f"a@{'b' * 254}"}, "email"),
        ({"role": "king"}, "role"),
        ({"role": None}, "role"),
        ({"role": "source-only"}, "sources"),
        ({"role": "source-only", "sources": []}, "sources"),
        ({"role": "source-only", "sources": ["none"]}, "sources"),
        ({"role": "source-only", "sources": ["No Slug"]}, "sources"),
        ({"role": "source-only", "sources": ["default"] * 101}, "sources"),
        ({"sources": ["default"]}, "sources"),
        ({"emails": "x"}, "emails"),
    ],
)
def test_a_field_of_an_invite_that_is_wrong_is_named(
    app: AppServer, email: str, body: Any, field: str
) -> None:
    whole = {"email": email, "role": "viewer", **body}

    response = app.client.post("/api/v1/invites", json=whole)

    assert response.status_code == 400
    assert field in response.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"password": None}, "password"),
        ({"name": "a\u0000b"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"role": "owner"}, "role"),
    ],
)
def test_a_field_of_an_acceptance_that_is_wrong_is_named_and_the_link_stays_good(
    app: AppServer, email: str, body: Any, field: str
) -> None:
    token = invite(app, email)
    client = browser(app)

    response = accept(client, token, **body)

    assert response.status_code == 400
    assert field in response.text
    assert accept(client, token).status_code == 204


def test_another_site_can_neither_show_nor_accept_a_link(app: AppServer, email: str) -> None:
    token = invite(app, email)
    client = browser(app)
    client.headers["Sec-Fetch-Site"] = "cross-site"

    assert problem(show(client, token))[:2] == (403, "forbidden")
    assert problem(accept(client, token))[:2] == (403, "forbidden")
    assert show(browser(app), token).status_code == 200


def test_an_address_may_try_only_so_many_tokens(app: AppServer, email: str) -> None:
    token = invite(app, email)
    client = browser(app, address="127.0.0.9")

    answers = [show(client, token).status_code for _ in range(12)]
    wrong = [show(client, f"tri_{number}").status_code for number in range(6)]
    wrong += [accept(client, f"tri_{number}").status_code for number in range(4)]
    refused = [show(client, token), accept(client, token)]

    assert (set(answers), set(wrong)) == ({200}, {404})
    for response in refused:
        assert problem(response)[:2] == (429, "too-many")
        assert 0 < int(response.headers["retry-after"]) <= 60
    assert show(browser(app), token).status_code == 200


# --- Invites ------------------------------------------------------------------------------------


def test_an_invite_is_listed_without_its_link_and_revoked(app: AppServer, email: str) -> None:
    made = app.client.post(
        "/api/v1/invites",
        json={"email": email, "role": "source-only", "sources": ["default"]},
    ).json()
    del made["url"]

    [listed] = [each for each in app.get("/api/v1/invites") if each["email"] == email]
    revoked = app.client.delete(f"/api/v1/invites/{made['id']}")

    assert listed == made
    assert (made["state"], made["sources"], made["created_by"]) == ("open", ["default"], "owner")
    assert revoked.status_code == 204
    [listed] = [each for each in app.get("/api/v1/invites") if each["email"] == email]
    assert listed["state"] == "revoked"


def test_pages_lead_through_all_invites(app: AppServer) -> None:
    emails = [f"page-{number}-{uuid.uuid4().hex[:6]}@example.com" for number in range(5)]
    for each in emails:
        invite(app, each)

    found: list[str] = []
    url = "/api/v1/invites?limit=2"
    while url and len(found) < 5:
        page = app.client.get(url)
        found += [each["email"] for each in page.json()]
        url = page.links.get("next", {}).get("url", "")

    assert found[:5] == emails[::-1]
    for cursor in ("QQ", "%00", "LTE"):
        response = app.client.get(f"/api/v1/invites?cursor={cursor}")
        assert problem(response)[:2] == (400, "parameter")


def test_a_member_is_not_invited_again(app: AppServer, email: str) -> None:
    join(app, email)

    response = app.client.post("/api/v1/invites", json={"email": email, "role": "viewer"})

    assert problem(response) == (409, "conflict", "email")


@pytest.mark.parametrize("path", ["invites/0", "invites/999999999999999999999", "members/none"])
def test_what_is_not_there_is_not_found(app: AppServer, path: str) -> None:
    assert problem(app.client.delete(f"/api/v1/{path}"))[:2] == (404, "not-found")


# --- Members ------------------------------------------------------------------------------------


def test_a_member_is_shown_changed_and_removed(app: AppServer, email: str) -> None:
    join(app, email)
    path = path_of(app, email)

    shown = app.client.get(path)
    changed = app.client.patch(
        path,
        json={"name": "Ada", "role": "source-only", "sources": ["default"]},
        headers={"If-Match": shown.headers["etag"]},
    )
    again = app.client.get(path)
    removed = app.client.delete(path, headers={"If-Match": again.headers["etag"]})

    assert shown.json() == member_of(shown, email=email, role="viewer", sources=None)
    assert changed.json() == member_of(
        changed, email=email, role="source-only", sources=["default"], name="Ada"
    )
    assert changed.headers["etag"] == again.headers["etag"] != shown.headers["etag"]
    assert again.json() == changed.json()
    assert removed.status_code == 204
    assert problem(app.client.get(path))[:2] == (404, "not-found")


def member_of(response: httpx.Response, **fields: object) -> dict[str, object]:
    """Return the answer with what it should say."""
    assert response.status_code == 200, response.text
    return {**response.json(), "has_password": True, "oidc": False, **fields}


def test_a_change_without_a_version_or_with_an_old_one_is_refused(
    app: AppServer, email: str
) -> None:
    join(app, email)
    path = path_of(app, email)

    def patch(name: str, if_match: str = "") -> httpx.Response:
        headers = {"If-Match": if_match} if if_match else {}
        return app.client.patch(path, json={"name": name}, headers=headers)

    assert problem(patch("a")) == (428, "unconditional", "If-Match")
    assert patch("a", '"1"').status_code == 200
    assert problem(patch("b", '"1"'))[:2] == (412, "outdated")
    assert patch("c", "*").status_code == 200
    response = app.client.delete(path, headers={"If-Match": '"1"'})
    assert problem(response)[:2] == (412, "outdated")
    assert member(app, email)["name"] == "c"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "king"}, "role"),
        ({"role": "source-only"}, "sources"),
        ({"sources": ["default"]}, "sources"),
        ({"name": "a\u0000b"}, "name"),
        ({"email": "other@example.com"}, "email"),
    ],
)
def test_a_field_of_a_member_that_is_wrong_is_named(
    app: AppServer, email: str, body: Any, field: str
) -> None:
    join(app, email)

    response = app.client.patch(path_of(app, email), json=body, headers={"If-Match": "*"})

    assert response.status_code == 400
    assert field in response.text


def test_pages_lead_through_all_members_in_order_of_emails(app: AppServer) -> None:
    tag = uuid.uuid4().hex[:8]
    local = ["ä" * 100, "a", "z", "_", "é"]
    emails = [f"{part}-{tag}@example.com" for part in local]
    for each in emails:
        join(app, each)

    found: list[str] = []
    url = f"/api/v1/members?limit=2&text={tag}&role=viewer"
    while url:
        page = app.client.get(url)
        assert page.status_code == 200, page.text
        found += [each["email"] for each in page.json()]
        url = page.links.get("next", {}).get("url", "")

    assert found == sorted(emails)
    for query in ("cursor=QQ", "role=king", "text=%00", "limit=0", "emails=x"):
        response = app.client.get(f"/api/v1/members?{query}")
        assert problem(response)[:2] == (400, "parameter")


def test_a_role_that_changed_holds_for_who_is_signed_in(app: AppServer, email: str) -> None:
    client = join(app, email, "viewer")
    assert problem(client.get("/api/v1/members"))[:2] == (403, "not-allowed")

    app.client.patch(path_of(app, email), json={"role": "admin"}, headers={"If-Match": "*"})

    assert client.get("/api/v1/members").status_code == 200


def test_an_admin_decides_about_all_but_owners(app: AppServer, email: str) -> None:
    admin = join(app, email, "admin")
    owner = f"owner-{email}"
    join(app, owner, "owner")
    path = path_of(app, owner)
    later = f"later-{email}"
    token = invite(app, later, "owner")
    [invited] = [each for each in app.get("/api/v1/invites") if each["email"] == later]
    own = path_of(app, email)

    refused = [
        admin.post("/api/v1/invites", json={"email": f"x-{email}", "role": "owner"}),
        admin.post("/api/v1/invites", json={"email": later, "role": "viewer"}),
        admin.delete(f"/api/v1/invites/{invited['id']}"),
        admin.patch(path, json={"role": "viewer"}, headers={"If-Match": "*"}),
        admin.patch(own, json={"role": "owner"}, headers={"If-Match": "*"}),
        admin.delete(path),
        admin.post(f"{path}/reset-link"),
        admin.post(f"{path}/sign-out"),
    ]

    for response in refused:
        assert problem(response) == (403, "not-allowed", "role")
    assert show(browser(app), token).status_code == 200
    assert problem(admin.delete(own))[:2] == (409, "conflict")
    made = admin.post("/api/v1/invites", json={"email": f"x-{email}", "role": "admin"})
    assert (made.status_code, made.json()["created_by"]) == (201, email)


# --- Going --------------------------------------------------------------------------------------


def test_whoever_is_removed_is_out_with_their_tokens(app: AppServer, email: str) -> None:
    client = join(app, email)
    made = client.post("/api/v1/tokens", json={"name": "ci", "permissions": ["account"]}).json()
    script = browser(app)
    script.headers["Authorization"] = f"Bearer {made['token']}"
    assert script.get("/api/v1/me").status_code == 200

    assert app.client.delete(path_of(app, email)).status_code == 204

    for gone in (client, script):
        until(partial(is_out, gone), what="end", deadline_s=2)


def is_out(client: httpx.Client) -> bool:
    return client.get("/api/v1/me").status_code == 401


def test_whoever_is_signed_out_may_come_back(app: AppServer, email: str) -> None:
    clients = [join(app, email), browser(app)]
    body = {"email": email, "password": PASSWORD}
    assert clients[1].post("/api/v1/session", json=body).status_code == 204

    assert app.client.post(f"{path_of(app, email)}/sign-out").status_code == 204

    for client in clients:
        assert client.get("/api/v1/me").status_code == 401
    assert clients[0].post("/api/v1/session", json=body).status_code == 204


def test_by_a_reset_link_the_password_is_another_and_other_browsers_are_out(
    app: AppServer, email: str
) -> None:
    before = join(app, email)
    path = f"{path_of(app, email)}/reset-link"
    older = token_of(app.client.post(path))
    made = app.client.post(path)
    token = token_of(made)
    after = browser(app)

    shown = show(after, token).json()
    accepted = accept(after, token, password=OTHER_PASSWORD)

    assert (made.status_code, set(made.json())) == (201, {"url", "expires_at"})
    assert (shown["email"], shown["is_reset"]) == (email, True)
    assert accepted.status_code == 204
    assert after.get("/api/v1/me").status_code == 200
    assert before.get("/api/v1/me").status_code == 401
    for password, answer in ((PASSWORD, 401), (OTHER_PASSWORD, 204)):
        body = {"email": email, "password": password}
        assert browser(app).post("/api/v1/session", json=body).status_code == answer
    for used in (older, token):
        assert problem(accept(browser(app), used)) == (404, "not-found", "token")


def test_neither_audit_log_nor_the_apps_log_has_a_token(app: AppServer, email: str) -> None:
    token = invite(app, email)
    accept(browser(app), token)
    reset = token_of(app.client.post(f"{path_of(app, email)}/reset-link"))
    show(browser(app), token)

    written = app.client.get("/api/v1/audit-log?limit=1000").text + app.output.read_text()

    assert email in written
    assert [each for each in (token, reset, PASSWORD, "argon2") if each in written] == []
