"""The API over real sockets, a real log and a real store."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from app_server import TOKEN, WRITE_KEY, AppServer, app_server, track, until

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    directory = tmp_path_factory.mktemp("app")
    with app_server(directory, options="[app]\naccess_log = true\n") as server:
        yield server


def problem(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == PROBLEM, response.text
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert found["title"]
    assert found["detail"]
    return found


def browser(app: AppServer) -> httpx.Client:
    """Return a client that has signed in as a browser does."""
    client = httpx.Client(base_url=app.url, timeout=30.0)
    response = client.post("/api/v1/session", json={"token": TOKEN})
    assert response.status_code == 204, response.text
    return client


# --- Access -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/status"),
        ("GET", "/api/v1/sources"),
        ("GET", "/api/v1/ledger"),
        ("GET", "/api/v1/set-aside"),
        ("GET", "/api/v1/live"),
        ("GET", "/api/v1/fields"),
        ("GET", "/api/v1/trace/x"),
        ("GET", "/api/v1/events/x"),
        ("POST", "/api/v1/search"),
        ("POST", "/api/v1/histogram"),
        ("POST", "/api/v1/values"),
        ("POST", "/api/v1/sql"),
    ],
)
def test_nothing_is_told_without_signing_in(app: AppServer, method: str, path: str) -> None:
    response = httpx.request(method, app.url + path)

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert problem(response)["type"] == "urn:tailrace:problem:unauthenticated"


def test_a_browser_signs_in_and_out(app: AppServer) -> None:
    client = browser(app)

    assert client.get("/api/v1/session").json()["signed_in"] is True
    assert client.get("/api/v1/status").status_code == 200
    signed_out = client.delete("/api/v1/session", headers={"X-Tailrace-Request": "1"})
    assert signed_out.status_code == 204
    assert client.get("/api/v1/session").json()["signed_in"] is False
    client.close()


def test_the_cookie_is_for_this_site_only(app: AppServer) -> None:
    plain = httpx.post(app.url + "/api/v1/session", json={"token": TOKEN})
    behind_tls = httpx.post(
        app.url + "/api/v1/session",
        json={"token": TOKEN},
        headers={"X-Forwarded-Proto": "https"},
    )

    cookie = plain.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie
    assert "secure" in behind_tls.headers["set-cookie"].lower()


def test_a_wrong_token_opens_no_session(app: AppServer) -> None:
    response = httpx.post(app.url + "/api/v1/session", json={"token": "wrong"})

    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    assert "wrong" not in problem(response)["detail"].replace("the token is not valid", "")


def test_another_site_cannot_use_the_cookie(app: AppServer) -> None:
    client = browser(app)

    refused = client.post("/api/v1/search", json={})
    own = client.post("/api/v1/search", json={}, headers={"X-Tailrace-Request": "1"})
    same_origin = client.post("/api/v1/search", json={}, headers={"Sec-Fetch-Site": "same-origin"})
    client.close()

    assert refused.status_code == 403
    assert problem(refused)["type"] == "urn:tailrace:problem:forbidden"
    assert own.status_code == same_origin.status_code == 200


def test_the_local_token_lets_this_machines_user_in(app: AppServer) -> None:
    token = (app.data_dir / "run" / "local.token").read_text().strip()

    response = httpx.get(app.url + "/api/v1/status", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 200


def test_a_name_that_is_not_ours_is_refused(app: AppServer) -> None:
    response = httpx.get(app.url + "/healthz", headers={"Host": "evil.example"})

    assert response.status_code == 421
    assert "evil.example" in problem(response)["detail"]


# --- Errors -----------------------------------------------------------------------------------


def test_an_unknown_field_is_named(app: AppServer) -> None:
    response = app.client.post("/api/v1/search", json={"quary": "x"})

    assert response.status_code == 400
    assert "quary" in problem(response)["detail"]


def test_a_wrong_type_is_named(app: AppServer) -> None:
    response = app.client.post("/api/v1/search", json={"limit": "many"})

    assert response.status_code == 400
    assert "limit" in problem(response)["detail"]


def test_an_unknown_parameter_is_named(app: AppServer) -> None:
    response = app.client.get("/api/v1/ledger", params={"soruce": "x"})

    assert response.status_code == 400
    assert "'soruce'" in problem(response)["detail"]
    assert "since, source, until" in problem(response)["detail"]


@pytest.mark.parametrize(
    "parameters", [{"since": "yesterday"}, {"limit": "0"}, {"outcome": "lost"}, {"cursor": "?"}]
)
def test_a_parameter_that_makes_no_sense_is_400(app: AppServer, parameters: dict[str, str]) -> None:
    response = app.client.get("/api/v1/set-aside", params=parameters)

    assert response.status_code == 400
    assert next(iter(parameters)) in problem(response)["detail"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"", b"null", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(app: AppServer, body: bytes) -> None:
    response = app.client.post("/api/v1/search", content=body)

    assert response.status_code == 400
    problem(response)


def test_a_body_of_more_than_a_mebibyte_is_413(app: AppServer) -> None:
    response = app.client.post("/api/v1/search", content=b" " * 1_048_577)

    assert response.status_code == 413
    problem(response)


def test_a_question_that_is_not_valid_says_where(app: AppServer) -> None:
    response = app.client.post("/api/v1/search", json={"query": "event:("})

    assert response.status_code == 400
    found = problem(response)
    assert found["type"] == "urn:tailrace:problem:query"
    assert isinstance(found["position"], int)


def test_a_path_that_is_not_there_is_404(app: AppServer) -> None:
    for path in ("/api/v1/nothing", "/api", "/api/v2/search"):
        assert problem(app.client.get(path))["status"] == 404
    assert problem(app.client.post("/api/v1/nothing"))["status"] == 404
    assert problem(app.client.get("/assets/nothing.js"))["status"] == 404


def test_a_method_that_a_path_does_not_take_is_405(app: AppServer) -> None:
    assert problem(app.client.put("/api/v1/search"))["status"] == 405
    assert problem(app.client.post("/"))["status"] == 405


# --- Headers, web files, health ---------------------------------------------------------------


def test_every_answer_is_safe_to_show(app: AppServer) -> None:
    for path in ("/", "/api/v1/status", "/api/v1/nothing", "/healthz"):
        headers = app.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "cross-origin-opener-policy" in headers
        assert "permissions-policy" in headers


def test_the_web_app_answers_at_its_addresses(app: AppServer) -> None:
    for path in ("/", "/live"):
        response = httpx.get(app.url + path)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/html")
        assert "Tailrace" in response.text
    assert httpx.head(app.url + "/").status_code == 200


def test_health_needs_no_token(app: AppServer) -> None:
    assert httpx.get(app.url + "/healthz").json() == {"status": "ok"}
    ready = httpx.get(app.url + "/readyz").json()
    assert ready["ready"] is True
    assert ready["checks"] == {"log": "ok", "store": "ok", "loader": "ok", "control": "ok"}


def test_metrics_count_requests_by_area(app: AppServer) -> None:
    app.get("/api/v1/status")

    text = httpx.get(app.url + "/metrics").text

    assert 'tailrace_app_requests_total{area="status",method="GET",status="200"}' in text
    assert "tailrace_store_events_total" in text
    assert TOKEN not in text
    assert WRITE_KEY not in text


def test_the_description_lists_every_path(app: AppServer) -> None:
    description = httpx.get(app.url + "/api/openapi.json").json()

    assert description["openapi"].startswith("3.1")
    for path in ("search", "histogram", "values", "fields", "sql", "ledger", "status", "live"):
        assert f"/api/v1/{path}" in description["paths"]


def test_the_log_of_the_app_holds_no_secret(app: AppServer) -> None:
    app.post("/api/v1/search", {"query": "secret_words_of_a_query"})

    text = app.output.read_text()

    assert TOKEN not in text
    assert "secret_words_of_a_query" not in text
    assert "POST '/api/v1/search' 200" in text


# --- Events -----------------------------------------------------------------------------------


def test_an_event_is_found_by_search_and_by_id_exactly_as_sent(app: AppServer) -> None:
    sent = (
        '{"type":"track","event":"Ünïcode ✓","userId":"u-1", "messageId":"exact-1",'
        ' "properties":{"a":1.50,"b":[]}}'
    )
    app.accept(('{"batch":[' + sent + "]}").encode(), path="/v1/batch")
    app.refine()
    app.settle()

    (found,) = app.post("/api/v1/search", {"query": "message_id:exact-1"})["events"]
    one = app.get("/api/v1/events/exact-1")

    assert found["event"] == "Ünïcode ✓"
    assert one["original"] == sent
    assert one["event"]["message_id"] == "exact-1"
    assert one["event"]["source"] == "default"


@pytest.mark.parametrize("place", ["event", "batch"])
def test_objects_of_an_event_are_answered_exactly_as_sent(app: AppServer, place: str) -> None:
    of_batch = [
        '"context":{"page":{},"screen":null,"a":[],"b":{"c":null},"n":1.50,"k":{"1":{}}}',
        '"integrations":{"All":null,"Slack":{}}',
    ]
    of_event = [
        f'"type":"track","event":"x","userId":"u","messageId":"objects-of-{place}"',
        '"properties":{"a":null,"b":{},"n":1.50}',
        '"traits":{"t":null,"u":{}}',
    ]
    if place == "event":
        of_event, of_batch = of_event + of_batch, []
    app.accept(("{" + ",".join([*of_batch, f'"batch":[{{{",".join(of_event)}}}]']) + "}").encode())
    app.refine()
    app.settle()

    searched = app.client.post("/api/v1/search", json={"query": f"message_id:objects-of-{place}"})
    shown = app.client.get(f"/api/v1/events/objects-of-{place}")

    for text in (*of_event[1:], *of_batch):
        assert text in searched.text
        assert text in shown.text


@pytest.mark.parametrize("message_id", ["a/b//c/", "%2F?x=1#y", "ü ✓", "..", "'\"\\"])
def test_any_message_id_can_be_asked_for(app: AppServer, message_id: str) -> None:
    app.send(track(message_id))

    for path in ("events", "trace"):
        if message_id != "..":
            by_path = app.client.get(f"/api/v1/{path}/{quote(message_id, safe='')}")
            assert by_path.status_code == 200, by_path.text
    by_parameter = app.client.get("/api/v1/event", params={"message_id": message_id})
    assert by_parameter.json()["event"]["message_id"] == message_id
    assert app.get("/api/v1/trace", message_id=message_id)["outcome"] == "stored"


def test_an_overlong_id_finds_its_event_at_every_stage(app: AppServer) -> None:
    begins = "long/é" * 60
    sent, other = begins + "1", begins + "2"
    app.settle()

    app.accept({"batch": [track(other), track(sent)]})
    waiting = app.get("/api/v1/trace", message_id=sent)
    app.refine()
    app.settle()
    stored = app.get("/api/v1/trace", message_id=sent)
    shown = app.get("/api/v1/event", message_id=sent)["event"]
    by_kept_id = app.get("/api/v1/trace", message_id=shown["message_id"])

    assert [step["step"] for step in waiting["steps"]] == ["received", "logged", "waiting"]
    assert [step["step"] for step in stored["steps"]] == ["received", "logged", "refined", "stored"]
    assert stored["steps"][1]["facts"]["index"] == 1
    assert stored["message_id"] == shown["message_id"] != sent
    assert by_kept_id["steps"] == stored["steps"]


def test_an_event_that_was_never_seen_is_404(app: AppServer) -> None:
    problem(app.client.get("/api/v1/events/never-seen"))
    found = problem(app.client.get("/api/v1/trace/never-seen"))

    assert found["status"] == 404
    assert len(found["looked_at"]) == 4


def test_the_story_of_an_event_grows_as_it_travels(app: AppServer) -> None:
    app.settle()
    offset = app.accept({"batch": [track("other"), track("story-1")]})

    answer = app.get("/api/v1/trace/story-1")
    assert answer["outcome"] == "in_flight"
    assert [step["step"] for step in answer["steps"]] == ["received", "logged", "waiting"]
    assert answer["steps"][0]["facts"]["remote_address"] == "192.0.2.7"
    assert answer["steps"][1]["facts"] == {
        "partition": 0,
        "offset": offset,
        "index": 1,
        "held": True,
    }

    app.refine()
    app.settle()
    answer = app.get("/api/v1/trace/story-1")
    assert answer["outcome"] == "stored"
    assert [step["step"] for step in answer["steps"]] == [
        "received",
        "logged",
        "refined",
        "stored",
    ]

    app.send(track("story-1"))
    answer = app.get("/api/v1/trace/story-1")
    assert answer["outcome"] == "stored"
    assert [step["step"] for step in answer["steps"]][4:] == ["received", "logged", "duplicate"]


def test_no_step_of_a_story_is_told_to_precede_the_one_before(app: AppServer) -> None:
    app.send(*(track(f"moment-{number}") for number in range(3)))

    for number in range(3):
        steps = app.get(f"/api/v1/trace/moment-{number}")["steps"]
        moments = [datetime.fromisoformat(step["at"]) for step in steps if step["at"]]
        assert moments == sorted(moments)
        stored = steps[-1]
        if stored["at"] is None:
            second = datetime.fromisoformat(stored["facts"]["second"])
            assert (
                stored["summary"]
                == f"stored in the second {second:%H:%M:%S} UTC: it can be searched"
            )
            assert second + timedelta(seconds=1) > moments[0]


def test_the_story_of_an_invalid_event_says_why(app: AppServer) -> None:
    app.send({**track("invalid-1"), "event": 7})

    answer = app.get("/api/v1/trace/invalid-1", source="default")

    assert answer["outcome"] == "invalid"
    assert answer["steps"][-1]["facts"]["reason"] == "event_not_string"
    assert app.client.get("/api/v1/trace/invalid-1?source=other").status_code == 404


def test_an_event_is_found_in_a_call_that_escapes_its_id(app: AppServer) -> None:
    app.settle()
    app.accept(b'{"batch":[{"type":"track","event":"x","userId":"u","messageId":"esc\\u0061pe"}]}')

    assert app.get("/api/v1/trace/escape")["outcome"] == "in_flight"
    app.refine()
    app.settle()


def test_what_was_set_aside_comes_in_pages(app: AppServer) -> None:
    app.send(*({**track(f"aside-{number}"), "event": number} for number in range(5)))

    seen: list[str] = []
    cursor = ""
    while True:
        page = app.get("/api/v1/set-aside", outcome="invalid", limit=2, cursor=cursor)
        seen += [event["message_id"] for event in page["events"]]
        cursor = page["cursor"] or ""
        if not cursor:
            break

    assert [one for one in seen if one.startswith("aside-")] == [
        f"aside-{number}" for number in (4, 3, 2, 1, 0)
    ]
    assert len(seen) == len(set(seen))
    assert app.get("/api/v1/set-aside", source="other")["events"] == []


def test_an_overlong_id_finds_its_invalid_event_and_no_other(app: AppServer) -> None:
    begins = "wrong" * 60

    app.send({**track(begins + "1"), "event": 7}, {**track(begins + "2"), "event": 7})
    answer = app.get("/api/v1/trace", message_id=begins + "2")

    assert [step["step"] for step in answer["steps"]] == ["received", "logged", "invalid"]
    assert answer["steps"][1]["facts"]["index"] == 1
    assert app.client.get(f"/api/v1/trace/{begins}3").status_code == 404


# --- Books and figures ------------------------------------------------------------------------


def test_the_books_balance_at_every_stage(app: AppServer) -> None:
    app.settle()
    before = app.get("/api/v1/ledger")
    app.accept({"batch": [track("book-1"), track("book-1"), {**track("book-2"), "event": 1}]})

    waiting = app.get("/api/v1/ledger")
    app.refine()
    app.settle()
    after = app.get("/api/v1/ledger")

    assert before["balanced"] is waiting["balanced"] is after["balanced"] is True
    assert waiting["totals"]["in_flight"] == waiting["audit"]["raw_events"] == 3
    assert _grown(before, after) == {
        "accepted": 3,
        "refined": 1,
        "stored": 1,
        "duplicate": 1,
        "invalid": 1,
        "in_flight": 0,
    }
    assert after["audit"]["store_rows"] == after["totals"]["stored"]
    assert after["audit"]["is_complete"]


def test_the_books_can_be_narrowed(app: AppServer) -> None:
    app.send(track("narrow-1"))

    assert app.get("/api/v1/ledger", source="other")["rows"] == []
    assert app.get("/api/v1/ledger", since="2020-01-01", until="2020-01-02")["rows"] == []
    assert app.get("/api/v1/ledger", source="default")["balanced"]


def test_status_and_sources_tell_what_came(app: AppServer) -> None:
    app.send(track("status-1"))

    status = until(lambda: _with_events(app), what="status with events")
    (source,) = app.get("/api/v1/sources")

    assert status["has_events"]
    assert status["freshness_s"] >= 0
    assert status["store"]["rows"] == status["events"]
    assert status["log"]["raw_bytes"] > 0
    assert source["slug"] == "default"
    assert source["write_keys"] == [WRITE_KEY]
    assert source["events_24h"] > 0
    assert source["last_event_at"]


def test_sql_answers_columns_and_rows(app: AppServer) -> None:
    app.send(track("sql-1"))

    answer = app.post(
        "/api/v1/sql",
        {
            "sql": "SELECT count() AS n FROM events WHERE message_id = {id:String}",
            "parameters": {"id": "sql-1"},
        },
    )

    assert [column["name"] for column in answer["columns"]] == ["n"]
    assert answer["rows"] == [[1]]


def test_sql_that_writes_is_refused(app: AppServer) -> None:
    response = app.client.post("/api/v1/sql", json={"sql": "DROP TABLE events_data"})

    assert response.status_code in {400, 422}
    problem(response)


def _with_events(app: AppServer) -> dict[str, Any] | None:
    status: dict[str, Any] = app.get("/api/v1/status")
    return status if status["has_events"] and status["freshness_s"] is not None else None


def _grown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    names = ("accepted", "refined", "stored", "duplicate", "invalid", "in_flight")
    return {name: after["totals"][name] - before["totals"][name] for name in names}
