from datetime import UTC, datetime
from typing import Any

import pytest
from refining import events_of, one_event, record, refine, track

from tailrace.refine.timestamps import parse_time

RECEIVED = datetime(2025, 1, 2, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-02T03:04:05.678Z", "2025-01-02T03:04:05.678000+00:00"),
        ("2025-01-02T03:04:05Z", "2025-01-02T03:04:05+00:00"),
        ("2025-01-02T03:04:05.678901+00:00", "2025-01-02T03:04:05.678901+00:00"),
        ("2025-01-02T05:04:05+02:00", "2025-01-02T03:04:05+00:00"),
        ("2025-01-02T05:04:05+0200", "2025-01-02T03:04:05+00:00"),
        ("2025-01-02T03:04:05.123456789Z", "2025-01-02T03:04:05.123456+00:00"),
        ("2025-01-02T05:04:05.1234567+02:00", "2025-01-02T03:04:05.123456+00:00"),
        ("2025-01-02 03:04:05", "2025-01-02T03:04:05+00:00"),
        ("2025-01-02", "2025-01-02T00:00:00+00:00"),
        ("2015-2-02T00:30:08.276Z", "2015-02-02T00:30:08.276000+00:00"),
        ("Thu, 02 Jan 2025 03:04:05 GMT", "2025-01-02T03:04:05+00:00"),
        ("Thu, 02 Jan 2025 04:04:05 +0100", "2025-01-02T03:04:05+00:00"),
        ("Thu Jan 02 2025 03:04:05 GMT+0000 (Coordinated Time)", "2025-01-02T03:04:05+00:00"),
        ("1735787045", "2025-01-02T03:04:05+00:00"),
        ("1735787045678", "2025-01-02T03:04:05.678000+00:00"),
        ("1735787045.678", "2025-01-02T03:04:05.678000+00:00"),
        ("1735787045678901", "2025-01-02T03:04:05.678901+00:00"),
    ],
)
def test_every_format_that_sdks_write_is_read(text: str, expected: str) -> None:
    moment = parse_time(text)

    assert moment is not None
    assert moment.isoformat() == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "12",
        "May",
        "10:30",
        "2025-13-45",
        "Jan 2025",
        "x" * 10_000,
        "9" * 64,
        "0001-01-01T00:00:00+23:59",
        "2025-01-02 03:04:05 EST",
        "\0",
        "1e5",
        "NaN",
    ],
)
def test_a_text_that_names_no_instant_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("timestamp", "sent_at", "expected"),
    [
        # Both clocks agree: 3 s from sending to receipt are taken as the way.
        ("2025-01-02T03:04:05Z", "2025-01-02T03:04:07Z", "2025-01-02T03:04:08+00:00"),
        # The client's clock is a year ahead.
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:07Z", "2025-01-02T03:04:08+00:00"),
        # Kept offline for a day.
        ("2025-01-01T03:04:07Z", "2025-01-02T03:04:07Z", "2025-01-01T03:04:10+00:00"),
        # History: no sentAt, no correction.
        ("2019-05-06T07:08:09Z", None, "2019-05-06T07:08:09+00:00"),
        (None, "2025-01-02T03:04:07Z", "2025-01-02T03:04:10+00:00"),
        (None, None, "2025-01-02T03:04:10+00:00"),
        ("rubbish", "2025-01-02T03:04:07Z", "2025-01-02T03:04:10+00:00"),
        ("2025-01-02T03:04:05Z", "rubbish", "2025-01-02T03:04:05+00:00"),
        # Out of range: seconds where milliseconds were meant, and a far future.
        ("1970-01-21T02:09:47Z", None, "2025-01-02T03:04:10+00:00"),
        ("2031-01-01T00:00:00Z", None, "2025-01-02T03:04:10+00:00"),
        ("2025-12-31T00:00:00Z", None, "2025-12-31T00:00:00+00:00"),
        ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2025-01-02T03:04:10+00:00"),
    ],
)
def test_the_timestamp_is_corrected_by_the_senders_own_clock(
    timestamp: str | None, sent_at: str | None, expected: str
) -> None:
    body = {"batch": [track(timestamp=timestamp)], "sentAt": sent_at}

    (event,) = events_of(refine(record(body)))

    assert event.timestamp.isoformat() == expected
    assert event.received_at == RECEIVED


def test_the_envelopes_sent_at_goes_before_that_of_an_item() -> None:
    item = track(timestamp="2025-01-02T03:04:05Z", sentAt="2025-01-01T00:00:00Z")

    (event,) = events_of(refine(record({"batch": [item], "sentAt": "2025-01-02T03:04:07Z"})))

    assert event.timestamp == datetime(2025, 1, 2, 3, 4, 8, tzinfo=UTC)
    assert event.sent_at == datetime(2025, 1, 2, 3, 4, 7, tzinfo=UTC)


def test_without_an_envelopes_sent_at_that_of_the_item_counts() -> None:
    event = one_event(track(timestamp="2025-01-02T03:04:05Z", sentAt="2025-01-02T03:04:07Z"))

    assert event.timestamp == datetime(2025, 1, 2, 3, 4, 8, tzinfo=UTC)


def test_numbers_as_times_are_read() -> None:
    event = one_event(track(timestamp=1_735_787_045_678))

    assert event.timestamp.isoformat() == "2025-01-02T03:04:05.678000+00:00"


@pytest.mark.parametrize("value", [{"$date": 1}, [1], True])
def test_a_time_of_a_wrong_type_counts_as_missing(value: Any) -> None:
    event = one_event(track(timestamp=value))

    assert (event.timestamp, event.original_timestamp) == (RECEIVED, None)


def test_a_webhooks_times_were_corrected_before() -> None:
    item = track(
        timestamp="2025-01-02T03:00:00Z",
        originalTimestamp="2025-01-02T02:00:00Z",
        sentAt="2025-01-02T02:00:05Z",
        receivedAt="2025-01-02T03:00:05Z",
        version=2,
        channel="client",
        projectId="p",
    )

    event = one_event(item, path="/v1/webhook")

    assert event.timestamp == datetime(2025, 1, 2, 3, 0, tzinfo=UTC)
    assert event.original_timestamp == datetime(2025, 1, 2, 2, 0, tzinfo=UTC)
    assert event.sent_at == datetime(2025, 1, 2, 2, 0, 5, tzinfo=UTC)
    assert event.received_at == RECEIVED


@pytest.mark.parametrize("text", ["1899-12-31T23:59:59Z", "2300-01-01T00:00:00Z"])
def test_an_instant_that_the_store_cannot_hold_is_left_out(text: str) -> None:
    assert one_event(track(timestamp=text)).original_timestamp is None
