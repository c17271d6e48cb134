"""Message ids are read past what is damaged, in one step however wide it is."""

import logging

import pytest
from events_log import EventsLog

from tailrace.refine.dedup.replay import read_ids


def test_a_wide_damage_is_passed_over_in_one_step(caplog: pytest.LogCaptureFixture) -> None:
    log = EventsLog()
    hashes = [log.append(range(n, n + 1), at_us=n)[0] for n in range(100)]
    log.damaged = {(0, offset) for offset in range(5, 90)}

    with caplog.at_level(logging.ERROR):
        found = list(read_ids(log, partition=0, start=0, end=100))

    assert [ids.hashes for ids in found] == hashes[:5] + hashes[90:]
    assert [record.args[1:3] for record in caplog.records if record.args] == [(5, 89)]


def test_damage_of_another_partition_is_not_passed_over_here() -> None:
    log = EventsLog()
    hashes = [log.append(range(n, n + 1), at_us=n)[0] for n in range(3)]
    log.append(range(9), at_us=9, partition=1)
    log.damaged = {(0, 1), (1, 0)}

    found = list(read_ids(log, partition=0, start=0, end=3))

    assert [ids.hashes for ids in found] == [hashes[0], hashes[2]]
