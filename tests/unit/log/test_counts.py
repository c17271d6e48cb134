"""The books: each count is in the sums exactly once, wherever it lies at the moment."""

import threading
from typing import TYPE_CHECKING

import pytest

from tailrace.errors import CorruptionError, TransientError
from tailrace.log import RAW, Count, NewRecord
from tailrace.log.layout import exclusive

if TYPE_CHECKING:
    from conftest import Logs

ACCEPTED = Count("web", 1, "accepted", 1)


def test_sums_stay_the_same_while_segments_are_folded_and_removed(logs: "Logs") -> None:
    logs.fill(RAW, records=60)
    segments = len(logs.segments(RAW))
    logs.clock.advance(8 * 86_400)
    log, reading = logs.open(), logs.open()
    log.writer(RAW).append([NewRecord(b"", b"new")], [ACCEPTED])
    enforcing = threading.Thread(target=log.enforce_retention)

    enforcing.start()
    sums = [reading.counts(minute_from=0, minute_until=9)]
    while enforcing.is_alive():
        sums.append(reading.counts(minute_from=0, minute_until=9))
    enforcing.join()
    sums.append(reading.counts(minute_from=0, minute_until=9))

    assert len(logs.segments(RAW)) < segments
    assert {tuple(found) for found in sums} == {(ACCEPTED._replace(events=61),)}


def test_a_segment_folded_but_not_removed_counts_once(logs: "Logs") -> None:
    logs.fill(RAW, records=60)
    log = logs.open()

    for _ in range(2):
        log.enforce_retention()
        assert log.counts(minute_from=0, minute_until=9) == [ACCEPTED._replace(events=60)]
    assert len(logs.segments(RAW)) > 1


def test_one_process_at_a_time_enforces_retention(logs: "Logs") -> None:
    logs.fill(RAW, records=60)
    logs.clock.advance(8 * 86_400)
    log = logs.open()

    with exclusive(logs.directory / "retention.lock"):
        assert log.enforce_retention() == 0
    assert log.enforce_retention() > 0


def test_only_the_minutes_asked_for_are_summed(logs: "Logs") -> None:
    log = logs.open()
    writer = log.writer(RAW)
    for minute in range(5):
        writer.append([], [Count("web", minute, "accepted", minute + 1)])

    assert log.counts(minute_from=1, minute_until=3) == [
        Count("web", 1, "accepted", 2),
        Count("web", 2, "accepted", 3),
    ]


def test_a_removed_group_keeps_its_counts_and_holds_nothing_up(logs: "Logs") -> None:
    logs.fill(RAW, records=60)
    logs.clock.advance(8 * 86_400)
    log = logs.open()
    stored = Count("web", 1, "stored", 9)
    for _ in range(2):  # a group of the same name may come again
        consumer = log.consumer("old", stream=RAW)
        consumer.commit(counts=[stored])
        assert log.groups() == ["old"]
        with pytest.raises(TransientError, match="member"):
            log.remove_group("old")
        consumer.close()
        assert log.enforce_retention() == 0

        log.remove_group("old")

    assert log.groups() == []
    assert log.enforce_retention() > 0
    assert stored._replace(events=18) in log.counts(minute_from=0, minute_until=9)


def test_a_damaged_ledger_is_an_error_not_a_smaller_sum(logs: "Logs") -> None:
    logs.fill(RAW, records=60)
    log = logs.open()
    log.enforce_retention()
    path = logs.directory / "ledger.db"
    path.write_bytes(b"\x00" * path.stat().st_size)

    with pytest.raises(CorruptionError, match=r"ledger\.db"):
        log.counts(minute_from=0, minute_until=9)
    assert any(damage.path.endswith("ledger.db") for damage in log.check(RAW))
