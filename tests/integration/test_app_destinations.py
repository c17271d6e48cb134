"""Destinations over the API's socket."""

import re
import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from app_server import AppServer, track

from tailrace.destinations.catalog import BUILT_IN
from tool_server import Answer, ToolServer

SECRET = "planted-shared-secret"
URL = "https://hooks.example.com/in"
PATH = "/api/v1/destinations"
FILE = """
[[sources]]
slug = "filed"
write_keys = ["filed-write-key"]

[deliver]
private_networks = ["127.0.0.0/8"]
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
    """Give a new destination."""
    made = f"d-{uuid.uuid4().hex[:12]}"
    assert post(app, hook(made)).status_code == 201
    return made


def hook(slug: str, **fields: object) -> dict[str, object]:
    settings = {"url": URL, "shared_secret": SECRET}
    return {"slug": slug, "type": "webhook", "settings": settings, **fields}


def post(app: AppServer, body: Any, path: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.client.post(PATH + path, json=body, headers=named)


def patch(app: AppServer, slug: str, body: Any, if_match: str = "*") -> httpx.Response:
    headers = {"If-Match": if_match} if if_match else {}
    return app.client.patch(f"{PATH}/{slug}", json=body, headers=headers)


def problem(response: httpx.Response) -> tuple[int, str, str]:
    """Return status, kind and field of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == response.status_code
    return found["status"], found["type"].rpartition(":")[2], found.get("field", "")


def test_types_are_listed_with_the_schema_of_their_settings(app: AppServer) -> None:
    types = {each["slug"]: each for each in app.get("/api/v1/destination-types")}

    assert list(types) == list(BUILT_IN)
    schema = types["webhook"]["settings"]
    assert schema["required"] == ["url"]
    assert schema["properties"]["shared_secret"]["writeOnly"] is True
    assert types["s3"]["name"] == "Amazon S3"


def test_a_type_tells_its_actions_their_fields_and_presets(app: AppServer) -> None:
    found = app.get("/api/v1/destination-types/webhook")

    [action] = found["actions"]
    [field] = action["fields"]
    assert (action["slug"], action["trigger"]) == ("send", "all")
    assert (field["name"], field["type"], field["default"]) == ("data", "json", {"@path": "$."})
    assert found["presets"][0]["slug"] == "send"
    assert 'event = "Order Completed"' in found["presets"][1]["trigger"]
    missing = app.client.get("/api/v1/destination-types/fax")
    assert problem(missing) == (404, "not-found", "")


def test_a_destination_is_made_shown_changed_restored_and_deleted(app: AppServer) -> None:
    made = post(app, hook("orders", name="Orders", sources=["default", "filed"]))
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/orders")

    shown = app.client.get(f"{PATH}/orders")
    assert shown.json() == made.json()
    assert shown.headers["etag"] == made.headers["etag"] == '"1"'
    assert shown.json()["settings"]["shared_secret"] == "***"
    assert (shown.json()["managed_by"], shown.json()["version"]) == ("api", 1)

    changed = patch(app, "orders", {"settings": {"timeout_s": 5}, "sources": None}, '"1"')
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["settings"]["timeout_s"], changed.json()["sources"]) == (5.0, None)

    restored = post(app, {"version": 1}, "/orders/restore", If_Match='"2"')
    assert (restored.status_code, restored.headers["etag"]) == (200, '"3"')
    assert restored.json()["settings"] == made.json()["settings"]
    versions = app.get(f"{PATH}/orders/versions")
    assert [(each["version"], each["actor"]) for each in versions] == [
        (3, "owner"),
        (2, "owner"),
        (1, "owner"),
    ]

    assert app.client.delete(f"{PATH}/orders").status_code == 204
    assert problem(app.client.get(f"{PATH}/orders")) == (404, "not-found", "")
    assert problem(app.client.get(f"{PATH}/orders/versions"))[0] == 404
    assert problem(post(app, hook("orders"))) == (409, "conflict", "slug")


