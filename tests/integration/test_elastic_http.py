"""What `/es/` answers beside Grafana's requests: signing in, queries, pages, limits, errors."""

import base64
import gzip
import json
from typing import Any

import httpx
import pytest
from app_server import TOKEN, WRITE_KEY
from elastic_events import Face
from elastic_queries import ORDERS, PAGES, QUERIES


def token_with(face: Face, *permissions: str) -> str:
    body = {"name": "-".join(permissions).replace(":", "-"), "permissions": permissions}
    response = face.server.client.post("/api/v1/tokens", json=body)
    assert response.status_code == 201, response.text
    token: str = response.json()["token"]
    return token


def plain(face: Face, method: str, path: str, **options: Any) -> httpx.Response:
    """Ask without signing in."""
    return httpx.request(method, f"{face.server.url}/es{path}", timeout=30.0, **options)


def error(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Return the error of an answer, which has the shape of Elasticsearch's."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-elastic-product"] == "Elasticsearch"
    body = response.json()
    assert body["status"] == status
    assert body["error"]["root_cause"][0]["type"] == kind
    found: dict[str, Any] = body["error"]
    return found


# Signing in -------------------------------------------------------------------------------------


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic " + base64_of(f"anybody:{TOKEN}"),
        "Basic " + base64_of(f"{TOKEN}:"),
        f"Bearer {TOKEN}",
        f"ApiKey {TOKEN}",
        "ApiKey " + base64_of(f"some-id:{TOKEN}"),
        f"apikey {TOKEN}",
    ],
)
def test_a_token_signs_in_in_every_way_that_clients_know(face: Face, authorization: str) -> None:
    response = plain(face, "GET", "/", headers={"authorization": authorization})

    assert response.status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic " + base64_of("anybody:wrong"),
        "Basic %%%",
        "Bearer wrong",
        "ApiKey wrong",
        "Digest x",
        f"Basic {base64_of('anybody:' + WRITE_KEY)}",
    ],
)
def test_nobody_else_is_let_in(face: Face, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    response = plain(face, "GET", "/_search", headers=headers)

    error(response, 401, "security_exception")
    assert response.headers.get_list("www-authenticate")[0].startswith("Basic")


def test_the_cookie_of_a_browser_does_not_sign_in(face: Face) -> None:
    with httpx.Client(base_url=face.server.url) as browser:
        browser.post("/api/v1/session", json={"token": TOKEN}).raise_for_status()

        response = browser.get("/es/_search")

    error(response, 401, "security_exception")


PATHS = [
    ("GET", "/"),
    ("GET", "/_cluster/health"),
    ("GET", "/_cat/indices"),
    ("GET", "/_resolve/index/*"),
    ("GET", "/events"),
    ("HEAD", "/events"),
    ("GET", "/events/_mapping"),
    ("GET", "/events/_mapping/field/timestamp"),
    ("GET", "/events/_field_caps"),
    ("GET", "/events/_search"),
    ("POST", "/events/_search"),
    ("POST", "/events/_count"),
    ("POST", "/events/_async_search"),
    ("GET", "/events/_doc/order-01"),
    ("GET", "/events/_source/order-01"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_reading_needs_the_permission_to_read_events(face: Face, method: str, path: str) -> None:
    reader, other = token_with(face, "events:read"), token_with(face, "account")

    statuses = [
        plain(face, method, path, headers={"authorization": f"Bearer {token}"}).status_code
        for token in (reader, other)
    ]

    assert statuses == [200, 403]
    assert plain(face, method, path).status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/_bulk"), ("POST", "/events/_doc"), ("PUT", "/events/_create/1")],
)
def test_writing_needs_a_key(face: Face, method: str, path: str) -> None:
    response = plain(face, method, path, content=b"{}")

    error(response, 401, "security_exception")


def test_a_host_that_is_not_served_is_refused_here_too(face: Face) -> None:
    response = face.client.get("/", headers={"host": "evil.example"})

    assert response.status_code == 421


def test_pages_of_other_sites_may_not_read_the_answers(face: Face) -> None:
    response = face.client.get("/", headers={"origin": "https://evil.example"})

    assert "access-control-allow-origin" not in response.headers
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


# Bodies and methods -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/vnd.elasticsearch+json; compatible-with=8",
        "application/vnd.elasticsearch+json; compatible-with=9",
    ],
)
def test_bodies_of_all_clients_are_read_and_answered_as_plain_json(
    face: Face, media_type: str
) -> None:
    body = gzip.compress(json.dumps({"size": 0}).encode())
    headers = {"content-type": media_type, "accept": media_type, "content-encoding": "gzip"}

    response = face.client.post("/events/_search", content=body, headers=headers)

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json()["hits"]["total"] == {"value": 16, "relation": "eq"}


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"[" * 50_000, {}, 400),
        (b"\xff", {}, 400),
        (b"{}", {"content-encoding": "gzip"}, 400),
        (b"{}", {"content-encoding": "br"}, 415),
        (gzip.compress(b" " * 9_000_000), {"content-encoding": "gzip"}, 413),
        (b" " * 9_000_000, {}, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    face: Face, content: bytes, headers: dict[str, str], status: int
) -> None:
    response = face.client.post("/events/_search", content=content, headers=headers)

    assert response.status_code == status
    assert response.json()["status"] == status


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/events", 405),
        ("DELETE", "/events", 405),
        ("DELETE", "/events/_doc/order-01", 405),
        ("POST", "/events/_update/order-01", 405),
        ("POST", "/events/_delete_by_query", 405),
        ("PUT", "/events/_mapping", 405),
        ("PUT", "/_search", 405),
        ("PUT", "/_index_template/x", 405),
        ("GET", "/_nodes/_all/http", 501),
        ("GET", "/_license", 501),
        ("POST", "/_query", 501),
        ("POST", "/_sql", 501),
        ("GET", "/a/b/c", 404),
    ],
)
def test_what_is_not_offered_says_so(face: Face, method: str, path: str, status: int) -> None:
    response = face.client.request(method, path)

    assert response.status_code == status
    assert response.json()["status"] == status
    if status == 405 and path == "/_search":
        assert response.headers["allow"] == "GET, POST"


