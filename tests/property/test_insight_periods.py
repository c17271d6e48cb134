"""Calendar intervals: the engine numbers instants as Python does, in zones with odd clocks."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from tests.stored_events import StoredEvents, stored_events

from tailrace.query.bind import Binder
from tailrace.query.insights.periods import Interval, periods_of
from tailrace.query.times import from_ms, to_ms

NOW = datetime(2026, 6, 1, tzinfo=UTC)
INTERVALS: list[Interval] = list(get_args(get_args(Interval)[0]))
# By half and quarter hours, clocks that change by half an hour or at midnight, a day left out.
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "Asia/Kolkata", "Africa/Cairo"),
]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("periods"), now=NOW) as events:
        yield events


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("interval", INTERVALS)
def test_the_engine_numbers_instants_as_python_does(
    stored: StoredEvents, interval: Interval, zone: str
) -> None:
    chance = random.Random(f"{interval} {zone}")
    spans = {"minute": 1, "hour": 60, "day": 900, "week": 2_000}
    for first in (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 10, 3, 11, 47, tzinfo=UTC)):
        since = first + timedelta(minutes=chance.randint(0, 60 * 24 * 40))
        if zone == "Pacific/Apia":
            # It went without 30 December 2011.
            since = datetime(2011, 12, 29, tzinfo=UTC) - timedelta(minutes=chance.randint(0, 900))
        until = since + timedelta(days=spans.get(interval, 5_000))
        since_ms, until_ms = to_ms(since), to_ms(until)
        periods = periods_of(interval, since_ms=since_ms, until_ms=until_ms, zone=ZoneInfo(zone))
        borders = chance.choices(periods.starts_ms, k=100)
        instants = [
            *(chance.randrange(since_ms, until_ms) for _ in range(200)),
            *(ms + by for ms in borders for by in (-1, 0, 1)),
            since_ms,
            until_ms - 1,
        ]
        instants = [ms for ms in instants if since_ms <= ms < until_ms]
        binder = Binder()
        number = periods.number_sql(binder, "fromUnixTimestamp64Milli(ms, 'UTC')")
        listed = f"arrayJoin(CAST({instants}, 'Array(Int64)')) AS ms"

        with stored.runner.turn() as client:
            rows = stored.runner.rows(
                client, f"SELECT ms, {number} FROM (SELECT {listed})", binder.parameters
            )

        wrong = [
            (from_ms(ms), n, bisect_right(periods.starts_ms, ms) - 1)
            for ms, n in rows
            if n != bisect_right(periods.starts_ms, ms) - 1
        ]
        assert len(rows) == len(instants)
        assert not wrong
