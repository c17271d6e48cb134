"""What the sources are said to have sent lately."""

from datetime import UTC, datetime
from typing import cast

from tailrace.app.numbers import Numbers, Traffic
from tailrace.app.pulse import Pulse
from tailrace.app.tails import LogReader
from tailrace.ledger import ACCEPTED, INVALID
from tailrace.log.contract import RAW, Count, NewRecord
from tailrace.store import Store
from tailrace.testing.memory_log import MemoryLog

MINUTE = 30_000_000
NOW = MINUTE * 60.0 + 30.0


def traffic_of(source: str, *counts: Count) -> Traffic:
    log = MemoryLog()
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", b"")], counts)
    writer.close()

    class NoStore:
        def stats(self) -> None: ...

    numbers = Numbers(LogReader(log), cast("Store", NoStore()), Pulse(), clock=lambda: NOW)
    return numbers.traffic(source)


def test_the_rate_is_that_of_the_last_five_minutes() -> None:
    found = traffic_of(
        "web",
        Count("web", MINUTE, ACCEPTED, 5),
        Count("web", MINUTE - 4, ACCEPTED, 10),
        Count("web", MINUTE - 5, ACCEPTED, 100),
        Count("web", MINUTE - 1, INVALID, 3),
        Count("other", MINUTE, ACCEPTED, 1_000),
    )

    assert found.events_per_min == 3.0
    assert (found.events_24h, found.invalid_24h) == (115, 3)
    assert found.last_event_at == datetime.fromtimestamp(MINUTE * 60, UTC)


def test_a_day_old_is_not_lately_but_the_last_event_is_known() -> None:
    found = traffic_of("web", Count("web", MINUTE - 2_000, ACCEPTED, 7))

    assert (found.events_24h, found.events_per_min) == (0, 0.0)
    assert found.last_event_at == datetime.fromtimestamp((MINUTE - 2_000) * 60, UTC)


def test_a_source_that_sent_nothing_has_nothing() -> None:
    assert traffic_of("web") == Traffic(
        events_24h=0, events_per_min=0.0, invalid_24h=0, last_event_at=None
    )
