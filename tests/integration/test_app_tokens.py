"""API tokens, settings of the workspace and the audit log's filters over the API's socket."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from app_server import AppServer, app_server, until
from sqlalchemy.orm import Session

from tailrace.control.changes import utc_now
from tailrace.control.database import open_engine
from tailrace.control.models import ApiTokenRow

TOKENS = "/api/v1/tokens"
SETTINGS = "/api/v1/settings"
AUDIT = "/api/v1/audit-log"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    with app_server(tmp_path_factory.mktemp("app")) as server:
        yield server


def make(app: AppServer, *permissions: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "script", "permissions": list(permissions), **fields}
    response = app.client.post(TOKENS, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def status_by(app: AppServer, token: str, path: str) -> int:
    """Return what a request with the token is answered."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(app.url + path, headers=headers).status_code


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, kind and field of a problem document."""
    found = response.json()
    return response.status_code, found["type"].rpartition(":")[2], found.get("field", "")


# --- Tokens -------------------------------------------------------------------------------------


def test_a_token_does_what_it_was_given_until_it_is_revoked(app: AppServer) -> None:
    made = make(app, "events:read", expires_in_days=7)

    assert status_by(app, made["token"], "/api/v1/fields") == 200
    assert status_by(app, made["token"], "/api/v1/sources") == 403
    for _ in range(2):
        assert app.client.delete(f"{TOKENS}/{made['id']}").status_code == 204
        assert status_by(app, made["token"], "/api/v1/fields") == 401


def test_a_token_is_shown_once_and_kept_nowhere(app: AppServer) -> None:
    made = make(app, "account", name="shown once")

    secret = made["token"][len(made["hint"]) :]
    assert made["token"].startswith(made["hint"])
    for path in (TOKENS, AUDIT):
        shown = app.client.get(path)
        assert made["id"] in shown.text
        assert secret not in shown.text
    files = [file for file in app.data_dir.rglob("*") if file.is_file()]
    assert [file for file in files if secret.encode() in file.read_bytes()] == []
    assert secret not in app.output.read_text()


def test_the_use_of_a_token_is_noted(app: AppServer) -> None:
    made = make(app, "account", name="noted")
    assert made["last_used_at"] is None

    assert status_by(app, made["token"], TOKENS) == 200

    def is_noted() -> bool:
        shown = {token["id"]: token for token in app.get(TOKENS)}
        return shown[made["id"]]["last_used_at"] is not None

    assert until(is_noted, what="note of the use")


def test_a_token_whose_time_is_over_lets_nobody_in(app: AppServer) -> None:
    made = make(app, "account", expires_in_days=1)
    engine = open_engine(app.config)
    with Session(engine) as session, session.begin():
        session.get_one(ApiTokenRow, made["id"]).expires_at = utc_now() - timedelta(seconds=1)
    engine.dispose()

    assert status_by(app, made["token"], TOKENS) == 401
    assert app.get(TOKENS)[0]["state"] == "expired"


def test_a_token_makes_no_token_that_may_more(app: AppServer) -> None:
    made = make(app, "account", "events:read", name="small")
    headers = {"Authorization": f"Bearer {made['token']}"}

    body = {"name": "large", "permissions": ["events:read", "sources:write", "audit:read"]}
    response = httpx.post(app.url + TOKENS, headers=headers, json=body)

    assert problem(response) == (403, "not-allowed", "permissions")
    assert "audit:read, sources:write;" in response.json()["detail"]
    allowed = httpx.post(
        app.url + TOKENS, headers=headers, json={"name": "same", "permissions": ["events:read"]}
    )
    assert (allowed.status_code, allowed.json()["created_by"]) == (201, "owner")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "a" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"name": None}, "name"),
        ({"permissions": []}, "permissions"),
        ({"permissions": ["everything"]}, "permissions"),
        ({"permissions": "account"}, "permissions"),
        ({"permissions": ["account"] * 100}, "permissions"),
        ({"permissions": ["account", "account"]}, "permissions"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 3651}, "expires_in_days"),
        ({"expires_in_days": 1.5}, "expires_in_days"),
        ({"expires_in_years": 1}, "expires_in_years"),
    ],
)
def test_a_field_of_a_token_that_is_wrong_is_named(
    app: AppServer, fields: dict[str, Any], named: str
) -> None:
    before = app.get(TOKENS)

    response = app.client.post(TOKENS, json={"name": "a", "permissions": ["account"], **fields})

    assert response.status_code == 400
    assert named in response.json()["detail"]
    assert app.get(TOKENS) == before


def test_tokens_come_in_pages(app: AppServer) -> None:
    names = [make(app, "account", name=f"page {number}")["name"] for number in range(3)]

    found: list[str] = []
    path = f"{TOKENS}?limit=1"
    while len(found) < 3:
        response = app.client.get(path)
        found += [token["name"] for token in response.json()]
        path = response.links["next"]["url"]

    assert found == names[::-1]
    assert app.client.get(f"{TOKENS}?cursor=bm8").status_code == 400


@pytest.mark.parametrize("token_id", ["tok_0", "%00", "tok_" + "0" * 24])
def test_a_token_that_is_not_there_is_not_revoked(app: AppServer, token_id: str) -> None:
    response = app.client.delete(f"{TOKENS}/{token_id}")

    assert problem(response)[:2] == (404, "not-found")


# --- Settings -----------------------------------------------------------------------------------


def test_settings_are_changed_by_who_has_read_them(app: AppServer) -> None:
    shown = app.client.get(SETTINGS)
    changed = app.client.patch(
        SETTINGS, json={"name": "Example Ltd"}, headers={"If-Match": shown.headers["etag"]}
    )

    assert changed.json() == {**shown.json(), "name": "Example Ltd"}
    assert app.client.get(SETTINGS).headers["etag"] == changed.headers["etag"]
    for header, answer in (
        ({}, (428, "unconditional", "If-Match")),
        ({"If-Match": shown.headers["etag"]}, (412, "outdated", "")),
    ):
        late = app.client.patch(SETTINGS, json={"name": "Late"}, headers=header)
        assert problem(late) == answer
    assert app.get(SETTINGS)["name"] == "Example Ltd"


def test_a_bound_on_tokens_holds_for_the_next_one(app: AppServer) -> None:
    any_version = {"If-Match": "*"}
    body = {"name": "long", "permissions": ["account"], "expires_in_days": 31}
    app.client.patch(SETTINGS, json={"token_days_max": 30}, headers=any_version)

    refused = app.client.post(TOKENS, json=body)
    app.client.patch(SETTINGS, json={"token_days_max": None}, headers=any_version)

    assert problem(refused) == (409, "conflict", "expires_in_days")
    assert "token_days_max" in refused.json()["detail"]
    assert app.client.post(TOKENS, json=body).status_code == 201


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\u007f"}, "name"),
        ({"session_hours_max": 8761}, "session_hours_max"),
        ({"token_days_max": 0}, "token_days_max"),
        ({"theme": "dark"}, "theme"),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    app: AppServer, fields: dict[str, Any], named: str
) -> None:
    before = app.client.get(SETTINGS)

    response = app.client.patch(SETTINGS, json=fields, headers={"If-Match": "*"})

    assert response.status_code == 400
    assert named in response.json()["detail"]
    assert app.client.get(SETTINGS).headers["etag"] == before.headers["etag"]


# --- The audit log ------------------------------------------------------------------------------


def test_the_audit_log_is_asked_by_actor_action_and_time(app: AppServer) -> None:
    made = make(app, "account", "sources:write", name="deploy")
    response = httpx.post(
        f"{app.url}/api/v1/sources",
        headers={"Authorization": f"Bearer {made['token']}"},
        json={"slug": "by-token"},
    )
    assert response.status_code == 201

    by_actor = app.get(AUDIT, actor="token deploy (owner)")
    by_action = app.get(AUDIT, action="token.", since="1h", limit=1)

    assert [(entry["action"], entry["resource"]) for entry in by_actor] == [
        ("source.create", "sources/by-token")
    ]
    assert [(entry["action"], entry["resource"]) for entry in by_action] == [
        ("token.create", f"tokens/{made['id']}")
    ]
    assert app.get(AUDIT, until="1h") == []
    assert app.get(AUDIT, since="now") == []


def test_the_name_of_a_token_does_not_hide_who_made_it(app: AppServer) -> None:
    made = make(app, "account", "settings:write", name="deploy (ada@example.com)".ljust(200))
    response = httpx.patch(
        app.url + SETTINGS,
        headers={"Authorization": f"Bearer {made['token']}", "If-Match": "*"},
        json={"session_hours_max": 100},
    )
    assert response.status_code == 200

    [entry] = app.get(AUDIT, action="settings.", limit=1)

    assert entry["actor"].startswith("token deploy (ada@example.com) ")
    assert entry["actor"].endswith(" (owner)")


def test_the_next_page_of_the_audit_log_is_asked_alike(app: AppServer) -> None:
    for number in range(2):
        make(app, "account", name=f"audited {number}")

    first = app.client.get(AUDIT, params={"action": "token.create", "since": "1h", "limit": 1})
    second = app.client.get(first.links["next"]["url"])

    names = [entry["after"]["name"] for entry in (*first.json(), *second.json())]
    assert names == ["audited 1", "audited 0"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "yesterday-ish"),
        ("until", "2026-13-01"),
        ("action", "Source.Create"),
        ("action", "a" * 41),
        ("actor", "a\u0000b"),
        ("actor", "a" * 201),
    ],
)
def test_a_filter_of_the_audit_log_that_is_wrong_is_named(
    app: AppServer, name: str, value: str
) -> None:
    response = app.client.get(AUDIT, params={name: value})

    assert problem(response)[:2] == (400, "parameter")
    assert name in response.json()["detail"]