def test_what_was_read_can_be_sent_back_and_makes_no_version(app: AppServer, slug: str) -> None:
    shown = app.get(f"{PATH}/{slug}")
    fields = ("name", "enabled", "sources", "settings")

    answer = patch(app, slug, {name: shown[name] for name in fields})

    assert answer.json() == shown
    assert answer.headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (hook("No Slug"), "slug"),
        ({"slug": "ok"}, "type"),
        (hook("ok", type="fax"), "type"),
        (hook("ok", enabled="yes"), "enabled"),
        (hook("ok", name="a\u0000b"), "name"),
        (hook("ok", sources=[]), "sources"),
        (hook("ok", sources=["none"]), "sources"),
        (hook("ok", settings=[]), "settings"),
        (hook("ok", settings={"url": URL, "headers": {"a": 1}}), "settings"),
        (hook("ok", settings={"url": "ftp://x"}), "settings.url"),
        (hook("ok", settings={"url": f"https://u:{SECRET}@x"}), "settings.url"),
        (hook("ok", settings={"url": URL, "timeout_s": 0}), "settings.timeout_s"),
        (hook("ok", settings={"url": URL, "shared_secret": "***"}), "settings.shared_secret"),
        (hook("ok", settings={"url": URL, "nope": 1}), "settings.nope"),
        (hook("ok", sluggish=1), "sluggish"),
    ],
)
def test_a_field_that_is_wrong_is_named(app: AppServer, body: Any, field: str) -> None:
    response = post(app, body)

    assert problem(response)[:2] == (400, "body")
    assert field in response.json()["detail"]
    assert SECRET not in response.text
    assert app.client.get(f"{PATH}/ok").status_code == 404


def test_all_wrong_settings_are_named_at_once(app: AppServer) -> None:
    wrong = {"method": "GET", "timeout_s": 61, "nope": True}

    detail = post(app, hook("ok", settings=wrong)).json()["detail"]

    for name in ("url", *wrong):
        assert f"settings.{name}: " in detail


def test_a_change_without_a_version_or_with_an_old_one_is_refused(
    app: AppServer, slug: str
) -> None:
    assert problem(patch(app, slug, {"name": "a"}, "")) == (428, "unconditional", "If-Match")
    assert patch(app, slug, {"name": "a"}, '"1"').status_code == 200
    assert problem(patch(app, slug, {"name": "b"}, '"1"'))[:2] == (412, "outdated")
    assert problem(post(app, {"version": 1}, f"/{slug}/restore", If_Match='"1"'))[0] == 412
    deleted = app.client.delete(f"{PATH}/{slug}", headers={"If-Match": '"1"'})
    assert problem(deleted)[0] == 412
    assert problem(post(app, {"version": 9}, f"/{slug}/restore")) == (404, "not-found", "version")
    assert problem(post(app, {"version": 0}, f"/{slug}/restore"))[:2] == (400, "body")
    assert problem(patch(app, slug, {"type": "s3"}))[:2] == (400, "body")


def test_pages_lead_through_destinations_and_versions(app: AppServer) -> None:
    for number in range(5):
        post(app, hook(f"page-{number}", name="Paged", sources=["filed"]))
    for number in range(4):
        patch(app, "page-0", {"name": f"Paged {number}"})

    found = follow(app, f"{PATH}?text=PAGED&limit=2&source=filed&type=webhook&enabled=true")
    versions = follow(app, f"{PATH}/page-0/versions?limit=2")

    assert [each["slug"] for each in found] == [f"page-{number}" for number in range(5)]
    assert [each["version"] for each in versions] == [5, 4, 3, 2, 1]
    assert "page-0" not in [each["slug"] for each in app.get(PATH, source="default")]
    assert app.get(PATH, type="s3") == []
    for query in ("cursor=%C3%BC", "limit=0", "kind=x", "type=%00"):
        assert problem(app.client.get(f"{PATH}?{query}"))[:2] == (400, "parameter")
    for query in ("cursor=QQ", "limit=201"):
        assert problem(app.client.get(f"{PATH}/page-0/versions?{query}"))[:2] == (400, "parameter")


def follow(app: AppServer, url: str) -> list[Any]:
    found: list[Any] = []
    while url:
        response = app.client.get(url)
        assert response.status_code == 200, response.text
        found += response.json()
        url = response.links.get("next", {}).get("url", "")
    return found


