"""The loader between a log in memory and the real embedded engine."""

import random
import threading
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_blocks import AT, make_block, make_event, make_set_aside, numbered_block

from tailrace.config import Config, LogConfig
from tailrace.errors import CorruptionError, TransientError
from tailrace.event import Block, encode_block
from tailrace.ledger import STORE_GROUP, STORED
from tailrace.log import EVENTS, NewRecord
from tailrace.store import Loader, Store, open_store
from tailrace.testing import MemoryLog

MINUTE = int(AT.timestamp()) // 60


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return Config(data_dir=tmp_path_factory.mktemp("loader"))


@pytest.fixture(scope="module")
def opened(config: Config) -> Iterator[Store]:
    store = open_store(config)
    yield store
    store.close()


@pytest.fixture
def store(opened: Store) -> Store:
    empty(opened)
    return opened


def empty(store: Store) -> None:
    with store.client() as client:
        for table in ("events_data", "set_aside", "load_groups"):
            client.command(f"TRUNCATE TABLE {table}")


def append(log: MemoryLog, *blocks: Block) -> None:
    writer = log.writer(EVENTS)
    writer.append([NewRecord(b"", encode_block(block)) for block in blocks])
    writer.close()


def stored(store: Store) -> tuple[int, int]:
    """Return how many events there are, and how many different ones."""
    with store.client() as client:
        count, distinct = client.query(
            "SELECT count(), uniqExact(message_id) FROM events"
        ).result_rows[0]
    return count, distinct


class Interruption(BaseException):
    """Stands for the end of the process."""


class FailingLog(MemoryLog):
    """A log whose commits are refused as often as asked."""

    refusals: list[BaseException]

    def consumer(self, group: str, *, stream: str, emits: str | None = None):
        consumer = super().consumer(group, stream=stream, emits=emits)
        commit = consumer.commit

        def refuse_or_commit(**arguments):
            if self.refusals:
                raise self.refusals.pop()
            return commit(**arguments)

        consumer.commit = refuse_or_commit
        return consumer


def test_a_step_loads_what_is_there_and_keeps_the_books(config: Config, store: Store) -> None:
    log = MemoryLog()
    append(log, numbered_block(0, 3), numbered_block(3, 4))
    told: list[int] = []
    loader = Loader(config, log, store, on_loaded=lambda block: told.append(block.events_count))

    assert loader.step(timeout_s=0) == 7

    assert stored(store) == (7, 7)
    assert told == [3, 4]
    assert log.positions(STORE_GROUP) == {0: 2}
    (count,) = log.counts(minute_from=MINUTE, minute_until=MINUTE + 1)
    assert count == ("web", MINUTE, STORED, 7)
    assert loader.step(timeout_s=0) == 0
    loader.close()


def test_records_that_wait_are_inserted_together(config: Config, store: Store) -> None:
    log = MemoryLog()
    append(log, numbered_block(0, 1))
    loader = Loader(config, log, store)
    loader.step(timeout_s=0)
    append(log, *(numbered_block(first, 1) for first in range(1, 40)))

    loader.step(timeout_s=0)

    assert stored(store) == (40, 40)
    assert store.stats().parts == 2
    loader.close()


def test_what_was_set_aside_is_loaded_too(config: Config, store: Store) -> None:
    log = MemoryLog()
    append(log, make_block([], [make_set_aside("m-1")]))
    loader = Loader(config, log, store)

    assert loader.step(timeout_s=0) == 0

    assert len(store.find_set_aside("m-1")) == 1
    assert log.positions(STORE_GROUP) == {0: 1}
    loader.close()


def test_a_refused_commit_repeats_nothing(config: Config, store: Store) -> None:
    log = FailingLog()
    log.refusals = [TransientError("away")]
    append(log, numbered_block(0, 3), numbered_block(3, 4))
    loader = Loader(config, log, store)

    with pytest.raises(TransientError):
        loader.step(timeout_s=0)
    append(log, numbered_block(7, 2))
    while log.positions(STORE_GROUP).get(0, 0) < 3:
        loader.step(timeout_s=0)

    assert stored(store) == (9, 9)
    loader.close()


