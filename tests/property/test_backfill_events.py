"""A stored event, read again for a backfill, is the event as it was delivered live."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_refine_json import CALLS, refine

from tailrace.app.backfilling_events import fed_event
from tailrace.config import Config, QueryConfig
from tailrace.deliver.backfill_jobs import FedEvent
from tailrace.deliver.payload import body_of, lines_of, minute_of
from tailrace.event import Block, Call
from tailrace.query import Past, PastPlace, Questions, first_place
from tailrace.store import Store, open_store

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
YEAR_1989_MS, YEAR_2100_MS = 600_000_000_000, 4_102_444_800_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(Config(data_dir=tmp_path_factory.mktemp("past")))
    yield opened
    opened.close()


def stored(store: Store, blocks: list[Block]) -> None:
    """Store nothing but these blocks."""
    with store.client() as client:
        client.command("TRUNCATE TABLE events_data")
    for offset, block in enumerate(blocks):
        store.insert_block(block, partition=0, offset=offset)


def live(blocks: list[Block]) -> list[FedEvent]:
    lines = [line for block in blocks for line in lines_of(block.events)]
    return [FedEvent(line.source, minute_of(line.received_at), body_of(line)) for line in lines]


def past(**asked: object) -> Past:
    fields = {
        "query": "",
        "since_ms": YEAR_1989_MS,
        "until_ms": YEAR_2100_MS,
        "sources": None,
        "received_before_ms": YEAR_2100_MS,
        "asked_at": NOW,
        **asked,
    }
    return Past(**fields)  # type: ignore[arg-type]


def read(store: Store, asked: Past, *, limit: int) -> list[FedEvent]:
    """Read all pages."""
    questions = Questions(store, limits=QueryConfig())
    found: list[FedEvent] = []
    place: PastPlace | None = first_place(asked)
    while place is not None:
        page = questions.page_of_past(asked, after=place, limit=limit)
        assert len(page.events) <= limit
        found += [fed_event(event) for event in page.events]
        place = page.next
    assert len(found) == questions.count_past(asked)
    return found


@given(st.lists(CALLS, min_size=1, max_size=12), st.integers(1, 9))
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_stored_event_is_read_again_byte_for_byte_as_it_was_delivered(
    store: Store, sent: list[Call], limit: int
) -> None:
    blocks = refine(sent).blocks
    stored(store, blocks)

    found = read(store, past(), limit=limit)

    assert sorted(found) == sorted(live(blocks))


def test_events_come_in_the_order_of_receipt_and_each_once(store: Store) -> None:
    calls = [
        call(number, at_us=1_735_787_050_000_000 + number // 7 * 3_000_000) for number in range(50)
    ]
    blocks = refine(calls).blocks
    stored(store, blocks)

    found = read(store, past(), limit=4)

    numbers = [int(event.body.partition(b'"n":')[2].partition(b"}")[0]) for event in found]
    assert all(before < after for before, after in pairwise(numbers))
    assert numbers == list(range(50))


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"query": "properties.n:>=47"}, [47, 48, 49]),
        ({"query": "properties.n:<3", "sources": ("web",)}, [0, 1, 2]),
        ({"query": "properties.n:<3", "sources": ("app",)}, []),
        ({"since_ms": 1_735_787_050_048}, [48, 49]),
        ({"until_ms": 1_735_787_050_002}, [0, 1]),
        ({"received_before_ms": 1_735_787_050_002}, [0, 1]),
    ],
    ids=str,
)
def test_only_what_is_asked_for_is_read(
    store: Store, asked: dict[str, object], numbers: list[int]
) -> None:
    calls = [call(number, at_us=1_735_787_050_000_000 + number * 1_000) for number in range(50)]
    stored(store, refine(calls).blocks)

    found = read(store, past(**asked), limit=10)

    assert [
        event.body.count(b'"n":%d}' % number) for event, number in zip(found, numbers, strict=True)
    ] == [1] * len(numbers)


def call(number: int, *, at_us: int) -> Call:
    return Call(
        source="web",
        received_at=at_us,
        shape="call",
        type="track",
        path="/v1/track",
        events=1,
        is_client_side=False,
        remote_address="",
        user_agent="",
        body=b'{"event":"E","userId":"u","properties":{"n":%d}}' % number,
    )
