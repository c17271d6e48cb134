"""Searches, counts and SQL on the real engine."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tailrace.config import Config, QueryConfig
from tailrace.errors import LimitError, QueryError, TransientError
from tailrace.event import Block
from tailrace.query import Histogram, Questions, Search, Sql, Values
from tailrace.query.running import Turns
from tailrace.query.tree import escape
from tailrace.refine.original import REWRITTEN
from tailrace.store import Store, open_store

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
SENT = (
    '{"messageId":"m-%d","type":"track","event":"%s","properties":{"revenue": %d.50,"none":null,'
    '"empty":{},"tags":["a","b"],"at":"2026-03-10T12:00:00.120Z"},"traits":{ "plan":"pro" }}'
)


class Shop:
    """A store, and questions to it at a fixed time."""

    def __init__(self, store: Store, limits: QueryConfig) -> None:
        self.store = store
        self.questions = Questions(store, limits=limits, clock=NOW.timestamp)
        self.blocks = 0

    def add(self, lines: Sequence[dict[str, object]]) -> None:
        body = "\n".join(map(json.dumps, lines)).encode()
        self.store.insert_block(
            Block(1, [], b"", (0, 0), len(lines), body, 0, b""), partition=0, offset=self.blocks
        )
        self.blocks += 1


def make_line(number: int, **columns: object) -> dict[str, object]:
    event = ["Order Completed", "Page Viewed", "Signup"][number % 3]
    sent = SENT % (number, event, number)
    document = json.loads(sent)
    at = datetime(2026, 3, 10, 12, tzinfo=UTC) + timedelta(minutes=number // 2)
    return {
        "message_id": f"m-{number}",
        "type": "track",
        "event": event,
        "user_id": f"u-{number % 4}" if number % 4 else "",
        "source": "default",
        "timestamp": at.isoformat(),
        "received_at": at.isoformat(),
        "properties": document["properties"],
        "traits": document["traits"],
        "context": {"page": {"url": f"https://shop.example/p/{number % 5}"}},
        "integrations": {"All": True},
        "raw_partition": 0,
        "raw_offset": number // 10,
        "raw_index": number % 10,
        "original": sent.replace(f'"m-{number}"', "\x01", 1),
        **columns,
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(Config(data_dir=tmp_path_factory.mktemp("query")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shop(store: Store) -> Shop:
    made = Shop(store, QueryConfig(result_rows_max=1_000))
    made.add([make_line(number) for number in range(60)])
    return made


def ids(shop: Shop, search: Search) -> list[str]:
    return [event.message_id for event in shop.questions.search(search).events]


# Searching ---------------------------------------------------------------------------------------


def test_the_newest_events_come_first(shop: Shop) -> None:
    answer = shop.questions.search(Search(since="2d", limit=3))

    assert [event.message_id for event in answer.events] == ["m-59", "m-58", "m-57"]
    assert answer.total == 60
    assert answer.cursor


def test_pages_repeat_and_leave_out_nothing_while_events_arrive(shop: Shop) -> None:
    for sort in ("newest", "oldest"):
        search = Search(since="2d", limit=7, sort=sort, query="NOT event:Late")
        seen = []
        cursor: str | None = None
        while True:
            answer = shop.questions.search(msgspec.structs.replace(search, cursor=cursor))
            seen += [event.message_id for event in answer.events]
            assert answer.total == 60
            cursor = answer.cursor
            if cursor is None:
                break
            late = NOW.isoformat()
            shop.add([make_line(1_000 + len(seen), event="Late", timestamp=late)])

        wanted = [f"m-{number}" for number in range(60)]
        assert seen == (wanted if sort == "oldest" else wanted[::-1])


def test_the_last_page_has_no_cursor(shop: Shop) -> None:
    answer = shop.questions.search(Search(query='event:"Order Completed"', since="2d", limit=20))

    assert answer.total == 20
    assert len(answer.events) == 20
    assert answer.cursor is None


@pytest.mark.parametrize("cursor", ["x", "????", "AAAA", "é", "A" * 1_000, "gA"])
def test_a_cursor_that_no_search_gave_is_refused(shop: Shop, cursor: str) -> None:
    with pytest.raises(QueryError, match="cursor is not one"):
        shop.questions.search(Search(cursor=cursor))


def test_a_cursor_of_another_question_is_refused(shop: Shop) -> None:
    cursor = shop.questions.search(Search(since="2d", limit=1)).cursor

    with pytest.raises(QueryError, match="another question"):
        shop.questions.search(Search(since="2d", limit=1, query="x", cursor=cursor))


def test_objects_come_as_they_were_sent(shop: Shop) -> None:
    (event,) = shop.questions.search(Search(query="message_id:m-4", since="2d")).events

    assert bytes(event.properties) == (
        b'{"revenue": 4.50,"none":null,"empty":{},"tags":["a","b"],"at":"2026-03-10T12:00:00.120Z"}'
    )
    assert bytes(event.traits) == b'{ "plan":"pro" }'
    assert json.loads(bytes(event.context)) == {"page": {"url": "https://shop.example/p/4"}}
    assert json.loads(bytes(event.integrations)) == {"All": True}
    assert event.timestamp == datetime(2026, 3, 10, 12, 2, tzinfo=UTC)


def test_objects_that_were_changed_come_as_stored(shop: Shop) -> None:
    masked = make_line(2_000, event="Masked", properties={"revenue": "***"})
    masked["original"] = f"{masked['original']}{REWRITTEN}"
    shop.add([masked])

    (event,) = shop.questions.search(Search(query="event:Masked", since="2d")).events

    assert json.loads(bytes(event.properties)) == {"revenue": "***"}


def test_an_event_has_its_original(shop: Shop) -> None:
    event = shop.questions.event("m-4")

    assert event is not None
    assert event.original == SENT % (4, "Page Viewed", 4)
    assert shop.questions.event("m-4", "other") is None
    assert shop.questions.event("m-nosuch") is None


def test_the_answer_is_json_of_the_documented_shape(shop: Shop) -> None:
    answer = shop.questions.search(Search(query="message_id:m-4", since="2d"))

    document = json.loads(msgspec.json.encode(answer))

    assert set(document) == {"total", "events", "cursor", "took_ms", "notes"}
    event = document["events"][0]
    assert event["timestamp"] == "2026-03-10T12:02:00Z"
    assert event["properties"]["revenue"] == 4.5
    assert "original" not in event


@pytest.mark.parametrize(
    ("since", "until", "message"),
    [
        ("soon", "now", "since is 'soon'"),
        ("24h", "x", "until is 'x'"),
        ("now", "24h", "since must be earlier"),
        ("2026-03-10", "2026-03-10", "since must be earlier"),
    ],
)
def test_a_bad_time_is_refused(shop: Shop, since: str, until: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        shop.questions.search(Search(since=since, until=until))


def test_since_is_included_and_until_is_not(shop: Shop) -> None:
    search = Search(since="2026-03-10T12:01:00Z", until="2026-03-10T12:02:00Z", sort="oldest")

    assert ids(shop, search) == ["m-2", "m-3"]


def test_a_field_that_does_not_exist_is_told(shop: Shop) -> None:
    answer = shop.questions.search(Search(query="revenue:>1", since="2d"))

    assert answer.total == 0
    assert "properties.revenue" in answer.notes[0]


@pytest.mark.parametrize(
    "name", ["a`b", "a') OR 1=1 --", 'a"b\\', "a\\'b", "{p0:String}", "ключ", "%s", "a b[]", "1"]
)
def test_a_hostile_name_stays_a_name(shop: Shop, name: str) -> None:
    at = f"2026-03-10T20:00:00.{len(name):03}Z"
    document = {name: "found"}
    sent = json.dumps({"properties": document})
    line = make_line(3_000, event="Odd", timestamp=at, properties=document, original=sent)
    shop.add([line])

    for query in ("properties.{}:found", "_exists_:properties.{}", "properties.{}:f* AND found"):
        asked = Search(query=f"{query.format(escape(name))} AND event:Odd", since="2d")
        assert len(shop.questions.search(asked).events) == 1
    counted = shop.questions.values(Values(field=f"properties.{name}", since="2d"))
    assert [value.value for value in counted.values] == ["found"]


# Counting ----------------------------------------------------------------------------------------


def test_a_histogram_has_every_bucket(shop: Shop) -> None:
    answer = shop.questions.histogram(
        Histogram(
            query="message_id:m-?", since="2026-03-10T11:30:00Z", until="2026-03-10T12:10:00Z"
        )
    )

    assert answer.interval_s == 30
    assert len(answer.buckets) == 80
    assert answer.buckets[0].at == datetime(2026, 3, 10, 11, 30, tzinfo=UTC)
    assert answer.total == sum(bucket.events for bucket in answer.buckets) == 10
    assert [bucket.events for bucket in answer.buckets[60:64]] == [2, 0, 2, 0]


def test_a_histogram_is_aligned_and_within_its_bounds(shop: Shop) -> None:
    for buckets_max in (1, 2, 7, 60, 120, 500):
        for since in ("90s", "1h", "25h", "8d", "40d", "3y", "100y"):
            answer = shop.questions.histogram(Histogram(since=since, buckets_max=buckets_max))

            assert 1 <= len(answer.buckets) <= max(2, buckets_max), (since, buckets_max)
            weeks = answer.interval_s % (7 * 86_400) == 0
            first = answer.buckets[0].at
            monday = datetime(1970, 1, 5, tzinfo=UTC) if weeks else datetime(1970, 1, 1, tzinfo=UTC)
            assert (first - monday) % timedelta(seconds=answer.interval_s) == timedelta()


def test_a_histogram_by_a_field_counts_each_value(shop: Shop) -> None:
    question = Histogram(
        query="message_id:m-? OR message_id:m-??", since="2d", buckets_max=3, by="event"
    )

    answer = shop.questions.histogram(question)

    assert isinstance(answer.values, list)
    assert sorted(answer.values) == ["Order Completed", "Page Viewed", "Signup"]
    counts: Counter[str] = Counter()
    for bucket in answer.buckets:
        assert isinstance(bucket.by, list)
        assert sum(bucket.by) == bucket.events
        counts.update(dict(zip(answer.values, bucket.by, strict=True)))
    assert set(counts.values()) == {20}


def test_an_interval_may_be_given(shop: Shop) -> None:
    answer = shop.questions.histogram(Histogram(since="2h", interval_s=600))

    assert answer.interval_s == 600
    assert len(answer.buckets) == 12
    with pytest.raises(QueryError, match="more than 2000 buckets"):
        shop.questions.histogram(Histogram(since="2h", interval_s=1))


@pytest.mark.parametrize(
    ("field", "values", "other", "missing"),
    [
        ("event", [("Order Completed", 4), ("Page Viewed", 3)], 3, 0),
        ("event.keyword", [("Order Completed", 4), ("Page Viewed", 3)], 3, 0),
        ("user_id", [("u-1", 3), ("u-2", 2)], 2, 3),
        ("properties.tags", [("a", 10), ("b", 10)], 0, 0),
        ("properties.revenue", [("0.5", 1), ("1.5", 1)], 8, 0),
        ("properties.none", [], 0, 10),
        ("context.page.url", [(f"https://shop.example/p/{n}", 2) for n in (0, 1)], 6, 0),
        ("integrations.All", [("true", 10)], 0, 0),
        ("is_bot", [("false", 10)], 0, 0),
        ("sent_at", [], 0, 10),
        ("timestamp", [(f"2026-03-10T12:0{n}:00.000Z", 2) for n in (0, 1)], 6, 0),
        ("nosuch", [], 0, 10),
        ("properties", [], 0, 10),
    ],
)
def test_the_commonest_values(
    shop: Shop, field: str, values: list[tuple[str, int]], other: int, missing: int
) -> None:
    answer = shop.questions.values(Values(field=field, query="message_id:m-?", since="2d", limit=2))

    assert [(value.value, value.events) for value in answer.values] == values
    assert (answer.other, answer.missing) == (other, missing)
    assert answer.distinct >= len(values)


def test_fields_have_a_type_and_a_share(shop: Shop) -> None:
    found = {field.name: field for field in shop.questions.fields("2d").fields}

    assert found["event"].type == "text"
    assert found["event"].share == 1
    assert found["timestamp"].type == "time"
    assert found["is_bot"].type == "boolean"
    assert found["properties.tags"].type == "text"
    assert found["properties.revenue"].type == "mixed"
    assert found["context.page.url"].share == 1
    assert 0 < found["user_id"].share < 1
    assert "properties.none" not in found


# Limits ------------------------------------------------------------------------------------------


def test_a_question_that_needs_too_much_says_which_limit(store: Store, shop: Shop) -> None:
    rows = Questions(store, limits=QueryConfig(rows_read_max=10), clock=NOW.timestamp)
    memory = Questions(store, limits=QueryConfig(memory_bytes_max=1_000), clock=NOW.timestamp)

    with pytest.raises(LimitError, match=r"10 rows \(query.rows_read_max\).*shorter time"):
        rows.search(Search(query="sho*", since="2d"))
    with pytest.raises(LimitError, match=r"query.memory_bytes_max"):
        memory.values(Values(field="properties.tags", since="2d"))
    with pytest.raises(LimitError, match=r"limit is 1001; at most 1000 events"):
        shop.questions.search(Search(limit=1_001))
    with pytest.raises(LimitError, match=r"10 rows \(query.rows_read_max\)"):
        rows.sql(Sql(sql="SELECT count() FROM events WHERE user_id LIKE '%1%'"))


def test_a_question_that_was_stopped_leaves_nothing_for_the_next(shop: Shop) -> None:
    for _ in range(3):
        with pytest.raises(LimitError, match="result_rows_max"):
            shop.questions.sql(Sql(sql="SELECT number FROM numbers(100000)"))
        with pytest.raises(QueryError, match="zero"):
            shop.questions.sql(Sql(sql="SELECT intDiv(1, 5 - number) FROM numbers(10)"))

        answer = shop.questions.sql(Sql(sql="SELECT 7 AS seven"))

        assert msgspec.json.encode(answer.rows) == b"[[7]]"


def test_questions_run_side_by_side_and_the_others_wait() -> None:
    turns = Turns(2, wait_s_max=0.05)
    inside = threading.Barrier(3)
    done = threading.Event()

    def stay() -> None:
        with turns.turn():
            inside.wait(timeout=10)
            done.wait(timeout=10)

    threads = [threading.Thread(target=stay) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(timeout=10)
    try:
        with pytest.raises(TransientError, match="2 questions ran"), turns.turn():
            pass
    finally:
        done.set()
        for thread in threads:
            thread.join()

    with turns.turn():
        pass


# SQL ---------------------------------------------------------------------------------------------


def test_sql_answers_columns_and_rows(shop: Shop) -> None:
    question = Sql(
        sql="SELECT event, count() AS n FROM events WHERE source = {source:String} "
        "AND message_id LIKE 'm-_' AND event IN {names:Array(String)} "
        "GROUP BY event ORDER BY n DESC, event LIMIT {most:UInt32}",
        parameters={"source": "default", "names": ["Signup", "Page Viewed"], "most": 2},
    )

    document = json.loads(msgspec.json.encode(shop.questions.sql(question)))

    assert document["columns"] == [
        {"name": "event", "type": "LowCardinality(String)"},
        {"name": "n", "type": "UInt64"},
    ]
    assert document["rows"] == [["Page Viewed", 3], ["Signup", 3]]


def test_the_view_has_the_documented_columns(shop: Shop) -> None:
    columns = (
        "message_id, type, event, name, user_id, anonymous_id, group_id, previous_id, source, "
        "timestamp, original_timestamp, sent_at, received_at, properties, traits, context, "
        "integrations"
    )

    answer = shop.questions.sql(
        Sql(sql=f"SELECT {columns} FROM events WHERE message_id = 'm-4' LIMIT 1")
    )

    row = json.loads(bytes(answer.rows[0]))
    assert row[:3] == ["m-4", "track", "Page Viewed"]
    assert row[9] == "2026-03-10T12:02:00.000Z"
    assert row[13]["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT 1;", [[1]]),
        ("select '50%' -- comment", [["50%"]]),
        ("WITH top AS (SELECT 2 AS n) SELECT n FROM top UNION ALL SELECT 3", [[2], [3]]),
        ("SELECT * FROM (SELECT 1 AS a) AS x JOIN (SELECT 1 AS a, 5 AS b) AS y USING a", [[1, 5]]),
        ("SELECT arrayMap(x -> x + 1, [1, 2])", [[[2, 3]]]),
        ("SELECT sum(number) OVER (ORDER BY number) FROM numbers(3)", [[0], [1], [3]]),
        ("SELECT toString(toUInt64(18446744073709551615))", [["18446744073709551615"]]),
        ("SELECT CASE WHEN 1 = 1 THEN 'a' ELSE 'b' END, [1,2][1], (1,'x').2", [["a", 1, "x"]]),
        ("SELECT countIf(number > 1), quantileExact(0.5)(number) FROM numbers(4)", [[2, 2]]),
        ("SELECT 1 IN (SELECT number FROM numbers(3)), 5 IN (1, 2)", [[1, 0]]),
        ("SELECT countDistinct(user_id) FROM events WHERE message_id LIKE 'm-_'", [[4]]),
        (
            "SELECT sum(properties.revenue.:Float64) FROM events WHERE message_id LIKE 'm-_'",
            [[50]],
        ),
        ("SELECT nan, 1 / 0", [[None, None]]),
    ],
)
def test_sql_that_may_run(shop: Shop, sql: str, rows: list[object]) -> None:
    answer = shop.questions.sql(Sql(sql=sql))

    assert json.loads(msgspec.json.encode(answer.rows)) == rows


@pytest.mark.parametrize(
    ("sql", "parameters", "message"),
    [
        ("SELECT nosuch FROM events", {}, "nosuch"),
        ("SELEC 1", {}, "Syntax error"),
        ("SELECT {x:String}", {}, "not given: x"),
        ("SELECT 1", {"x": "1"}, "does not name these parameters: x"),
        ("SELECT {x:UInt8}", {"x": "abc"}, "abc"),
        ("SELECT '50%'", {"x": 1}, "does not name"),
    ],
)
def test_sql_that_is_not_valid_is_refused_in_plain_words(
    shop: Shop, sql: str, parameters: dict[str, str | int], message: str
) -> None:
    with pytest.raises(QueryError, match=message) as refused:
        shop.questions.sql(Sql(sql=sql, parameters=dict(parameters)))

    for internal in ("DB::Exception", "parseQueryToJSON", "version 2", "Code:"):
        assert internal not in str(refused.value)


MANY = ["event:x{}", "properties.a{}:x", "shoes{}", "x{}*"]


@pytest.mark.parametrize("leaf", MANY)
def test_many_conditions_are_answered(shop: Shop, leaf: str) -> None:
    query = " OR ".join(leaf.format(number) for number in range(40))

    assert shop.questions.search(Search(query=query, since="2d")).total == 0


def test_more_conditions_than_the_engine_takes_are_refused(shop: Shop) -> None:
    query = " OR ".join(f"properties.a{number}.b.c.d.e.f.g.h:[1 TO 2]" for number in range(200))

    with pytest.raises(QueryError, match="too many conditions"):
        shop.questions.search(Search(query=query, since="2d"))
