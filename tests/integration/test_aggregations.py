"""Aggregations on the real engine, against the plain Python of `aggregation_reference`."""

import json
import random
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregation_reference import Reference
from aggregation_world import NOW, SINCE, UNTIL, world
from stored_events import StoredEvents, stored_events
from tailrace.errors import QueryError
from tailrace.query.aggregations import Aggregate, TooManyBucketsError
from tailrace.query.aggregations.compare import Compare

CASES = Path(__file__).parents[1] / "cases" / "aggregations"


def all_cases() -> list[Any]:
    """Return each request of the case files, but for those of pipelines.

    Plain Python for these would say the same again; a real OpenSearch answers them.
    """
    found = []
    for path in sorted(CASES.glob("*.json")):
        if path.stem == "pipelines":
            continue
        for case in json.loads(path.read_text()):
            found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("aggregations"), now=NOW) as opened:
        opened.add(world())
        yield opened


def answer(stored: StoredEvents, aggs: Mapping[str, Any], query: str = "") -> Any:
    return stored.questions.aggregate(
        Aggregate(
            query=query,
            since=(SINCE - timedelta(days=30)).isoformat(),
            until=UNTIL.isoformat(),
            aggs=dict(aggs),
        )
    )


def differences(got: Any, wanted: Any, path: str = "") -> list[str]:
    """Return where two answers differ; numbers may in what a sum of them rounds."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        found = [f"{path}.{key} is only in one" for key in sorted(set(got) ^ set(wanted))]
        for key in got.keys() & wanted.keys():
            found += differences(got[key], wanted[key], f"{path}.{key}")
        return found
    if isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
        return [
            difference
            for place, (one, other) in enumerate(zip(got, wanted, strict=True))
            for difference in differences(one, other, f"{path}[{place}]")
        ]
    is_number = all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in (got, wanted)
    )
    if got == wanted or (is_number and got == pytest.approx(wanted, rel=1e-9, abs=1e-9)):
        return []
    return [f"{path} is {str(got)[:300]}, not {str(wanted)[:300]}"]


@pytest.mark.parametrize("case", all_cases())
def test_an_answer_is_that_of_plain_python(case: Mapping[str, Any], stored: StoredEvents) -> None:
    reference = Reference(world(), now=NOW)
    query = case.get("query", "")
    field, _, value = query.partition(":")
    matching = [
        event for event in reference.events if not query or event[field] == value.strip('"')
    ]

    got = answer(stored, case["aggs"], query)

    assert differences(got.aggregations, reference.ask(case["aggs"], matching)) == []
    assert got.total == len(matching)


@pytest.mark.parametrize("seed", range(25))
def test_any_nesting_is_answered_as_by_plain_python(seed: int, stored: StoredEvents) -> None:
    chance = random.Random(seed)
    aggs = {f"a{number}": random_aggregation(chance, depth=3) for number in range(2)}
    reference = Reference(world(), now=NOW)

    got = answer(stored, aggs)

    assert differences(got.aggregations, reference.ask(aggs, reference.events)) == []


def random_aggregation(chance: random.Random, *, depth: int) -> dict[str, Any]:
    """Return a bucket aggregation with metrics and others inside it."""
    field = chance.choice(
        ["event", "properties.plan", "properties.tags", "properties.ok", "properties.scores"]
    )
    bodies: list[dict[str, Any]] = [
        {"terms": {"field": field, "size": chance.randrange(1, 5)}},
        {"terms": {"field": field, "size": 3, "order": {"m": "desc"}}},
        {"terms": {"field": "user_id", "missing": "nobody", "order": {"_key": "desc"}, "size": 3}},
        {"date_histogram": {"field": "timestamp", "fixed_interval": "3d", "min_doc_count": 1}},
        {
            "date_histogram": {
                "field": chance.choice(["timestamp", "properties.due"]),
                "calendar_interval": "1w",
                "time_zone": "Europe/Berlin",
            }
        },
        {"histogram": {"field": "properties.n", "interval": 15}},
        {"range": {"field": "properties.written", "ranges": [{"to": 8}, {"from": 5}]}},
        {"filter": {"range": {"properties.total": {"gte": 60}}}},
        {"filters": {"filters": {"a": {"term": {"source": "web"}}}, "other_bucket": True}},
        {"missing": {"field": "properties.plan"}},
        {"multi_terms": {"terms": [{"field": field}, {"field": "source"}], "size": 4}},
    ]
    metric = chance.choice(
        [
            {"sum": {"field": "properties.mixed"}},
            {"avg": {"field": "properties.total"}},
            {"max": {"field": "properties.scores"}},
            {"cardinality": {"field": "user_id"}},
        ]
    )
    inner = {"m": metric}
    if depth > 1:
        inner["below"] = random_aggregation(chance, depth=depth - 1)
    return {**chance.choice(bodies), "aggs": inner}


def test_pipelines_work_on_the_buckets(stored: StoredEvents) -> None:
    got = answer(
        stored,
        {
            "days": {
                "date_histogram": {"field": "timestamp", "calendar_interval": "1d"},
                "aggs": {
                    "n": {"value_count": {"field": "event"}},
                    "all": {"cumulative_sum": {"buckets_path": "n"}},
                },
            },
            "most": {"max_bucket": {"buckets_path": "days>n"}},
        },
    )

    buckets = got.aggregations["days"]["buckets"]
    assert buckets[-1]["all"]["value"] == len(world())
    assert got.aggregations["most"]["value"] == max(bucket["n"]["value"] for bucket in buckets)


def test_days_are_those_of_the_zone_asked_for(stored: StoredEvents) -> None:
    aggs = {"days": {"date_histogram": {"field": "timestamp", "calendar_interval": "1d"}}}

    got = stored.questions.aggregate(
        Aggregate(since="2026-03-28", until="2026-03-31", zone="Europe/Berlin", aggs=aggs)
    )

    days = [bucket["key_as_string"] for bucket in got.aggregations["days"]["buckets"]]
    assert days == [
        "2026-03-28T00:00:00.000+01:00",
        "2026-03-29T00:00:00.000+01:00",
        "2026-03-30T00:00:00.000+02:00",
    ]


def test_top_hits_tell_what_they_are_asked_for(stored: StoredEvents) -> None:
    source = {"includes": ["event", "properties.*"], "excludes": ["properties.place"]}
    aggs = {"newest": {"top_hits": {"size": 1, "_source": source}}}

    got = answer(stored, aggs)

    newest = world()[-1]
    [hit] = got.aggregations["newest"]["hits"]["hits"]
    wanted = {key: value for key, value in newest["properties"].items() if key != "place"}
    assert hit["_source"] == {"event": newest["event"], "properties": wanted}


def test_times_in_a_source_are_written_as_elsewhere(stored: StoredEvents) -> None:
    aggs = {"newest": {"top_hits": {"size": 1, "_source": ["timestamp", "sent_at", "is_bot"]}}}

    got = answer(stored, aggs)

    newest = world()[-1]
    [hit] = got.aggregations["newest"]["hits"]["hits"]
    written = newest["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert hit["_source"] == {"timestamp": written, "sent_at": None, "is_bot": newest["is_bot"]}


def test_a_field_that_is_not_there_is_told_of(stored: StoredEvents) -> None:
    aggs = {
        "t": {"terms": {"field": "plan"}},
        "o": {"terms": {"field": "traits"}},
        "f": {"filter": {"exists": {"field": "tags"}}},
    }

    got = answer(stored, aggs)

    assert got.aggregations["t"]["buckets"] == []
    assert got.aggregations["o"]["buckets"] == []
    assert "properties.plan" in got.notes[0]
    assert "'traits' is an object" in got.notes[1]
    assert "properties.tags" in got.notes[2]


def test_filters_may_be_texts_in_the_language_of_the_query(stored: StoredEvents) -> None:
    filters = {"web": "source: web", "rich": "properties.total >= 100"}

    got = stored.questions.aggregate(
        Aggregate(
            language="kql",
            since="2026-03-01",
            aggs={"f": {"filters": {"filters": filters}}},
        )
    )

    buckets = got.aggregations["f"]["buckets"]
    events = world()
    assert buckets["web"]["doc_count"] == sum(event["source"] == "web" for event in events)
    assert buckets["rich"]["doc_count"] == sum(
        event["properties"].get("total", 0) >= 100 for event in events
    )


@pytest.mark.parametrize(
    "aggs",
    [
        {"d": {"date_histogram": {"field": "timestamp", "fixed_interval": "10s"}}},
        {
            "d": {
                "date_histogram": {"field": "timestamp", "fixed_interval": "1m"},
                "aggs": {"f": {"filters": {"filters": [{"match_all": {}}] * 20}}},
            }
        },
        {
            "h": {
                "histogram": {
                    "field": "properties.n",
                    "interval": 1e-6,
                    "extended_bounds": {"min": 0, "max": 1000},
                }
            }
        },
    ],
)
def test_too_many_buckets_are_refused(aggs: dict[str, Any], stored: StoredEvents) -> None:
    with pytest.raises(TooManyBucketsError, match="65535 buckets"):
        answer(stored, aggs)


@pytest.mark.parametrize(
    ("aggs", "message"),
    [
        (
            {"d": {"date_histogram": {"field": "timestamp", "calendar_interval": "2d"}}},
            "calendar_interval is '2d'",
        ),
        ({"d": {"date_histogram": {"field": "timestamp"}}}, "needs one interval"),
        (
            {"d": {"date_histogram": {"field": "timestamp", "fixed_interval": "1M"}}},
            "expected a length",
        ),
        (
            {"d": {"date_histogram": {"field": "timestamp", "interval": "1d", "format": "yyyybb"}}},
            "format is 'yyyybb'",
        ),
        ({"t": {"terms": {"field": "event", "order": {"m": "asc"}}}}, "expected _count, _key"),
        ({"t": {"terms": {"field": "event", "order": {"_key": "up"}}}}, "expected asc or desc"),
        (
            {
                "t": {
                    "terms": {"field": "event", "order": {"p.40": "asc"}},
                    "aggs": {"p": {"percentiles": {"field": "properties.n"}}},
                }
            },
            "expected one of 1.0, 5.0",
        ),
        ({"r": {"rate": {"unit": "hour"}}}, "below a date_histogram"),
        ({"r": {"sum": {"field": "event", "missing": "x"}}}, "expected a number"),
    ],
)
def test_what_does_not_fit_is_named(
    aggs: dict[str, Any], message: str, stored: StoredEvents
) -> None:
    with pytest.raises(QueryError, match=re.escape(message)):
        answer(stored, aggs)


def compared(stored: StoredEvents, aggs: dict[str, Any], **asked: Any) -> Any:
    """Return the answer of a week and of an earlier time."""
    return stored.questions.aggregate(
        Aggregate(
            since="2026-03-28",
            until="2026-04-02",
            zone="Europe/Berlin",
            compare=Compare(**asked),
            aggs=aggs,
        )
    )


def test_the_time_before_is_just_as_many_days_of_the_zone(stored: StoredEvents) -> None:
    got = compared(stored, {"n": {"value_count": {"field": "event"}}})

    # The clocks changed meanwhile: the five days before have an hour more.
    assert got.compared.since == datetime(2026, 3, 22, 23, tzinfo=UTC)
    assert got.compared.until == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert got.compared.total == got.compared.aggregations["n"]["value"]
    assert got.compared.total == sum(
        got.compared.since <= event["at"] < got.compared.until for event in world()
    )


def test_days_stand_beside_the_days_before(stored: StoredEvents) -> None:
    aggs = {
        "days": {
            "date_histogram": {"field": "timestamp", "calendar_interval": "1d"},
            "aggs": {"users": {"unique_exact": {"field": "user_id"}}},
        }
    }

    got = compared(stored, aggs, shift="7d")

    now = got.aggregations["days"]["buckets"]
    then = got.compared.aggregations["days"]["buckets"]
    days = [bucket["key_as_string"][:10] for bucket in now]
    assert days == ["2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31", "2026-04-01"]
    assert [bucket["key_as_string"][:10] for bucket in then] == [
        "2026-03-21",
        "2026-03-22",
        "2026-03-23",
        "2026-03-24",
        "2026-03-25",
    ]
    assert [bucket["doc_count"] for bucket in then][0::4] == [0, 0]
    assert sum(bucket["doc_count"] for bucket in then) == got.compared.total


def test_values_stand_beside_the_same_values(stored: StoredEvents) -> None:
    top = {"terms": {"field": "user_id", "size": 3}, "aggs": {"s": {"sum": {"field": "x"}}}}
    aggs = {"by": {"terms": {"field": "properties.ok"}, "aggs": {"top": top}}}

    got = compared(stored, aggs)

    events = [e for e in world() if got.compared.since <= e["at"] < got.compared.until]
    pairs = zip(
        got.aggregations["by"]["buckets"],
        got.compared.aggregations["by"]["buckets"],
        strict=True,
    )
    for now, then in pairs:
        assert then["key"] == now["key"]
        inner = zip(now["top"]["buckets"], then["top"]["buckets"], strict=True)
        for one, other in inner:
            count = sum(
                e["user_id"] == one["key"] and e["properties"]["ok"] == bool(now["key"])
                for e in events
            )
            assert (0 if other is None else other["doc_count"]) == count


def test_buckets_that_are_sorted_are_not_compared(stored: StoredEvents) -> None:
    aggs = {
        "t": {"terms": {"field": "event"}, "aggs": {"s": {"bucket_sort": {"size": 1}}}},
    }

    with pytest.raises(QueryError, match="bucket_sort cannot be compared"):
        compared(stored, aggs)


@pytest.mark.parametrize(
    "aggs",
    [
        {"t": {"terms": {"field": "event", "include": "(a{1000}){1000}"}}},
        {"t": {"terms": {"field": "event", "exclude": "(("}}},
        {"h": {"histogram": {"field": "properties.n", "interval": 1e-300}}},
        {"h": {"histogram": {"field": "properties.n", "interval": 5, "missing": "nan"}}},
        {"d": {"date_histogram": {"field": "timestamp", "fixed_interval": "99999999999w"}}},
        {"d": {"date_histogram": {"field": "timestamp", "interval": "1d", "offset": 10**17}}},
        {
            "d": {
                "date_histogram": {
                    "field": "timestamp",
                    "interval": "1d",
                    "extended_bounds": {"min": 0, "max": 1e30},
                }
            }
        },
        {"r": {"date_range": {"field": "timestamp", "ranges": [{"from": "soon"}]}}},
        {"a": {"avg": {"field": "properties.n", "missing": "inf"}}},
    ],
)
def test_what_no_engine_could_do_is_refused(aggs: dict[str, Any], stored: StoredEvents) -> None:
    with pytest.raises(QueryError):
        answer(stored, aggs)


def test_extreme_numbers_are_answered(stored: StoredEvents) -> None:
    numbers = {"field": "properties.number", "interval": 1e18}
    aggs = {
        "h": {"histogram": numbers},
        "f": {"histogram": {**numbers, "interval": 1e-9, "min_doc_count": 200}},
        "r": {"range": {"field": "properties.number", "ranges": [{"to": 1e300}]}},
    }

    got = answer(stored, aggs)

    assert [b["doc_count"] for b in got.aggregations["h"]["buckets"]] == [len(world())]
    assert got.aggregations["f"]["buckets"] == []
    assert got.aggregations["r"]["buckets"][0]["doc_count"] == len(world())


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-03-24T10:17:33.120Z", "2026-04-01T21:40:00Z"),
        ("2026-03-29T00:30:00Z", "2026-03-29T02:05:00Z"),
        ("2026-03-29T00:10:00Z", "2026-03-29T00:50:00Z"),
    ],
)
def test_counts_of_hours_and_of_parts_of_them_make_the_whole(
    since: str, until: str, stored: StoredEvents
) -> None:
    days = {"field": "timestamp", "calendar_interval": "1d", "time_zone": "Europe/Berlin"}
    half_hours = {"field": "timestamp", "fixed_interval": "30m", "min_doc_count": 1}
    aggs = {
        "e": {"terms": {"field": "event"}, "aggs": {"d": {"date_histogram": days}}},
        "d": {"date_histogram": days, "aggs": {"s": {"terms": {"field": "source"}}}},
        "h": {"date_histogram": half_hours, "aggs": {"e": {"terms": {"field": "event"}}}},
        "i": {"date_histogram": {**half_hours, "time_zone": "Asia/Kolkata"}},
    }
    low, high = (datetime.fromisoformat(text) for text in (since, until))
    within = [event for event in world() if low <= event["at"] < high]

    got = stored.questions.aggregate(Aggregate(since=since, until=until, aggs=aggs))

    assert got.total == len(within)
    reference = Reference(world(), now=NOW)
    assert differences(got.aggregations, reference.ask(aggs, within)) == []