def test_bad_json_in_a_group_reduces_its_event_alone(config: Config, store: Store) -> None:
    log = MemoryLog()
    bad = make_event("m-bad", raw_offset=99, properties='{"a": 1e999}')
    append(log, numbered_block(0, 1))
    loader = Loader(config, log, store)
    loader.step(timeout_s=0)
    append(log, numbered_block(1, 3), make_block([bad]), numbered_block(4, 3))

    loader.step(timeout_s=0)

    assert stored(store) == (8, 8)
    assert store.find_event("m-bad")[0]["problem"] != ""
    assert store.find_event("m-5")[0]["properties"] == {"number": 5}
    loader.close()


@pytest.mark.parametrize(
    "body", [b"nonsense", encode_block(Block(99, [], b"", (0, 0), 0, b"", 0, b""))]
)
def test_a_record_that_is_no_block_stops_its_loading(
    config: Config, store: Store, body: bytes
) -> None:
    log = MemoryLog()
    log.writer(EVENTS).append([NewRecord(b"", body)])
    loader = Loader(config, log, store)

    with pytest.raises(CorruptionError, match="partition 0, offset 0"):
        loader.step(timeout_s=0)

    loader.close()


def test_run_goes_on_after_an_outage_until_it_is_stopped(config: Config, store: Store) -> None:
    log = FailingLog()
    log.refusals = [TransientError("away")]
    append(log, numbered_block(0, 3))
    stop = threading.Event()
    loader = Loader(config, log, store, on_loaded=lambda _: stop.set())

    loader.run(stop)

    assert stored(store) == (3, 3)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), partitions=st.integers(1, 3))
def test_no_interruption_repeats_or_loses_an_event(
    config: Config, opened: Store, seed: int, partitions: int
) -> None:
    empty(opened)
    chance = random.Random(seed)
    log = FailingLog()
    log.refusals = []
    writers = [log.writer(EVENTS) for _ in range(partitions)]
    appended = 0
    first = chance.randrange(2**40) * 1000
    loader = Loader(config, log, opened)

    for _ in range(chance.randrange(1, 8)):
        for writer in chance.sample(writers, chance.randrange(1, partitions + 1)):
            blocks = []
            for _ in range(chance.choice([1, 1, 3])):
                blocks.append(identified(first + appended))
                appended += 1
            writer.append([NewRecord(b"", encode_block(block)) for block in blocks])
        if chance.random() < 0.6:
            log.refusals = [chance.choice([TransientError("away"), Interruption()])]
        try:
            loader.step(timeout_s=0)
        except TransientError:
            pass
        except Interruption:
            loader.close()
            loader = Loader(config, log, opened)
    log.refusals = []
    while loader.step(timeout_s=0):
        pass
    loader.close()

    assert stored(opened) == (appended, appended)


def identified(number: int) -> Block:
    return make_block([make_event(f"m-{number}")])


def test_a_lost_log_begun_anew_is_loaded(config: Config, store: Store) -> None:
    for first in (0, 10):
        log = MemoryLog()
        append(log, *numbered(first, 5))
        loader = Loader(config, log, store)
        while loader.step(timeout_s=0):
            pass
        loader.close()

    assert stored(store) == (10, 10)


def numbered(first: int, size: int) -> Sequence[Block]:
    return [numbered_block(number, 1) for number in range(first, first + size)]


def test_a_disk_that_is_nearly_full_holds_the_loader_up_and_loses_nothing(
    config: Config, store: Store
) -> None:
    log = MemoryLog()
    append(log, numbered_block(0, 5))
    careful = msgspec.structs.replace(config, log=LogConfig(free_bytes_min=2**62))
    loader = Loader(careful, log, store)

    with pytest.raises(TransientError, match="free_bytes_min"):
        loader.step(timeout_s=0)

    loader.close()
    assert stored(store) == (0, 0)
    later = Loader(config, log, store)
    later.step(timeout_s=0)
    later.close()
    assert stored(store) == (5, 5)