def test_an_index_that_is_none_is_not_there(face: Face) -> None:
    found = [face.client.head(path) for path in ("/events", "/logs")]

    assert [one.status_code for one in found] == [200, 404]
    assert [one.content for one in found] == [b"", b""]
    error(face.client.get("/logs/_search"), 404, "index_not_found_exception")


# Queries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "expected"), QUERIES, ids=[json.dumps(q) for q, _ in QUERIES])
def test_a_query_finds_its_events(face: Face, query: object, expected: list[str]) -> None:
    assert face.ids(query) == sorted(expected)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ({"no_such_query": {}}, "parsing_exception"),
        ({"term": {"a": 1, "b": 2}}, "parsing_exception"),
        (
            {"term": {"event": {"value": "a", "case_insensitive": True}}},
            "illegal_argument_exception",
        ),
        ({"term": {"event": None}}, "illegal_argument_exception"),
        ({"match": {"event": {"query": "a", "no_such_option": 1}}}, "parsing_exception"),
        ({"terms": {"event": {"index": "x"}}}, "parsing_exception"),
        ({"range": {"timestamp": {"gte": "yesterday"}}}, "parse_exception"),
        ({"range": {"timestamp": {"gte": 1, "time_zone": "Mars"}}}, "illegal_argument_exception"),
        ({"regexp": {"event": {"value": "(("}}}, "query_shard_exception"),
        ({"bool": {"minimum_should_match": "x", "should": []}}, "illegal_argument_exception"),
        ({"query_string": {"query": "a:b:c"}}, "query_shard_exception"),
        ({"query_string": {"query": "is_bot:perhaps"}}, "query_shard_exception"),
        ({"script": {"script": "1"}}, "parsing_exception"),
        ([], "parsing_exception"),
        ({"bool": {"must": "x"}}, "parsing_exception"),
    ],
)
def test_a_query_that_is_not_right_is_refused(face: Face, query: object, kind: str) -> None:
    error(face.client.post("/events/_search", json={"query": query}), 400, kind)


def test_queries_are_nested_so_deep_at_most(face: Face) -> None:
    query: object = {"match_all": {}}
    for _ in range(40):
        query = {"bool": {"must": query}}

    error(
        face.client.post("/events/_search", json={"query": query}),
        400,
        "illegal_argument_exception",
    )


def test_a_query_has_so_many_conditions_at_most(face: Face) -> None:
    terms = {"terms": {"event": [str(number) for number in range(501)]}}

    response = face.client.post("/events/_search", json={"query": terms})

    assert response.status_code == 400


# Searches ---------------------------------------------------------------------------------------


def ids(answer: dict[str, Any]) -> list[str]:
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def test_a_search_by_its_address_alone(face: Face) -> None:
    found = face.get(
        "/events/_search", q="plan:pro AND paid:true", sort="timestamp:asc", size=1, **{"from": 1}
    )

    assert ids(found) == [ORDERS[6]]
    assert found["hits"]["total"]["value"] == 2


