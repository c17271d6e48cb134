"""How long the commonest questions take: searches, charts, insights on events of a shop.

Cold is the first time that a question is asked with the caches of the engine and the machine
dropped before (the machine's only for a user who may), warm the median of further times.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.store_choices import await_merges, fill
from tailrace.config import Config, QueryConfig
from tailrace.query import Histogram, Questions, Search, Values
from tailrace.query.insights.asking import Events
from tailrace.query.insights.attribution import Attribution
from tailrace.query.insights.explore import ExploreEvents
from tailrace.query.insights.funnelshapes import Funnel, StepEvents
from tailrace.query.insights.lifecycle import Lifecycle
from tailrace.query.insights.pathshapes import Paths
from tailrace.query.insights.retention import Retention
from tailrace.query.insights.sessions import Sessions
from tailrace.query.insights.stickiness import Stickiness
from tailrace.query.insights.timeline import Timeline
from tailrace.query.insights.trendshapes import Trends, TrendSeries
from tailrace.store import Store, open_store

RUNS: Final = 5
# Milliseconds on two cores: half of what a bare table of ten million events took.
BARS_MS: Final[Mapping[str, float]] = {
    "count of an event": 10,
    "daily counts of everything": 95,
    "daily exact uniques": 165,
    "four-step funnel": 220,
    "retention triangle": 235,
    "newest 50 of an event": 17.5,
    "newest 50 of everything": 120,
    "one user's timeline": 100,
}
_CACHES: Final = ("MARK CACHE", "UNCOMPRESSED CACHE", "QUERY CACHE", "INDEX MARK CACHE")
_STEPS: Final = ("Product Viewed", "Product Added", "Checkout Started", "Order Completed")

Ask = Callable[[], object]


def measure(*, events: int, days: int, keep: str | None = None) -> dict[str, Any]:
    """Return milliseconds, cold and warm, of each question on so many events in so many days.

    With `keep` the store lies there, and is filled only where it is empty.
    """
    directory = Path(keep) if keep else Path(tempfile.mkdtemp(prefix="tailrace-bench-"))
    limits = QueryConfig(time_s_max=120.0)
    store = open_store(Config(data_dir=directory))
    try:
        started = time.monotonic()
        with store.client() as client:
            if not store.stats().rows:
                fill(client, events, days=days)
                await_merges(client)
        filled_s = time.monotonic() - started
        stats = store.stats()
        asked = _asked(Questions(store, limits=limits), store, days=days)
        return {
            "events": stats.rows,
            "days": days,
            "filled_in_s": round(filled_s, 1),
            "parts": stats.parts,
            "bytes_per_event": round(stats.bytes_per_event, 1),
            "ms": {name: _timed(store, ask, bar=BARS_MS.get(name)) for name, ask in asked.items()},
        }
    finally:
        store.close()
        if keep is None:
            shutil.rmtree(directory, ignore_errors=True)


def _asked(ask: Questions, store: Store, *, days: int) -> dict[str, Ask]:
    """Return the questions by name."""
    whole = f"{days}d"
    order = Events(event="Order Completed")
    with store.client() as client:
        [[user]] = client.query(
            "SELECT user_id FROM events_data WHERE user_id != '' ORDER BY received_at DESC LIMIT 1"
        ).result_rows

    def trend(*, since: str = "30d", by: list[str] | None = None, **series: Any) -> Ask:
        question = Trends(series=[TrendSeries(**series)], since=since, by=by or [])
        return lambda: ask.trends(question)

    def funnel(**rest: Any) -> Ask:
        steps = [StepEvents(event=name) for name in _STEPS]
        question = Funnel(**{"steps": steps, "since": whole, "window": 7, **rest})
        return lambda: ask.funnel(question)

    def search(query: str, since: str = whole) -> Ask:
        question = Search(query=query, since=since, limit=50)
        return lambda: ask.search(question)

    return {
        "count of an event": trend(since=whole, event="Order Completed"),
        "daily counts of everything": trend(since=whole),
        "daily exact uniques": trend(since=whole, measure="unique"),
        "four-step funnel": funnel(),
        "retention triangle": lambda: ask.retention(Retention(since=whole, columns=15)),
        "newest 50 of an event": search('event:"Order Completed"'),
        "newest 50 of everything": search(""),
        "one user's timeline": lambda: ask.timeline("person", str(user), Timeline(since=whole)),
        "histogram, 24 hours": lambda: ask.histogram(Histogram(since="24h")),
        "histogram by event, 30 days": lambda: ask.histogram(Histogram(since="30d", by="event")),
        "top events, 30 days": lambda: ask.values(Values(field="event", since="30d")),
        "top categories, 30 days": lambda: ask.values(
            Values(field="properties.category", since="30d")
        ),
        "an event and a property, 30 days": search(
            'event:"Order Completed" AND properties.revenue:>50', "30d"
        ),
        "free text, 30 days": search("titanium", "30d"),
        "orders a day, 30 days": trend(event="Order Completed"),
        "daily uniques, 30 days": trend(measure="unique"),
        "weekly active, 30 days": trend(measure="weekly_active"),
        "orders by browser, 30 days": trend(event="Order Completed", by=["browser"]),
        "everything by event, 30 days": trend(by=["event"]),
        "revenue a day, 30 days": trend(
            event="Order Completed", measure="sum", property="properties.revenue"
        ),
        "funnel, 30 days": funnel(since="30d"),
        "funnel by browser, 30 days": funnel(since="30d", by="browser"),
        "funnel with times, 30 days": funnel(since="30d", times=True),
        "retention, 30 days": lambda: ask.retention(Retention(since="30d", columns=8)),
        "stickiness, 30 days": lambda: ask.stickiness(Stickiness(since="30d")),
        "lifecycle, 30 days": lambda: ask.lifecycle(Lifecycle(since="30d")),
        "paths, 7 days": lambda: ask.paths(Paths(since="7d")),
        "sessions, 30 days": lambda: ask.sessions(Sessions(since="30d")),
        "attribution of orders, 30 days": lambda: ask.attribution(
            Attribution(conversion=order, value="properties.revenue", since="30d")
        ),
        "which events there are, 7 days": lambda: ask.explore_events(ExploreEvents(since="7d")),
    }


def _timed(store: Store, ask: Ask, *, bar: float | None) -> dict[str, Any]:
    _drop_caches(store)
    cold = _ms(ask)
    warm = median(_ms(ask) for _ in range(RUNS))
    found: dict[str, Any] = {"cold": round(cold, 1), "warm": round(warm, 1)}
    if bar is not None:
        found |= {"bar": bar, "ratio": round(warm / bar, 2)}
    return found


def _ms(ask: Ask) -> float:
    started = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - started)


def _drop_caches(store: Store) -> None:
    with store.client() as client:
        for cache in _CACHES:
            client.command(f"SYSTEM DROP {cache}")
    with contextlib.suppress(PermissionError):
        Path("/proc/sys/vm/drop_caches").write_text("3\n")
