"""Events per second, freshness, the newest event."""

from datetime import UTC, datetime

from tailrace.app.pulse import Pulse
from tailrace.event import Block


class ManualClock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def make_block(events: int, *, newest_at: float) -> Block:
    us = int(newest_at * 1e6)
    return Block(1, [("shop", 1, events)], b"", (us, us), events, b"", 0, b"")


def test_before_the_first_event_there_is_no_freshness() -> None:
    beat = Pulse().beat()

    assert (beat.events_per_s, beat.freshness_s, beat.last_event_at) == (0.0, None, None)


def test_the_rate_is_the_mean_of_the_last_minute() -> None:
    monotonic = ManualClock(0.0)
    pulse = Pulse(clock=ManualClock(0.0), monotonic=monotonic)

    monotonic.now = 100.0
    pulse.count(make_block(600, newest_at=0.0))
    assert pulse.beat().events_per_s == 10.0
    monotonic.now = 159.0
    pulse.count(make_block(60, newest_at=0.0))
    assert pulse.beat().events_per_s == 11.0
    monotonic.now = 160.0
    assert pulse.beat().events_per_s == 1.0


def test_soon_after_the_start_the_rate_is_the_mean_since_then() -> None:
    monotonic = ManualClock(50.0)
    pulse = Pulse(monotonic=monotonic)

    monotonic.now = 60.0
    pulse.count(make_block(100, newest_at=0.0))

    assert pulse.beat().events_per_s == 10.0


def test_freshness_is_the_age_of_the_newest_event_when_it_was_loaded() -> None:
    pulse = Pulse(clock=ManualClock(1_000.5))

    pulse.count(make_block(1, newest_at=1_000.0))

    assert pulse.beat().freshness_s == 0.5
    assert pulse.beat().last_event_at == datetime.fromtimestamp(1_000, UTC)
    assert pulse.last_event_at("shop") == datetime.fromtimestamp(1_000, UTC)
    assert pulse.last_event_at("other") is None


def test_a_block_without_events_changes_nothing() -> None:
    pulse = Pulse()

    pulse.count(make_block(0, newest_at=0.0))

    assert pulse.beat().last_event_at is None
