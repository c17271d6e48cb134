"""Who watches sees what, and what happens when it is too much."""

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest

from tailrace.app.live import ROWS_PER_S, Allowance, Live, News, Watcher, show
from tailrace.app.watching import Seen, Wish
from tailrace.event import Block, Event, SetAside
from tailrace.query import EventOut

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
RAW = msgspec.Raw


class ManualClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make_event(number: int, **fields: object) -> Event:
    values: dict[str, object] = {
        "message_id": f"m-{number}",
        "type": "track",
        "event": "Order Completed",
        "source": "shop",
        "timestamp": AT,
        "received_at": AT,
        "properties": RAW(b'{"revenue":%d,"note":"Gr\xc3\xbc\xc3\x9fe \\"x\\""}' % number),
        "traits": RAW(b"{}"),
        "context": RAW(b"{}"),
        "integrations": RAW(b"{}"),
        "campaign_name": "spring",
        "raw_partition": 0,
        "raw_offset": number,
        "raw_index": 0,
        "original": "{}",
    }
    return Event(**{**values, **fields})  # type: ignore[arg-type]


def make_block(events: list[Event], asides: list[SetAside] | None = None) -> Block:
    asides = asides or []
    return Block(
        version=1,
        counts=[("shop", 1, len(events))],
        id_hashes=b"",
        received_at=(1, 1),
        events_count=len(events),
        events=b"".join(msgspec.json.encode(event) + b"\n" for event in events),
        set_aside_count=len(asides),
        set_aside=b"".join(msgspec.json.encode(aside) + b"\n" for aside in asides),
    )


def make_aside(**fields: object) -> SetAside:
    values: dict[str, object] = {
        "message_id": "m-9",
        "source": "shop",
        "received_at": AT,
        "outcome": "invalid",
        "reason": "event_not_string",
        "detail": "event is a number",
        "raw_partition": 0,
        "raw_offset": 9,
        "raw_index": 0,
    }
    return SetAside(**{**values, **fields})  # type: ignore[arg-type]


def seen(event: Event) -> Seen:
    return Seen(msgspec.json.encode(event))


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(), True),
        (Wish(source="shop"), True),
        (Wish(source="sho"), False),
        (Wish(type="track"), True),
        (Wish(type="page"), False),
        (Wish(text="order comp"), True),
        (Wish(text="GRÜSSE"), False),
        (Wish(text="GRÜßE"), True),
        (Wish(text='"x"'), True),
        (Wish(text="revenue"), True),
        (Wish(text="m-7"), True),
        (Wish(text="raw_offset"), False),
        (Wish(source="shop", text="nothing"), False),
        (Wish(question=lambda document: document["type"] == "track"), True),
        (Wish(question=lambda document: document["type"] == "page"), False),
    ],
)
def test_a_wish_is_met_or_not(wish: Wish, expected: bool) -> None:
    assert wish.matches(seen(make_event(7))) is expected


def test_what_was_set_aside_is_chosen_by_source_type_and_text() -> None:
    aside = make_aside(type="track")

    assert Wish(question=lambda _: False).matches_aside(aside)
    assert Wish(text="NUMBER").matches_aside(aside)
    assert not Wish(text="string is").matches_aside(aside)
    assert not Wish(source="other").matches_aside(aside)
    assert not Wish(type="page").matches_aside(aside)


def test_a_row_shows_the_fields_of_the_search_answer_only() -> None:
    row = msgspec.json.decode(seen(make_event(7)).row())

    assert row["properties"] == {"revenue": 7, "note": 'Grüße "x"'}
    assert row["received_at"] == "2026-11-21T09:30:00Z"
    assert set(row) == {field.name for field in msgspec.structs.fields(EventOut)} - {"original"}


def test_an_allowance_grows_with_time_up_to_one_second() -> None:
    clock = ManualClock()
    allowance = Allowance(10, monotonic=clock)

    allowance.take(10)
    assert allowance.left() == 0
    clock.now = 0.5
    assert allowance.left() == 5
    clock.now = 60
    assert allowance.left() == 10


async def _shown(block: Block, wish: Wish, *, looks: int = 1_000_000) -> News:
    watcher = Watcher(wish, loop=asyncio.get_running_loop(), monotonic=ManualClock())
    show(block, [watcher], looks=Allowance(looks, monotonic=ManualClock()))
    return await watcher.news(timeout_s=5)


def ids(rows: list[bytes]) -> list[str]:
    return [msgspec.json.decode(row)["message_id"] for row in rows]


async def test_events_come_oldest_first() -> None:
    news = await _shown(make_block([make_event(1), make_event(2)]), Wish())

    assert ids(news.events) == ["m-1", "m-2"]
    assert news.skipped == 0


async def test_of_too_many_events_the_newest_are_shown_and_the_others_counted() -> None:
    news = await _shown(make_block([make_event(n) for n in range(200)]), Wish())

    assert ids(news.events) == [f"m-{n}" for n in range(200 - ROWS_PER_S, 200)]
    assert news.skipped == 200 - ROWS_PER_S


async def test_a_rare_event_is_found_among_many() -> None:
    events = [make_event(n, type="page" if n == 3 else "track") for n in range(500)]

    news = await _shown(make_block(events), Wish(type="page"))

    assert ids(news.events) == ["m-3"]
    assert news.skipped == 0


async def test_what_there_was_no_time_to_look_at_counts_as_skipped() -> None:
    news = await _shown(make_block([make_event(n) for n in range(30)]), Wish(type="x"), looks=10)

    assert news.events == []
    assert news.skipped == 20


async def test_set_aside_events_are_shown_beside_the_others() -> None:
    news = await _shown(make_block([make_event(1)], [make_aside(), make_aside(source="b")]), Wish())

    assert [msgspec.json.decode(row)["reason"] for row in news.set_aside] == [
        "event_not_string",
        "event_not_string",
    ]


async def test_a_watcher_who_reads_slowly_loses_the_oldest_rows() -> None:
    watcher = Watcher(Wish(), loop=asyncio.get_running_loop(), monotonic=ManualClock())
    for number in range(300):
        watcher.tell(News([b"%d" % number], [], 0, 0))

    news = await watcher.news(timeout_s=5)

    assert news.events[0] == b"100"
    assert news.events[-1] == b"299"
    assert news.skipped == 100
    assert watcher.skipped_in_all == 100


async def test_nothing_new_is_empty_after_the_timeout() -> None:
    watcher = Watcher(Wish(), loop=asyncio.get_running_loop(), monotonic=ManualClock())

    assert await watcher.news(timeout_s=0.01) == News([], [], 0, 0)


async def test_blocks_reach_watchers_through_the_thread() -> None:
    live = Live(streams_max=1)
    live.start()
    watcher = live.watch(Wish())
    assert live.is_full

    live.offer(make_block([make_event(1)]))
    news = await watcher.news(timeout_s=5)
    live.leave(watcher)
    live.close()

    assert ids(news.events) == ["m-1"]
    assert live.streams == 0


async def test_closing_wakes_the_streams() -> None:
    live = Live(streams_max=1)
    live.start()
    watcher = live.watch(Wish())

    live.close()

    assert await watcher.news(timeout_s=5) == News([], [], 0, 0)
    assert live.is_closed


async def test_blocks_that_pile_up_are_dropped_and_counted() -> None:
    live = Live(streams_max=1)
    watcher = live.watch(Wish())
    for number in range(20):
        live.offer(make_block([make_event(number)], [make_aside()]))

    news = await watcher.news(timeout_s=5)

    assert news.skipped == 4
    assert news.set_aside_skipped == 4
