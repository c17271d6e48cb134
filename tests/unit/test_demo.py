from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

from tailrace.demo import history, live

END = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_same_seed_gives_the_same_shop() -> None:
    one = list(history(start=END - timedelta(days=3), end=END, events=500, seed=4))
    other = list(history(start=END - timedelta(days=3), end=END, events=500, seed=4))

    assert one == other


def test_history_is_in_order_and_about_as_long_as_asked() -> None:
    calls = list(history(start=END - timedelta(days=30), end=END, events=20_000))

    times = [call["timestamp"] for call in calls]
    assert times == sorted(times)
    assert 15_000 < len(calls) < 25_000
    assert len({call["messageId"] for call in calls}) == len(calls)


def test_the_shop_has_a_funnel_that_narrows() -> None:
    calls = list(history(start=END - timedelta(days=30), end=END, events=20_000))

    events = Counter(call.get("event") for call in calls)
    steps = ["Product Viewed", "Product Added", "Checkout Started", "Order Completed"]
    counts = [events[step] for step in steps]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] > 50


def test_every_kind_of_call_that_a_shop_makes_occurs() -> None:
    calls = history(start=END - timedelta(days=30), end=END, events=20_000)

    kinds = {call["type"] for call in calls}

    assert kinds == {"identify", "track", "page", "screen", "group"}


def test_live_visits_happen_now() -> None:
    before = datetime.now(UTC)

    calls = list(islice(live(seed=3), 50))

    first = datetime.fromisoformat(calls[0]["timestamp"])
    assert abs(first - before) < timedelta(minutes=1)
