"""When a consumer group is said to stand still."""

from tailrace.app.standstill import Standstill
from tailrace.testing.clock import ManualClock


def test_a_group_that_reads_nothing_of_what_waits_stands_still() -> None:
    clock = ManualClock()
    watch = Standstill(clock=clock)

    noted = []
    for _ in range(3):
        noted.append(watch.note(lag_records=4, positions={0: 7}))
        clock.advance(6.0)

    assert noted == [0.0, 6.0, 12.0]


def test_one_that_reads_or_has_nothing_to_read_does_not() -> None:
    clock = ManualClock()
    watch = Standstill(clock=clock)

    noted = []
    for lag, position in ((4, 7), (4, 8), (0, 12), (0, 12), (1, 12)):
        noted.append(watch.note(lag_records=lag, positions={0: position}))
        clock.advance(60.0)

    assert noted == [0.0] * 5
