from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY
from refining import RECEIVED_AT, record, source, track

from tailrace.config import Config, RefineConfig
from tailrace.control import Workspace
from tailrace.control.document import fixed_workspace
from tailrace.errors import LogFullError, TransientError
from tailrace.event import Event, decode_block
from tailrace.log.contract import EVENTS, RAW, Log, NewRecord
from tailrace.refine import Refiner
from tailrace.testing.memory_log import MemoryLog

NOW = RECEIVED_AT / 1_000_000 + 2.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path, refine=RefineConfig(linger_s=0.0), sources=(source(),))


@pytest.fixture
def log() -> Log:
    return MemoryLog()


def append(log: Log, *ids: str) -> None:
    body = record({"batch": [track(messageId=message_id) for message_id in ids]}).body
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", body)])
    writer.close()


def ids_of(log: Log) -> list[str]:
    ids: list[str] = []
    for partition, extent in log.extents(EVENTS).items():
        records = log.read(
            EVENTS,
            partition=partition,
            offset=extent.first,
            records_max=1_000,
            bytes_max=1 << 30,
        )
        for block in (decode_block(found.body) for found in records):
            events = msgspec.json.Decoder(Event).decode_lines(block.events)
            ids += [event.message_id for event in events]
    return ids


def fail_once(refiner: Refiner, error: Exception, *, commits: bool) -> None:
    """Let the next commit fail, before or after it took place."""
    refiner.step(0.0)
    consumer: Any = refiner._consumer
    commit: Callable[..., list[int]] = consumer.commit

    def failing(**changes: Any) -> list[int]:
        consumer.commit = commit
        if commits:
            commit(**changes)
        raise error

    consumer.commit = failing


@pytest.mark.parametrize("error", [LogFullError("full"), TransientError("away")])
def test_a_commit_that_failed_is_tried_again(config: Config, log: Log, error: Exception) -> None:
    refiner = Refiner(config, log, clock=lambda: NOW)
    fail_once(refiner, error, commits=False)
    append(log, "m1", "m2")

    with pytest.raises(type(error)):
        refiner.step(0.0)
    refiner.step(0.0)

    assert ids_of(log) == ["m1", "m2"]


def test_a_commit_whose_answer_was_lost_is_not_made_twice(config: Config, log: Log) -> None:
    refiner = Refiner(config, log, clock=lambda: NOW)
    fail_once(refiner, TransientError("no answer"), commits=True)
    append(log, "m1", "m2")
    with pytest.raises(TransientError):
        refiner.step(0.0)
    append(log, "m2", "m3")

    refiner.step(0.0)

    assert ids_of(log) == ["m1", "m2", "m3"]


def test_ids_of_a_commit_whose_answer_was_lost_are_known_after_the_end(
    config: Config, log: Log
) -> None:
    refiner = Refiner(config, log, clock=lambda: NOW)
    append(log, "m0")
    fail_once(refiner, TransientError("no answer"), commits=True)
    append(log, "m1")
    with pytest.raises(TransientError):
        refiner.step(0.0)
    refiner.close()
    append(log, "m1", "m2")

    Refiner(config, log, clock=lambda: NOW).step(0.0)

    assert ids_of(log) == ["m0", "m1", "m2"]


def test_an_index_that_cannot_be_opened_is_tried_again(config: Config, log: Log) -> None:
    append(log, "m1")
    refiner = Refiner(config, log)
    directory = config.data_dir / "dedup"
    directory.write_text("in the way")

    with pytest.raises(TransientError, match="cannot be opened"):
        refiner.step(0.0)
    directory.unlink()
    refiner.step(0.0)

    assert ids_of(log) == ["m1"]


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"tailrace_refine_{name}", labels) or 0.0


def test_a_step_is_measured(config: Config, log: Log) -> None:
    refined = sample("events_total", outcome="refined")
    invalid = sample("invalid_events_total", reason="event_not_defined")
    refiner = Refiner(config, log, clock=lambda: NOW)
    body = {"batch": [track(), track(event="")]}
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", record(body).body)])

    refiner.step(0.0)

    assert sample("events_total", outcome="refined") == refined + 1
    assert sample("invalid_events_total", reason="event_not_defined") == invalid + 1
    assert sample("lag_seconds") == pytest.approx(2.0)
    assert sample("dedup_ids", place="memory") == 1


def test_closing_what_was_never_opened_does_nothing(config: Config, log: Log) -> None:
    Refiner(config, log).close()

    assert not (config.data_dir / "dedup").exists()


class Following:
    """Knows no source until it is asked to catch up."""

    def __init__(self, *, problem: str = "") -> None:
        self.workspace = fixed_workspace([])
        self.problem = problem
        self.asked = 0

    def catch_up(self) -> Workspace:
        self.asked += 1
        self.workspace = fixed_workspace([source(ip="keep")])
        return self.workspace


def test_a_source_that_is_not_known_yet_is_asked_for_before_its_events_are_refined(
    config: Config, log: Log
) -> None:
    following = Following()
    refiner = Refiner(config, log, following=following, clock=lambda: NOW)
    body = record(track(messageId="m1", context={"ip": "192.0.2.1"}), shape="call").body
    writer = log.writer(RAW)
    writer.append([NewRecord(b"", body), NewRecord(b"", body)])
    writer.close()

    refiner.step(0.0)

    assert following.asked == 1
    (found,) = log.read(EVENTS, partition=0, offset=0, records_max=9, bytes_max=1 << 20)
    # What is known of no source is kept of no address.
    assert b"192.0.2.1" in decode_block(found.body).events


def test_nobody_is_asked_for_a_source_who_does_not_answer(config: Config, log: Log) -> None:
    following = Following(problem="away")
    append(log, "m1")

    Refiner(config, log, following=following, clock=lambda: NOW).step(0.0)

    assert following.asked == 0
    assert ids_of(log) == ["m1"]
