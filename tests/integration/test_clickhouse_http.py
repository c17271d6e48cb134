"""ClickHouse's HTTP interface as plain requests see it: addresses, headers, codes, sessions."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest
import zstandard
from app_server import TOKEN, AppServer, app_server, track, until

KEY = {"X-ClickHouse-User": "analyst", "X-ClickHouse-Key": TOKEN}

GRAFANA = (
    "SELECT 1",
    "SELECT timeZone()",
    "SELECT displayName(), version(), revision(), timezone()",
    "SELECT version()",
    "SHOW DATABASES",
    "SHOW TABLES FROM tailrace",
    "DESC TABLE tailrace.events",
    "SELECT name, type FROM system.columns WHERE database = 'tailrace' AND table = 'events'",
    "SELECT DISTINCT name FROM system.functions LIMIT 5000",
    "SELECT name FROM system.databases ORDER BY name",
    (
        "SELECT toStartOfInterval(timestamp, INTERVAL 60 second) AS time, count() FROM "
        "`tailrace`.`events` WHERE timestamp >= toDateTime64(1, 3) GROUP BY time ORDER BY time"
    ),
)
METABASE = (
    "SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1",
    "select timezone() AS tz",
    (
        "SELECT 'Table' AS TABLE_TYPE, t.name AS TABLE_NAME, t.database AS TABLE_SCHEM, t.comment "
        "AS REMARKS FROM system.tables t WHERE t.database LIKE 'tailrace' AND t.name LIKE '%' "
        "AND t.is_temporary = 0"
    ),
    (
        "SELECT name, type, position, default_kind, numeric_precision, is_in_primary_key "
        "FROM `system`.`columns` WHERE `database` = 'tailrace' AND table LIKE 'events'"
    ),
    "DESCRIBE (SELECT event, count() AS n FROM events GROUP BY event)",
)


PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    limits = (
        "[query]\ndownload_rows_max = 10_000\ntime_s_max = 120\nrows_read_max = 9_000_000_000_000\n"
    )
    with app_server(tmp_path_factory.mktemp("clickhouse"), options=limits) as started:
        started.send(track("m-1"), track("m-2", event="B"))
        yield started


@pytest.fixture(scope="module")
def http(server: AppServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server.url}/ch", timeout=30) as client:
        yield client


def told(response: httpx.Response) -> tuple[int, str | None]:
    return response.status_code, response.headers.get("x-clickhouse-exception-code")


def test_it_says_that_it_is_there_without_a_password(http: httpx.Client) -> None:
    for path in ("/ping", "/replicas_status", "/", ""):
        answer = http.get(path)

        assert (answer.status_code, answer.text) == (200, "Ok.\n")


def test_address_and_body_are_one_statement(http: httpx.Client) -> None:
    in_body = http.post("/", content="SELECT count() FROM events", headers=KEY)
    in_both = http.post("/", params={"query": "SELECT count()"}, content="FROM events", headers=KEY)
    in_address = http.get("", params={"query": "SELECT event FROM events ORDER BY 1"}, headers=KEY)
    in_form = http.post(
        "/", files={"query": (None, "SELECT {n:Int8}"), "param_n": (None, "5")}, headers=KEY
    )

    assert (in_body.text, in_both.text, in_form.text) == ("2\n", "2\n", "5\n")
    assert in_address.text == "B\nOrder Completed\n"


def test_the_format_is_the_statements_or_the_default_that_was_asked_for(http: httpx.Client) -> None:
    named = http.post("/?default_format=CSV", content="SELECT 1 AS a FORMAT JSON", headers=KEY)
    default = http.post("/?default_format=CSVWithNames", content="SELECT 'x' AS a", headers=KEY)
    header = {**KEY, "X-ClickHouse-Format": "JSONEachRow"}
    by_header = http.post("/", content="SELECT 1 AS a", headers=header)
    binary = http.post("/?default_format=Parquet", content="SELECT 1 AS a", headers=KEY)
    unknown = http.post("/", content="SELECT 1 FORMAT Nonsense", headers=KEY)

    assert named.json()["data"] == [{"a": 1}]
    assert named.headers["x-clickhouse-format"] == "JSON"
    assert named.headers["content-type"] == "application/json; charset=UTF-8"
    assert default.text == '"a"\n"x"\n'
    assert by_header.text == '{"a":1}\n'
    assert (binary.content[:4], binary.headers["content-type"]) == (
        b"PAR1",
        "application/octet-stream",
    )
    assert told(unknown) == (404, "73")


def test_answers_carry_clickhouses_headers(http: httpx.Client) -> None:
    answer = http.post("/?query_id=my-own-id", content="SELECT 1", headers=KEY)

    assert answer.headers["x-clickhouse-query-id"] == "my-own-id"
    assert answer.headers["x-clickhouse-timezone"] == "UTC"
    assert answer.headers["cache-control"] == "no-store"
    summary = json.loads(answer.headers["x-clickhouse-summary"])
    assert summary["result_bytes"] == "2"
    assert int(summary["elapsed_ns"]) > 0


@pytest.mark.parametrize(
    "given",
    [
        {"headers": KEY},
        {"headers": {"Authorization": f"Bearer {TOKEN}"}},
        {"auth": ("whoever", TOKEN)},
        {"params": {"user": "whoever", "password": TOKEN}},
    ],
    ids=["headers", "bearer", "basic", "address"],
)
def test_the_token_is_the_password_however_it_comes(
    http: httpx.Client, given: Mapping[str, Mapping[str, str]]
) -> None:
    answer = http.request("POST", "/", content="SELECT 1", **given)  # type: ignore[arg-type]

    assert answer.text == "1\n"


def test_nobody_reads_without_a_token_or_with_a_wrong_one(http: httpx.Client) -> None:
    without = http.post("/", content="SELECT 1")
    wrong = http.post("/", content="SELECT 1", headers={**KEY, "X-ClickHouse-Key": "trt_wrong"})

    assert told(without) == (401, "194")
    assert without.headers["www-authenticate"].startswith("Basic")
    assert told(wrong) == (403, "516")
    assert "trt_wrong" not in wrong.text


def test_a_token_without_the_permission_reads_nothing(
    http: httpx.Client, server: AppServer
) -> None:
    made = server.client.post("/api/v1/tokens", json={"name": "x", "permissions": ["account"]})

    answer = http.post(
        "/", content="SELECT 1", headers={**KEY, "X-ClickHouse-Key": made.json()["token"]}
    )

    assert told(answer) == (403, "497")
    assert "events:read" in answer.text


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [
        ("SELEC 1", 400, "62"),
        ("SELECT nothing FROM events", 404, "47"),
        ("SELECT * FROM events_data", 404, "60"),
        ("SELECT nonsense(1)", 403, "497"),
        ("SELECT toInt8('x')", 400, "6"),
        ("SELECT 1 FROM numbers(20000)", 500, "396"),
        ("SELECT {n:Int8}", 400, "456"),
        ("INSERT INTO events VALUES (1)", 403, "164"),
        ("DROP TABLE events", 403, "164"),
        ("SET max_threads = 1", 403, "164"),
        ("SELECT file('/etc/passwd')", 403, "497"),
        ("", 400, "62"),
    ],
)
def test_what_is_wrong_is_told_as_clickhouse_tells_it(
    http: httpx.Client, statement: str, status: int, code: str
) -> None:
    answer = http.post("/", content=statement, headers=KEY)

    assert told(answer) == (status, code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "parseQueryToJSON" not in answer.text


def test_parameters_that_are_not_offered_say_so(http: httpx.Client) -> None:
    other_database = http.post("/?database=system", content="SELECT 1", headers=KEY)
    unknown = http.post("/?no_such_setting=1", content="SELECT 1", headers=KEY)
    own_blocks = http.post("/?compress=1", content="SELECT 1", headers=KEY)
    external = http.post("/", files={"t": ("t.tsv", b"1")}, headers=KEY)

    assert told(other_database) == (404, "81")
    assert told(unknown) == (404, "115")
    assert told(own_blocks) == (501, "48")
    assert told(external) == (501, "48")


def test_settings_of_clients_hold_where_they_form_the_output(http: httpx.Client) -> None:
    quoted = http.post(
        "/?output_format_json_quote_64bit_integers=1&max_threads=4&wait_end_of_query=1",
        content="SELECT toUInt64(7) AS n FORMAT JSONEachRow",
        headers=KEY,
    )
    berlin = http.post(
        "/?session_timezone=Europe/Berlin",
        content="SELECT toDateTime(1782907200)",
        headers=KEY,
    )

    assert quoted.text == '{"n":"7"}\n'
    assert berlin.text == "2026-07-01 14:00:00\n"
    assert berlin.headers["x-clickhouse-timezone"] == "Europe/Berlin"


@pytest.mark.parametrize("encoding", sorted(PACKERS))
def test_bodies_are_compressed_both_ways_as_asked(http: httpx.Client, encoding: str) -> None:
    statement = b"SELECT number FROM numbers(2000)"
    packed = PACKERS[encoding](statement)
    headers = {**KEY, "Content-Encoding": encoding, "Accept-Encoding": encoding}

    plain = http.post("/", content=packed, headers=headers)
    answer = http.post("/?enable_http_compression=1", content=packed, headers=headers)

    assert "content-encoding" not in plain.headers
    assert answer.headers["content-encoding"] == encoding
    assert answer.text == plain.text
    assert int(answer.headers["content-length"]) < len(plain.content)


def test_what_unpacks_to_too_much_is_refused(http: httpx.Client) -> None:
    bomb = gzip.compress(b"SELECT '" + b"x" * 2_000_000 + b"'")

    packed = http.post("/", content=bomb, headers={**KEY, "Content-Encoding": "gzip"})
    plain = http.post("/", content=b"x" * 20_000_000, headers=KEY)
    broken = http.post("/", content=b"no gzip", headers={**KEY, "Content-Encoding": "gzip"})

    assert told(packed) == (413, "223")
    assert told(plain) == (413, "223")
    assert told(broken) == (400, "354")


def test_a_session_is_there_once_it_was_used(http: httpx.Client) -> None:
    missing = http.post("/?session_id=s-1&session_check=1", content="SELECT 1", headers=KEY)
    http.post("/?session_id=s-1", content="SELECT 1", headers=KEY)
    found = http.post("/?session_id=s-1&session_check=1", content="SELECT 1", headers=KEY)
    too_long = http.post("/?session_id=s-1&session_timeout=9999", content="SELECT 1", headers=KEY)

    assert told(missing) == (404, "372")
    assert found.text == "1\n"
    assert too_long.headers["x-clickhouse-exception-code"] == "677"


@pytest.mark.parametrize("statement", [*GRAFANA, *METABASE])
def test_what_dashboards_ask_first_is_answered(http: httpx.Client, statement: str) -> None:
    params = {"database": "default", "default_format": "RowBinaryWithNamesAndTypes"}

    answer = http.post("/", params=params, content=statement, headers=KEY)

    assert answer.status_code == 200, answer.text
    assert answer.content


def test_a_statement_ends_when_its_client_hangs_up(http: httpx.Client, server: AppServer) -> None:
    endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
    params = {"query_id": "endless-question"}

    def running() -> list[str]:
        return [each["id"] for each in server.get("/api/v1/questions")["questions"]]

    with pytest.raises(httpx.ReadTimeout):
        http.post("/", params=params, content=endless, headers=KEY, timeout=1.0)

    until(lambda: "endless-question" not in running(), what="end of the question", deadline_s=30)


def test_a_statement_that_somebody_stops_says_so(http: httpx.Client, server: AppServer) -> None:
    endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
    found = []
    asking = threading.Thread(
        target=lambda: found.append(
            http.post("/", params={"query_id": "to-be-stopped"}, content=endless, headers=KEY)
        )
    )
    asking.start()

    until(
        lambda: server.client.delete("/api/v1/questions/to-be-stopped").status_code == 204,
        what="the question",
    )
    asking.join()

    assert told(found[0]) == (500, "394")


def test_other_paths_and_methods_lead_nowhere(http: httpx.Client) -> None:
    assert http.get("/play").status_code == 404
    assert http.put("/", content="SELECT 1", headers=KEY).status_code == 501
