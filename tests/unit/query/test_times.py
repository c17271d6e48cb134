"""Times as people write them."""

from datetime import UTC, datetime

import pytest

from tailrace.errors import QueryError
from tailrace.query.times import from_ms, instant_of, span_of

NOW = datetime(2026, 3, 11, 12, 30, 15, 250_000, tzinfo=UTC)  # a Wednesday

SPANS = [
    ("2026", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
    ("2026-02", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
    ("2026-03-10", "2026-03-10T00:00:00", "2026-03-11T00:00:00"),
    ("2026-03-10T14", "2026-03-10T14:00:00", "2026-03-10T15:00:00"),
    ("2026-03-10T14:05", "2026-03-10T14:05:00", "2026-03-10T14:06:00"),
    ("2026-03-10 14:05:06", "2026-03-10T14:05:06", "2026-03-10T14:05:07"),
    ("2026-03-10T14:05:06.7Z", "2026-03-10T14:05:06.700", "2026-03-10T14:05:06.701"),
    ("2026-03-10T14:05:06.123456789Z", "2026-03-10T14:05:06.123", "2026-03-10T14:05:06.124"),
    ("2026-03-10T14:05:06+02:00", "2026-03-10T12:05:06", "2026-03-10T12:05:07"),
    ("2026-03-10T14:05-0230", "2026-03-10T16:35:00", "2026-03-10T16:36:00"),
    ("1773144306000", "2026-03-10T12:05:06", "2026-03-10T12:05:06.001"),
    ("now", "2026-03-11T12:30:15.250", "2026-03-11T12:30:15.251"),
    ("now-1d", "2026-03-10T12:30:15.250", "2026-03-10T12:30:15.251"),
    ("now/d", "2026-03-11T00:00:00", "2026-03-12T00:00:00"),
    ("now-1d/d", "2026-03-10T00:00:00", "2026-03-11T00:00:00"),
    ("now/w", "2026-03-09T00:00:00", "2026-03-16T00:00:00"),
    ("now/M", "2026-03-01T00:00:00", "2026-04-01T00:00:00"),
    ("now/y", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
    ("now/h", "2026-03-11T12:00:00", "2026-03-11T13:00:00"),
    ("now/m", "2026-03-11T12:30:00", "2026-03-11T12:31:00"),
    ("now/s", "2026-03-11T12:30:15", "2026-03-11T12:30:16"),
    ("now-1M+2h", "2026-02-11T14:30:15.250", "2026-02-11T14:30:15.251"),
    ("now/d+1h", "2026-03-11T01:00:00", "2026-03-11T01:00:00.001"),
    ("2026-03-31||-1M", "2026-02-28T00:00:00", "2026-02-28T00:00:00.001"),
    ("2026-03-31||/M", "2026-03-01T00:00:00", "2026-04-01T00:00:00"),
    ("2024-02-29||+1y", "2025-02-28T00:00:00", "2025-02-28T00:00:00.001"),
]


@pytest.mark.parametrize(("text", "start", "end"), SPANS, ids=[case[0] for case in SPANS])
def test_a_time_names_the_instants_that_it_leaves_open(text: str, start: str, end: str) -> None:
    span = span_of(text, now=NOW)

    assert from_ms(span.start_ms) == datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert from_ms(span.end_ms) == datetime.fromisoformat(end).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-02-30", "now-", "now-1x", "now1d", "25", "12:30"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="is not a time") as refused:
        span_of(text, now=NOW, position=3)

    assert refused.value.position == 3


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("15m", "2026-03-11T12:15:15.250"),
        ("24h", "2026-03-10T12:30:15.250"),
        ("7d", "2026-03-04T12:30:15.250"),
        ("1w", "2026-03-04T12:30:15.250"),
        ("1y", "2025-03-11T12:30:15.250"),
        ("now", "2026-03-11T12:30:15.250"),
        ("now-7d/d", "2026-03-04T00:00:00"),
        ("2026-03-10", "2026-03-10T00:00:00"),
    ],
)
def test_a_question_takes_durations_and_times(text: str, instant: str) -> None:
    found = from_ms(instant_of(text, name="since", now=NOW))

    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


def test_a_bad_time_of_a_question_names_the_field() -> None:
    with pytest.raises(QueryError, match="until is 'tomorrow'"):
        instant_of("tomorrow", name="until", now=NOW)


def test_a_time_beyond_what_the_store_holds_is_moved_inside() -> None:
    assert from_ms(instant_of("999999y", name="since", now=NOW)).year == 1900


def test_instants_stay_within_what_the_store_holds() -> None:
    assert from_ms(span_of("9999", now=NOW).start_ms).year == 2299
    assert from_ms(span_of("0001", now=NOW).start_ms).year == 1900