def test_the_same_request_with_an_idempotency_key_makes_one_destination(app: AppServer) -> None:
    key = uuid.uuid4().hex
    body = hook(f"once-{key[:8]}")

    first = post(app, body, Idempotency_Key=key)
    again = post(app, body, Idempotency_Key=key)
    other = post(app, hook("other"), Idempotency_Key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert problem(other) == (422, "key-reused", "Idempotency-Key")


def test_a_secret_is_in_no_answer_no_log_and_not_in_the_database(app: AppServer, slug: str) -> None:
    other = "planted-second-secret"
    answers = [
        patch(app, slug, {"settings": {"shared_secret": other}}),
        patch(app, slug, {"settings": {"auth_value": f"{other}\u0000", "nope": 1}}),
        post(app, {"version": 1}, f"/{slug}/restore"),
        app.client.get(f"{PATH}/{slug}"),
        app.client.get(f"{PATH}/{slug}/versions"),
        app.client.get(PATH),
        app.client.get("/api/v1/audit-log", params={"resource": f"destinations/{slug}"}),
    ]

    update = answers[-1].json()[1]
    assert update["after"]["shared_secret_changed"] is True
    assert update["after"]["settings"]["shared_secret"] == "***"
    with sqlite3.connect(app.data_dir / "control.sqlite") as database:
        dumped = "\n".join(database.iterdump())
    assert slug in dumped
    files = [path.read_bytes() for path in (app.data_dir / "run").glob("*.snapshot")]
    texts = [answer.text for answer in answers] + [dumped, app.output.read_text()]
    for hidden in (SECRET, other):
        assert not any(hidden in text for text in texts)
        assert not any(hidden.encode() in file for file in files)


def test_asking_for_the_methods_of_a_path_needs_a_sign_in_and_no_permission(
    app: AppServer,
) -> None:
    assert app.client.options(PATH).status_code == 204
    assert httpx.options(app.url + PATH).status_code == 401


def test_the_description_of_the_api_has_examples_for_what_is_sent(app: AppServer) -> None:
    paths = app.get("/api/openapi.json")["paths"]

    for path, method in (
        (PATH, "post"),
        (f"{PATH}/{{slug}}", "patch"),
        (f"{PATH}/{{slug}}/restore", "post"),
    ):
        body = paths[path][method]["requestBody"]["content"]["application/json"]
        assert "example" in str(body)


# --- Filters, subscriptions, preview --------------------------------------------------------------

EVENT = {
    "type": "track",
    "event": "Order",
    "userId": "u",
    "properties": {"n": 1, "email": "ann@example.com"},
}
MAPPED = {
    "slug": "orders",
    "action": "send",
    "name": "Orders",
    "enabled": True,
    "trigger": 'event = "Order"',
    "mapping": {"data": {"n": {"@path": "$.properties.n"}, "mail": {"@path": "$.email"}}},
}


def preview(app: AppServer, destination: object, event: object = EVENT) -> httpx.Response:
    return post(app, {"destination": destination, "event": event}, "/preview")


def test_filters_and_subscriptions_are_read_as_they_were_sent(app: AppServer, slug: str) -> None:
    drop = {"if": "event = 'x'", "actions": [{"type": "DROP"}], "title": "", "enabled": True}

    changed = patch(app, slug, {"filters": [drop], "subscriptions": [MAPPED]})

    assert changed.status_code == 200
    found = app.client.get(f"{PATH}/{slug}").json()
    assert (found["filters"], found["subscriptions"]) == ([drop], [MAPPED])
    assert patch(app, slug, found_fields(found)).json()["version"] == found["version"]
    [newest, _] = app.client.get(f"{PATH}/{slug}/versions").json()
    assert newest["subscriptions"] == [MAPPED]


def found_fields(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("filters", "subscriptions", "settings")}


def test_a_wrong_trigger_is_a_problem_with_its_field_and_place(app: AppServer, slug: str) -> None:
    wrong = patch(app, slug, {"subscriptions": [{**MAPPED, "trigger": "type in ['x']"}]})

    assert problem(wrong) == (400, "body", "subscriptions[0].trigger")
    assert "at character 6" in wrong.json()["detail"]


def test_a_preview_shows_what_would_be_sent_and_saves_nothing(app: AppServer, slug: str) -> None:
    hide = {
        "if": "all",
        "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}],
    }
    others = {**MAPPED, "slug": "others", "trigger": "event = 'Other'"}
    nothing = {**MAPPED, "slug": "nothing", "mapping": {"data": {"@path": "$.nothing"}}}
    whole = {"slug": "whole", "action": "send"}

    answer = preview(
        app, {"slug": slug, "filters": [hide], "subscriptions": [MAPPED, others, nothing, whole]}
    )

    assert answer.status_code == 200
    mapped, other, empty, all_of_it = answer.json()
    assert mapped == {
        "slug": "orders",
        "name": "Orders",
        "outcome": "sent",
        "step": "",
        "reason": "",
        "problems": [],
        "left_out": ["properties.email"],
        "payload": {"data": {"n": 1}},
    }
    assert (other["outcome"], other["reason"], other["payload"]) == (
        "filtered",
        "not subscribed",
        None,
    )
    assert (empty["outcome"], empty["reason"]) == (
        "rejected",
        "mapping: data: is required and has no value",
    )
    assert all_of_it["payload"]["data"]["properties"] == {"n": 1}
    assert app.client.get(f"{PATH}/{slug}").json()["filters"] == []


def test_a_preview_needs_no_destination_and_refuses_what_is_none(app: AppServer) -> None:
    [sent] = preview(app, {"type": "webhook"}).json()
    drop = {"if": "event = 'Order'", "actions": [{"type": "DROP"}], "title": "Orders"}
    [dropped] = preview(app, {"type": "webhook", "filters": [drop]}).json()

    assert (sent["slug"], sent["outcome"]) == ("send", "sent")
    assert sent["payload"]["data"]["event"] == "Order"
    assert (dropped["outcome"], dropped["reason"]) == ("filtered", "filter: Orders")
    assert problem(preview(app, {})) == (400, "body", "destination")
    assert problem(preview(app, {"type": "fax"})) == (400, "body", "destination.type")
    assert problem(preview(app, {"slug": "never-made"})) == (400, "body", "destination.slug")
    assert problem(preview(app, {"type": "webhook"}, {"type": "x"}))[2] == "event.type"


def test_a_preview_of_a_stored_event_needs_one_that_is_stored(app: AppServer) -> None:
    of = {"destination": {"type": "webhook"}}
    never = post(app, {**of, "message_id": "never-sent"}, "/preview")
    both = post(app, {**of, "message_id": "m", "event": EVENT}, "/preview")

    assert problem(never) == (404, "not-found", "message_id")
    assert problem(both) == (400, "body", "event")
    assert problem(post(app, of, "/preview")) == (400, "body", "event")


def test_a_dry_run_tells_of_each_subscription_and_refuses_a_wrong_filter(
    app: AppServer, slug: str
) -> None:
    found = post(app, {"destination": {"slug": slug}, "events": 10}, "/dry-run")
    wrong = {"type": "webhook", "filters": [{"if": "type = ", "actions": [{"type": "DROP"}]}]}
    refused = post(app, {"destination": wrong}, "/dry-run")
    too_many = post(app, {"destination": {"slug": slug}, "events": 10_001}, "/dry-run")

    assert found.status_code == 200
    assert found.json()["is_complete"] is True
    [only] = found.json()["subscriptions"]
    assert (only["slug"], only["sent"], only["reasons"]) == ("send", 0, [])
    assert problem(refused) == (400, "body", "destination.filters[0].if")
    assert too_many.status_code == 400


def test_a_preview_of_a_stored_event_has_its_times_as_they_are_sent(app: AppServer) -> None:
    moment = "2026-11-20T10:11:12.345678Z"
    app.send(track("with-a-time", timestamp=moment, sentAt=moment))
    of = {"destination": {"type": "webhook"}, "message_id": "with-a-time"}

    [sent] = post(app, of, "/preview").json()

    event = sent["payload"]["data"]
    assert event["sentAt"] == event["originalTimestamp"] == "2026-11-20T10:11:12.345Z"
    assert re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z", event["timestamp"])


NO_SERVER = "http://127.0.0.1:9/in"


@pytest.fixture(scope="module")
def tool() -> Iterator[ToolServer]:
    with ToolServer(lambda _: Answer()).running() as server:
        yield server


def test_settings_are_checked_before_anything_is_saved(app: AppServer, tool: ToolServer) -> None:
    good = post(app, {"type": "webhook", "settings": {"url": tool.url}}, "/check")
    bad = post(app, {"type": "webhook", "settings": {"url": NO_SERVER}}, "/check")

    assert (good.status_code, good.json()["is_good"]) == (200, True)
    steps = [(each["name"], each["is_good"]) for each in good.json()["checked"]]
    assert steps == [("name", True), ("connection", True), ("acceptance", None)]
    assert (bad.status_code, bad.json()["is_good"]) == (200, False)
    assert bad.json()["checked"][-1]["setting"] == "url"
    assert tool.requests == []


def test_a_saved_destination_is_checked_with_what_it_has(app: AppServer, tool: ToolServer) -> None:
    slug = f"d-{uuid.uuid4().hex[:12]}"
    post(app, hook(slug, type="tailrace", settings={"url": tool.url, "write_key": SECRET}))

    answer = app.client.post(f"{PATH}/{slug}/check")

    assert answer.json()["is_good"] is True
    assert SECRET not in answer.text
    assert problem(app.client.post(f"{PATH}/never-made/check")) == (404, "not-found", "")


def test_a_check_sends_no_kept_secret_elsewhere(app: AppServer, tool: ToolServer) -> None:
    slug = f"d-{uuid.uuid4().hex[:12]}"
    given = {"url": "http://127.0.0.1:9", "write_key": SECRET}
    assert post(app, hook(slug, type="tailrace", settings=given)).status_code == 201
    before = len(tool.requests)

    kept = post(app, {"slug": slug, "settings": {"url": f"{tool.url}/mine"}}, "/check")
    stars = {"url": f"{tool.url}/mine", "write_key": "***"}
    starred = post(app, {"slug": slug, "settings": stars}, "/check")
    own = {"url": f"{tool.url}/mine", "write_key": "my-own"}
    given_anew = post(app, {"slug": slug, "settings": own}, "/check")

    assert problem(kept) == (409, "conflict", "settings.write_key")
    assert problem(starred) == (409, "conflict", "settings.write_key")
    assert given_anew.json()["is_good"] is True
    assert [SECRET in str(each) for each in tool.requests[before:]] == [False]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "webhook", "slug": "x"}, "type"),
        ({"type": "fax"}, "type"),
        ({"type": "webhook", "settings": {"url": "ftp://x"}}, "settings.url"),
        ({"type": "webhook", "settings": {"url": URL, "shared_secret": "***"}}, "shared_secret"),
    ],
)
def test_what_cannot_be_checked_is_a_wrong_body(app: AppServer, body: Any, field: str) -> None:
    found = problem(post(app, body, "/check"))

    assert found[:2] == (400, "body")
    assert field in found[2]


