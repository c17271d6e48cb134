"""Sources, write keys and the audit log over the API's socket."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from app_server import AppServer, until

FILE = """
[[sources]]
slug = "filed"
name = "Of the file"
write_keys = ["filed-write-key"]
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    server = AppServer(tmp_path_factory.mktemp("app") / "data", options=FILE)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture
def slug(app: AppServer) -> str:
    """Give a new source."""
    made = f"s-{uuid.uuid4().hex[:12]}"
    assert post(app, "/api/v1/sources", {"slug": made}).status_code == 201
    return made


def post(app: AppServer, path: str, body: Any, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.client.post(path, json=body, headers=named)


def patch(app: AppServer, slug: str, body: Any, if_match: str = "") -> httpx.Response:
    headers = {"If-Match": if_match} if if_match else {}
    return app.client.patch(f"/api/v1/sources/{slug}", json=body, headers=headers)


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, kind and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == response.status_code
    return found["status"], found["type"].rpartition(":")[2], found.get("field", "")


def test_a_source_is_made_shown_changed_and_deleted(app: AppServer) -> None:
    made = post(app, "/api/v1/sources", {"slug": "shop", "name": "Shop", "ip": "drop"})
    assert made.status_code == 201
    assert made.headers["location"] == "/api/v1/sources/shop"

    shown = app.client.get("/api/v1/sources/shop")
    assert shown.json() == made.json()
    assert shown.headers["etag"] == made.headers["etag"]

    changed = patch(app, "shop", {"name": "Web shop"}, shown.headers["etag"])
    assert (changed.status_code, changed.json()["name"]) == (200, "Web shop")
    assert changed.headers["etag"] != shown.headers["etag"]

    assert app.client.delete("/api/v1/sources/shop").status_code == 204
    assert problem(app.client.get("/api/v1/sources/shop")) == (404, "not-found", "")
    assert problem(post(app, "/api/v1/sources", {"slug": "shop"})) == (409, "conflict", "slug")


def test_an_answer_has_everything_to_send_with_and_what_was_sent(app: AppServer) -> None:
    app.send({"type": "track", "event": "x", "userId": "u", "messageId": uuid.uuid4().hex})

    until(lambda: app.get("/api/v1/sources/default")["events_24h"] > 0, what="count")
    source = app.get("/api/v1/sources/default")
    assert source["write_keys"]
    assert source["collect_url"].startswith("http://127.0.0.1:")
    assert source["events_per_min"] > 0
    assert source["invalid_24h"] >= 0
    assert source["last_event_at"] is not None
    assert source["managed_by"] == "api"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"slug": "No Slug"}, "slug"),
        ({}, "slug"),
        ({"slug": "ok", "kind": "fax"}, "kind"),
        ({"slug": "ok", "enabled": "yes"}, "enabled"),
        ({"slug": "ok", "name": "a\u0000b"}, "name"),
        ({"slug": "ok", "requests_per_s_max": 0}, "requests_per_s_max"),
        ({"slug": "ok", "write_key": "short"}, "write_key"),
        ({"slug": "ok", "webhook_secret": ""}, "webhook_secret"),
        ({"slug": "ok", "json": {"event": 1}}, "json"),
        ({"slug": "ok", "sluggish": 1}, "sluggish"),
    ],
)
def test_a_field_that_is_wrong_is_named(app: AppServer, body: Any, field: str) -> None:
    response = post(app, "/api/v1/sources", body)

    assert response.status_code == 400
    assert field in response.json()["detail"]


def test_a_change_without_a_version_or_with_an_old_one_is_refused(
    app: AppServer, slug: str
) -> None:
    assert problem(patch(app, slug, {"name": "a"})) == (428, "unconditional", "If-Match")
    assert patch(app, slug, {"name": "a"}, '"1"').status_code == 200
    for tag in ('"1"', '"x"', "W/1", '"99999999999999999999"'):
        assert problem(patch(app, slug, {"name": "b"}, tag))[:2] == (412, "outdated")
    assert patch(app, slug, {"name": "c"}, "*").status_code == 200
    response = app.client.delete(f"/api/v1/sources/{slug}", headers={"If-Match": '"1"'})
    assert response.status_code == 412


def test_a_source_of_the_file_is_listed_and_says_where_to_change_it(app: AppServer) -> None:
    path = "/api/v1/sources/filed"

    assert app.get(path)["managed_by"] == "file"
    assert [key["key"] for key in app.get(f"{path}/write-keys")] == ["filed-write-key"]
    for response in (
        patch(app, "filed", {"name": "x"}, "*"),
        app.client.delete(path),
        post(app, f"{path}/write-keys", {}),
        app.client.delete(f"{path}/write-keys/1"),
        post(app, "/api/v1/sources", {"slug": "filed"}),
    ):
        assert problem(response) == (409, "managed-by-file", "slug")
        assert ".toml" in response.json()["detail"]