def test_hits_come_newest_first_unless_sorted(face: Face) -> None:
    found = face.post("/events/_search", {"size": 3})

    assert ids(found) == [ORDERS[11], ORDERS[10], ORDERS[9]]
    assert found["hits"]["max_score"] == 1.0
    assert "sort" not in found["hits"]["hits"][0]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("timestamp", [ORDERS[0], PAGES[0]]),
        (["timestamp"], [ORDERS[0], PAGES[0]]),
        ({"timestamp": "desc"}, [ORDERS[11], ORDERS[10]]),
        ([{"_doc": "desc"}, {"timestamp": {"order": "desc"}}], [ORDERS[11], ORDERS[10]]),
        ([{"properties.total": {"order": "desc"}}], [ORDERS[11], ORDERS[10]]),
        ([{"properties.total": "asc"}], [ORDERS[0], ORDERS[1]]),
        (["event", {"timestamp": "desc"}], [ORDERS[11], ORDERS[10]]),
        ([{"event": "desc"}, {"timestamp": "asc"}], ["odd-1", PAGES[0]]),
        ([{"user_id": "desc"}, "timestamp"], [ORDERS[3], ORDERS[7]]),
        (["_score", {"timestamp": "asc"}], [ORDERS[0], PAGES[0]]),
    ],
)
def test_hits_are_sorted_by_any_fields(face: Face, sort: object, first: list[str]) -> None:
    found = face.post("/events/_search", {"size": 2, "sort": sort})

    assert ids(found) == first
    assert found["hits"]["max_score"] is None


@pytest.mark.parametrize(
    "sort",
    [
        [{"timestamp": "asc"}, "_doc"],
        [{"timestamp": "desc"}],
        [{"event": "desc"}, {"timestamp": "asc"}],
        [{"properties.total": "desc"}, {"timestamp": "desc"}],
        [{"properties.plan": "asc"}, {"timestamp": "asc"}],
        [{"sent_at": "asc"}, {"timestamp": "asc"}],
        ["is_bot", "timestamp"],
    ],
)
def test_pages_after_each_other_have_every_event_once(face: Face, sort: list[Any]) -> None:
    whole = ids(face.post("/events/_search", {"size": 100, "sort": sort}))
    found: list[str] = []
    after: dict[str, Any] = {}

    while page := face.post("/events/_search", {"size": 6, "sort": sort, **after})["hits"]["hits"]:
        found += [hit["_id"] for hit in page]
        after = {"search_after": page[-1]["sort"]}

    assert found == whole
    assert len(set(found)) == 16


@pytest.mark.parametrize(
    ("sort", "after"),
    [
        (["_doc"], ["99999999999999:0:0:0"]),
        (["_doc"], ["-99999999999999:1:1:1"]),
        (["timestamp"], [10**30]),
        ([{"timestamp": "desc"}], [10**30]),
        (["timestamp"], [-(10**30)]),
        (["timestamp", "_doc"], [5.5, "1:4294967295:9999999999999999999:0"]),
        (["event"], [5]),
        (["properties.total"], [True]),
        (["properties.total"], ["x" * 1000]),
        (["sent_at"], ["x"]),
    ],
)
def test_a_page_may_begin_after_any_value(face: Face, sort: object, after: object) -> None:
    found = face.post("/events/_search", {"size": 3, "sort": sort, "search_after": after})

    assert found["hits"]["total"]["value"] >= 16


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (False, None),
        ("event", {"event": "Signup"}),
        (["event", "properties.pl*"], {"event": "Signup", "properties": {"plan": "pro"}}),
        ({"includes": ["properties"], "excludes": "*.total"}, {"properties": {"plan": "pro"}}),
        ({"include": "nothing"}, {}),
    ],
)
def test_a_hit_shows_the_source_that_is_asked_for(
    face: Face, source: object, expected: object
) -> None:
    found = face.post(
        "/events/_search", {"query": {"ids": {"values": ["odd-1"]}}, "_source": source}
    )

    assert found["hits"]["hits"][0].get("_source") == expected


def test_a_hit_s_source_is_the_event_as_the_api_shows_it(face: Face) -> None:
    [event] = face.server.post(
        "/api/v1/search", {"query": "event:Signup", "since": "10y", "limit": 1}
    )["events"]

    [hit] = face.post("/events/_search", {"query": {"term": {"event": "Signup"}}})["hits"]["hits"]

    assert hit["_source"] == {"@timestamp": hit["_source"]["timestamp"], **hit["_source"]}
    del hit["_source"]["@timestamp"]
    times = {"timestamp", "original_timestamp", "received_at", "sent_at"}
    assert {name: value for name, value in hit["_source"].items() if name not in times} == {
        name: value for name, value in event.items() if name not in times
    }