def test_nothing_is_saved_that_fails_its_check(app: AppServer, tool: ToolServer) -> None:
    slug = f"d-{uuid.uuid4().hex[:12]}"
    refused = post(app, hook(slug, settings={"url": NO_SERVER}), "?check=true")
    absent = app.client.get(f"{PATH}/{slug}").status_code
    made = post(app, hook(slug, settings={"url": tool.url}), "?check=true")

    changed = app.client.patch(
        f"{PATH}/{slug}?check=true",
        json={"settings": {"url": NO_SERVER}},
        headers={"If-Match": "*"},
    )

    assert (problem(refused), absent) == ((422, "check-failed", "settings.url"), 404)
    assert "connection" in refused.json()["problems"][0]
    assert made.status_code == 201
    assert problem(changed) == (422, "check-failed", "settings.url")
    assert app.get(f"{PATH}/{slug}")["settings"]["url"] == tool.url


# --- Languages ------------------------------------------------------------------------------------


def checked(app: AppServer, language: str, text: str) -> Any:
    answer = app.client.post("/api/v1/languages/check", json={"language": language, "text": text})
    assert answer.status_code == 200
    return answer.json()


def test_languages_tell_their_words(app: AppServer) -> None:
    found = {each["language"]: each for each in app.get("/api/v1/languages")}

    names = {
        language: [each["name"] for each in words["functions"]] for language, words in found.items()
    }
    assert names["trigger"] == ["contains", "match"]
    assert {"semver", "length"} <= set(names["filter"])
    assert {"@path", "@if"} <= set(names["mapping"])
    assert "properties." in found["trigger"]["fields"]
    assert "user_id" in found["lucene"]["fields"]
    for words in found["filter"]["functions"]:
        assert checked(app, "filter", f"{words['form']} = 'x'")["is_valid"]