def test_pages_lead_through_all_sources(app: AppServer) -> None:
    for number in range(5):
        post(app, "/api/v1/sources", {"slug": f"page-{number}", "kind": "mobile"})

    found, url = [], "/api/v1/sources?kind=mobile&limit=2"
    while url:
        response = app.client.get(url)
        found += [source["slug"] for source in response.json()]
        url = response.links.get("next", {}).get("url", "")

    assert found == [f"page-{number}" for number in range(5)]
    assert [s["slug"] for s in app.get("/api/v1/sources", text="PAGE-3")] == ["page-3"]
    assert app.get("/api/v1/sources", enabled="false", kind="mobile") == []
    assert problem(app.client.get("/api/v1/sources?cursor=%C3%BC"))[:2] == (400, "parameter")
    assert problem(app.client.get("/api/v1/sources?limit=0"))[:2] == (400, "parameter")
    assert problem(app.client.get("/api/v1/sources?kind=fax"))[:2] == (400, "parameter")


def test_the_same_request_with_an_idempotency_key_makes_one_source(app: AppServer) -> None:
    key = uuid.uuid4().hex
    body = {"slug": f"once-{key[:8]}"}

    first = post(app, "/api/v1/sources", body, Idempotency_Key=key)
    again = post(app, "/api/v1/sources", body, Idempotency_Key=key)
    other = post(app, "/api/v1/sources", {"slug": "other"}, Idempotency_Key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["write_keys"] == first.json()["write_keys"]
    assert problem(other) == (422, "key-reused", "Idempotency-Key")


def test_write_keys_are_added_rotated_and_disabled(app: AppServer, slug: str) -> None:
    path = f"/api/v1/sources/{slug}/write-keys"
    key = uuid.uuid4().hex

    added = post(app, path, {"label": "two"}, Idempotency_Key=key)
    again = post(app, path, {"label": "two"}, Idempotency_Key=key)
    rotated = post(app, path, {"label": "three", "overlap_s": 3600})

    assert added.status_code == rotated.status_code == 201
    assert again.json()["id"] == added.json()["id"]
    states = {each["label"]: each["state"] for each in app.get(path)}
    assert states == {"first": "expiring", "two": "expiring", "three": "active"}
    gone = app.client.delete(f"{path}/{added.json()['id']}")
    assert gone.status_code == 204
    assert {each["label"]: each["state"] for each in app.get(path)}["two"] == "disabled"
    assert added.json()["key"] not in app.get(f"/api/v1/sources/{slug}")["write_keys"]
    assert problem(app.client.delete(f"{path}/999999")) == (404, "not-found", "")
    taken = post(app, path, {"key": added.json()["key"]})
    assert problem(taken) == (409, "conflict", "key")
    assert problem(post(app, path, {"overlap_s": -1})) == (400, "body", "overlap_s")
    assert problem(post(app, "/api/v1/sources/none/write-keys", {}))[0] == 404
    assert problem(app.client.get("/api/v1/sources/none/write-keys"))[0] == 404


def test_a_number_that_no_database_holds_finds_nothing(app: AppServer, slug: str) -> None:
    for key_id in ("99999999999999999999", "-1"):
        response = app.client.delete(f"/api/v1/sources/{slug}/write-keys/{key_id}")
        assert problem(response)[0] == 404


def test_the_audit_log_says_who_changed_what(app: AppServer, slug: str) -> None:
    patch(app, slug, {"enabled": False}, "*")

    update, create = app.get("/api/v1/audit-log", resource=f"sources/{slug}")

    assert (create["action"], create["actor"]) == ("source.create", "owner")
    assert (update["before"]["enabled"], update["after"]["enabled"]) == (True, False)
    first = app.client.get(f"/api/v1/audit-log?limit=1&resource=sources/{slug}")
    following = app.client.get(first.links["next"]["url"]).json()
    assert [first.json()[0]["id"], following[0]["id"]] == [update["id"], create["id"]]
    for cursor in ("QQ", "OTk5OTk5OTk5OTk5OTk", "AA", "%00"):
        assert problem(app.client.get(f"/api/v1/audit-log?cursor={cursor}"))[:2] == (
            400,
            "parameter",
        )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/sources/default"),
        ("POST", "/api/v1/sources"),
        ("PATCH", "/api/v1/sources/default"),
        ("DELETE", "/api/v1/sources/default"),
        ("GET", "/api/v1/sources/default/write-keys"),
        ("POST", "/api/v1/sources/default/write-keys"),
        ("DELETE", "/api/v1/sources/default/write-keys/1"),
        ("GET", "/api/v1/audit-log"),
    ],
)
def test_nothing_is_told_or_changed_without_signing_in(
    app: AppServer, method: str, path: str
) -> None:
    response = httpx.request(method, app.url + path, headers={"If-Match": "*"})

    assert problem(response)[:2] == (401, "unauthenticated")


def test_the_description_has_examples_of_what_to_send(app: AppServer) -> None:
    paths = app.get("/api/openapi.json")["paths"]

    for path, method in (
        ("/api/v1/sources", "post"),
        ("/api/v1/sources/{slug}", "patch"),
        ("/api/v1/sources/{slug}/write-keys", "post"),
    ):
        body = paths[path][method]["requestBody"]["content"]["application/json"]
        assert body["example"]
    names = {
        parameter["name"] for parameter in paths["/api/v1/sources/{slug}"]["patch"]["parameters"]
    }
    assert names == {"slug", "If-Match"}
    assert "Link" in paths["/api/v1/sources"]["get"]["responses"]["200"]["headers"]
    assert set(paths["/api/v1/sources"]["post"]["responses"]["201"]["headers"]) == {
        "ETag",
        "Location",
    }