def test_one_event_is_found_by_its_id(face: Face) -> None:
    found = face.get("/events/_doc/order-03")

    assert (found["found"], found["_source"]["properties"]["total"]) == (True, 40.0)
    assert face.get("/events/_source/order-03")["event"] == "Order Completed"
    assert face.client.get("/events/_doc/none").json() == {
        "_index": "events",
        "_id": "none",
        "found": False,
    }
    assert face.client.head("/events/_doc/none").status_code == 404


def test_typed_keys_tell_the_kinds_of_aggregations(face: Face) -> None:
    aggs = {
        "a": {"terms": {"field": "event"}, "aggs": {"b": {"avg": {"field": "total"}}}},
        "c": {"percentiles": {"field": "total"}},
        "d": {"terms": {"field": "total", "size": 1}},
        "e": {
            "filters": {"filters": {"x": {"match_all": {}}}},
            "aggs": {"f": {"max": {"field": "total"}}},
        },
    }

    found = face.post("/events/_search", {"size": 0, "aggs": aggs}, typed_keys="true")

    answers = found["aggregations"]
    assert set(answers) >= {"sterms#a", "tdigest_percentiles#c", "filters#e"}
    assert "avg#b" in answers["sterms#a"]["buckets"][0]
    assert "max#f" in answers["filters#e"]["buckets"]["x"]


def test_totals_are_told_as_the_client_wants_them(face: Face) -> None:
    without = face.post("/events/_search", {"size": 1, "track_total_hits": False})
    plain_number = face.post("/events/_search", {"size": 0}, rest_total_hits_as_int="true")
    bounded = face.post("/events/_search", {"size": 0, "track_total_hits": 5})

    assert "total" not in without["hits"]
    assert plain_number["hits"]["total"] == 16
    assert bounded["hits"]["total"] == {"value": 16, "relation": "eq"}


def test_an_asynchronous_search_is_answered_at_once(face: Face) -> None:
    found = face.post("/events/_async_search", {"size": 0})

    assert (found["is_running"], found["is_partial"]) == (False, False)
    assert found["response"]["hits"]["total"]["value"] == 16


@pytest.mark.parametrize(
    "body",
    [
        {"size": 10_001},
        {"size": 5_000, "from": 5_001},
        {"size": -1},
        {"size": "many"},
        {"search_after": [1]},
        {"search_after": [1, 2], "sort": ["timestamp"]},
        {"search_after": [1], "sort": ["timestamp"], "from": 1},
        {"search_after": [1, "x"], "sort": ["timestamp", "_doc"]},
        {"search_after": [{}], "sort": ["timestamp"]},
        {"search_after": ["x"], "sort": ["is_bot"]},
        {"sort": [{"timestamp": "sideways"}]},
        {"sort": [{"properties": "asc"}]},
        {"sort": 5},
        {"script_fields": {"a": {"script": "1"}}},
        {"collapse": {"field": "event"}},
        {"suggest": {}},
        {"aggs": {"a": {"no_such": {}}}},
        {"aggs": {"a": {"derivative": {"buckets_path": "b"}}}},
        {"aggs": []},
        {"_source": 5},
        {"fields": [5]},
        {"highlight": 5},
        {"pit": "x"},
        {"track_total_hits": "some"},
    ],
)
def test_a_search_that_is_not_right_is_refused(face: Face, body: dict[str, Any]) -> None:
    response = face.client.post("/events/_search", json=body)

    assert response.status_code == 400, response.text
    assert response.json()["error"]["reason"]


def test_msearch_takes_pairs_of_lines(face: Face) -> None:
    empty_header = face.client.post("/events/_msearch", content=b'\n{"size":0}\n')
    odd = face.client.post("/_msearch", content=b"{}\n")
    nothing = face.client.post("/_msearch", content=b"")

    assert empty_header.json()["responses"][0]["hits"]["total"]["value"] == 16
    assert (odd.status_code, nothing.status_code) == (400, 400)


# Page by page -----------------------------------------------------------------------------------


def test_a_scroll_ends_with_an_empty_page(face: Face) -> None:
    page = face.post("/events/_search", {"size": 7, "query": {"match_all": {}}}, scroll="1m")
    sizes = []

    while page["hits"]["hits"]:
        sizes.append(len(page["hits"]["hits"]))
        body = {"scroll": "1m", "scroll_id": page["_scroll_id"]}
        page = face.post("/_search/scroll", body)

    assert sizes == [7, 7, 2]
    assert page["hits"]["total"]["value"] == 16