@pytest.mark.parametrize(
    ("language", "text", "position", "path"),
    [
        ("filter", "type = ", 7, ""),
        ("filter", "type is 'x'", 5, ""),
        ("trigger", "event in ['A']", 6, ""),
        ("lucene", "type:(", 6, ""),
        ("mapping", '{"a": {"@path": 5}}', 16, "a.@path"),
        ("mapping", '{"a": ', 6, ""),
    ],
)
def test_a_wrong_text_has_problems_with_their_places(
    app: AppServer, language: str, text: str, position: int, path: str
) -> None:
    found = checked(app, language, text)

    assert not found["is_valid"]
    [wrong] = found["problems"]
    assert (wrong["severity"], wrong["position"], wrong["path"]) == ("error", position, path)
    assert wrong["message"]


def test_a_text_that_is_easily_misread_is_valid_with_a_warning(app: AppServer) -> None:
    found = checked(app, "filter", "type = 'page' or type = 'track' and event = 'A'")

    assert (found["is_valid"], found["types"]) == (True, ["page", "track"])
    assert [each["severity"] for each in found["problems"]] == ["warning"]


ALERTS = "/api/v1/delivery-alerts"


def test_a_delivery_alert_is_made_shown_changed_tested_and_deleted(
    app: AppServer, tool: ToolServer
) -> None:
    place = {"type": "webhook", "url": f"{tool.url}/planted-path", "secret": SECRET}
    body = {"slug": "on-call", "when": {"down_for_s": 60}, "notify": [place]}
    made = app.client.post(ALERTS, json=body)
    before = len(tool.requests)

    tested = app.client.post(f"{ALERTS}/on-call/test")
    changed = app.client.patch(
        f"{ALERTS}/on-call",
        json={"enabled": False, "notify": made.json()["notify"]},
        headers={"If-Match": made.headers["etag"]},
    )
    [listed] = app.get(ALERTS)
    outdated = app.client.delete(f"{ALERTS}/on-call", headers={"If-Match": '"1"'})
    deleted = app.client.delete(f"{ALERTS}/on-call", headers={"If-Match": '"2"'})

    assert (made.status_code, made.headers["location"]) == (201, f"{ALERTS}/on-call")
    assert made.json()["standing"]["state"] == "ok"
    assert tested.json() == [
        {"notify": "webhook", "type": "webhook", "is_good": True, "detail": ""}
    ]
    assert [each.json()["state"] for each in tool.requests[before:]] == ["test"]
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert listed == changed.json()
    assert (listed["standing"]["state"], listed["notify"][0]["secret"]) == ("disabled", "***")
    assert problem(outdated) == (412, "outdated", "")
    assert deleted.status_code == 204
    assert problem(app.client.get(f"{ALERTS}/on-call"))[0] == 404
    assert "planted" not in made.text + changed.text + app.client.get("/api/v1/audit-log").text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"notify": [], "when": {"down_for_s": 1}}, "notify"),
        ({"notify": [{"type": "fax", "url": URL}], "when": {"down_for_s": 1}}, "notify[0].type"),
        ({"notify": [{"type": "slack", "url": URL}], "when": {"down_for_s": 0}}, "when.down_for_s"),
        ({"notify": [{"type": "slack", "url": URL}], "when": {}}, "when"),
    ],
)
def test_an_alert_that_is_wrong_is_refused_with_its_field(
    app: AppServer, body: Any, field: str
) -> None:
    found = problem(app.client.post(ALERTS, json={"slug": "wrong", **body}))

    assert found == (400, "body", field)
