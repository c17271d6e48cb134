"""Times as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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


BERLIN, KOLKATA, NEW_YORK = map(ZoneInfo, ("Europe/Berlin", "Asia/Kolkata", "America/New_York"))


@pytest.mark.parametrize(
    ("text", "zone", "start", "end"),
    [
        # A time without a zone is of the zone asked in; one with a zone is not.
        ("2026-03-10", BERLIN, "2026-03-09T23:00:00+00:00", "2026-03-10T23:00:00+00:00"),
        ("2026-03-10T12", KOLKATA, "2026-03-10T06:30:00+00:00", "2026-03-10T07:30:00+00:00"),
        ("2026-03-10T12:00:00Z", BERLIN, "2026-03-10T12:00:00+00:00", "2026-03-10T12:00:01+00:00"),
        # The clocks go forward on March 29 and back on October 25.
        ("2026-03-29", BERLIN, "2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00"),
        ("2026-10-25", BERLIN, "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        ("2026-03", BERLIN, "2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00"),
        ("2026-03-28||+1d", BERLIN, "2026-03-28T23:00:00+00:00", None),
        ("2026-03-28||+24h", BERLIN, "2026-03-28T23:00:00+00:00", None),
        ("2026-03-29||+1d", BERLIN, "2026-03-29T22:00:00+00:00", None),
        ("2026-03-29||+24h", BERLIN, "2026-03-29T23:00:00+00:00", None),
        ("2026-03-29||/M", BERLIN, "2026-02-28T23:00:00+00:00", "2026-03-31T22:00:00+00:00"),
        # now is the same everywhere, what it is rounded to is not.
        ("now", NEW_YORK, "2026-03-11T03:00:00+00:00", None),
        ("now/d", NEW_YORK, "2026-03-10T04:00:00+00:00", "2026-03-11T04:00:00+00:00"),
        ("now/d", BERLIN, "2026-03-10T23:00:00+00:00", "2026-03-11T23:00:00+00:00"),
        ("now-1d/w", NEW_YORK, "2026-03-09T04:00:00+00:00", "2026-03-16T04:00:00+00:00"),
        ("now/h", KOLKATA, "2026-03-11T02:30:00+00:00", "2026-03-11T03:30:00+00:00"),
    ],
)
def test_days_begin_in_the_zone_of_who_asks(
    text: str, zone: ZoneInfo, start: str, end: str | None
) -> None:
    span = span_of(text, now=datetime(2026, 3, 11, 3, tzinfo=UTC), zone=zone)

    assert from_ms(span.start_ms).isoformat() == start
    if end is None:
        assert span.end_ms == span.start_ms + 1
    else:
        assert from_ms(span.end_ms).isoformat() == end


def test_an_hour_that_comes_twice_is_rounded_to_itself() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    span = span_of("now/h", now=second, zone=BERLIN)

    assert from_ms(span.start_ms) == datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_a_duration_counts_days_of_the_zone() -> None:
    now = datetime(2026, 3, 29, 10, tzinfo=UTC)

    assert from_ms(instant_of("1d", name="since", now=now, zone=BERLIN)) == datetime(
        2026, 3, 28, 11, tzinfo=UTC
    )
    assert from_ms(instant_of("24h", name="since", now=now, zone=BERLIN)) == datetime(
        2026, 3, 28, 10, tzinfo=UTC
    )