def test_a_scroll_that_was_closed_is_gone(face: Face) -> None:
    scroll_id = face.post("/events/_search", {"size": 1}, scroll="1m")["_scroll_id"]

    closed = face.client.request("DELETE", "/_search/scroll", json={"scroll_id": [scroll_id]})
    again = face.client.post("/_search/scroll", json={"scroll_id": scroll_id})

    assert closed.json() == {"succeeded": True, "num_freed": 1}
    error(again, 404, "search_context_missing_exception")


def test_a_scroll_is_for_whoever_opened_it(face: Face) -> None:
    scroll_id = face.post("/events/_search", {"size": 1}, scroll="1m")["_scroll_id"]
    headers = {"authorization": f"Bearer {token_with(face, 'events:read')}"}

    response = plain(
        face, "POST", "/_search/scroll", json={"scroll_id": scroll_id}, headers=headers
    )

    error(response, 404, "search_context_missing_exception")


def test_what_arrives_after_a_point_in_time_does_not_show_in_it(face: Face) -> None:
    pit = face.post("/events/_pit", keep_alive="1m")["id"]
    face.server.send(
        {
            "type": "track",
            "event": "Late",
            "userId": "u-1",
            "messageId": "late-1",
            "timestamp": "2026-03-01T00:00:00Z",
        }
    )
    query = {"query": {"term": {"event": "Late"}}}

    within = face.post("/_search", {**query, "pit": {"id": pit}})
    outside = face.post("/events/_search", query)

    assert within["hits"]["total"]["value"] == 0
    assert within["pit_id"] == pit
    assert outside["hits"]["total"]["value"] == 1


@pytest.mark.parametrize("keep_alive", ["2h", "0s", "soon", "-1m", "1"])
def test_contexts_are_kept_for_an_hour_at_most(face: Face, keep_alive: str) -> None:
    response = face.client.post("/events/_pit", params={"keep_alive": keep_alive})

    error(response, 400, "illegal_argument_exception")


# Writing ----------------------------------------------------------------------------------------


def test_documents_that_the_collection_port_did_not_take_may_be_sent_again(face: Face) -> None:
    lines = b'{"index":{"_index":"logs"}}\n{"a":1}\n{"delete":{"_index":"logs","_id":"1"}}\n'

    response = plain(face, "POST", "/_bulk", content=lines, auth=("any", WRITE_KEY))

    first, second = response.json()["items"]
    assert response.json()["errors"] is True
    assert first["index"]["status"] == 503
    assert first["index"]["error"]["type"] == "es_rejected_execution_exception"
    assert second["delete"]["status"] == 400


@pytest.mark.parametrize(
    "lines",
    [b"", b"{}\n", b'{"index":{}}\n', b'{"index":1}\n{}\n', b'{"explode":{}}\n{}\n', b"x\n"],
)
def test_a_bulk_body_that_cannot_be_read_is_refused(face: Face, lines: bytes) -> None:
    response = plain(face, "POST", "/_bulk", content=lines, auth=("any", WRITE_KEY))

    assert response.status_code == 400, response.text


@pytest.mark.parametrize(
    "lines",
    [
        b'{"index":{}}\n{"a":1}\n',
        b'{"index":{"_index":"Logs"}}\n{"a":1}\n',
        b'{"index":{"_index":"logs"}}\n[1]\n',
        b'{"index":{"_index":"logs","_id":"' + b"x" * 300 + b'"}}\n{"a":1}\n',
        b'{"index":{"_index":"logs"}}\n{"a":"' + b"x" * 70_000 + b'"}\n',
    ],
)
def test_a_document_that_cannot_be_kept_says_why(face: Face, lines: bytes) -> None:
    response = plain(face, "POST", "/_bulk", content=lines, auth=("any", WRITE_KEY))

    [item] = response.json()["items"]
    assert item["index"]["status"] in (400, 413)
    assert item["index"]["error"]["reason"]


@pytest.mark.parametrize(
    ("path", "auth", "status"),
    [
        ("/events/_search", ("any", TOKEN), 413),
        ("/events/_search", None, 401),
        ("/events/_delete_by_query", ("any", TOKEN), 405),
        ("/_bulk", None, 401),
    ],
)
def test_who_is_refused_while_sending_sees_why(
    face: Face, path: str, auth: tuple[str, str] | None, status: int
) -> None:
    body = b" " * 10_000_000

    with httpx.Client(base_url=f"{face.server.url}/es", auth=auth, timeout=30.0) as client:
        statuses = [client.post(path, content=body).status_code for _ in range(3)]

    assert statuses == [status] * 3
