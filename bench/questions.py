"""(e) how long questions take on ten million events of a shop, made inside the store."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.store_choices import await_merges, fill
from tailrace.config import Config, QueryConfig
from tailrace.query import Histogram, Questions, Search, Sql, Values
from tailrace.store import Store, open_store

DAYS = 90
RUNS = 5
UNIQUES = """
    SELECT toDate(timestamp) AS day, uniq(actor) AS people
    FROM events WHERE timestamp >= now() - INTERVAL 30 DAY GROUP BY day ORDER BY day
"""
FUNNEL = """
    SELECT level, count() AS people FROM (
        SELECT actor, windowFunnel(604800)(
            toUInt32(toUnixTimestamp(timestamp)), event = 'Product Viewed',
            event = 'Product Added', event = 'Checkout Started', event = 'Order Completed'
        ) AS level
        FROM events
        WHERE timestamp >= now() - INTERVAL 30 DAY AND event IN
            ('Product Viewed', 'Product Added', 'Checkout Started', 'Order Completed')
        GROUP BY actor
    ) GROUP BY level ORDER BY level
"""
PERCENTILE = """
    SELECT browser, quantile(0.95)(properties.revenue.:Float64) AS p95
    FROM events WHERE event = 'Order Completed' AND timestamp >= now() - INTERVAL 30 DAY
    GROUP BY browser ORDER BY browser
"""


def measure(*, events: int) -> dict[str, Any]:
    """Return the median, in milliseconds, of each question."""
    directory = Path(tempfile.mkdtemp(prefix="tailrace-bench-"))
    store = open_store(Config(data_dir=directory))
    try:
        started = time.monotonic()
        with store.client() as client:
            fill(client, events, days=DAYS)
            await_merges(client)
        filled_s = time.monotonic() - started
        stats = store.stats()
        questions = Questions(store, limits=QueryConfig())
        return {
            "events": events,
            "filled_in_s": filled_s,
            "parts": stats.parts,
            "bytes_per_event": stats.bytes_per_event,
            "median_ms": {
                name: _time(question) for name, question in _questions(store, questions).items()
            },
        }
    finally:
        store.close()
        shutil.rmtree(directory, ignore_errors=True)


def _questions(store: Store, ask: Questions) -> dict[str, Callable[[], object]]:
    with store.client() as client:
        user, message = client.query(
            "SELECT user_id, message_id FROM events_data WHERE user_id != '' "
            "ORDER BY received_at DESC LIMIT 1"
        ).result_rows[0]

    def search(query: str, since: str) -> Callable[[], object]:
        return lambda: ask.search(Search(query=query, since=since, limit=50))

    def sql(text: str) -> Callable[[], object]:
        return lambda: ask.sql(Sql(sql=text))

    return {
        "newest 50 of 24 hours": search("", "24h"),
        "newest 50 of 90 days": search("", "90d"),
        "event, 7 days": search('event:"Order Completed"', "7d"),
        "event and revenue, 7 days": search(
            'event:"Order Completed" AND properties.revenue:>50', "7d"
        ),
        "one user, 90 days": search(f'user_id:"{user}"', "90d"),
        "one message id, 90 days": search(f'message_id:"{message}"', "90d"),
        "free text, 7 days": search("titanium", "7d"),
        "free text, 90 days": search("titanium", "90d"),
        "page path, 7 days": search('context.page.path:"/sale"', "7d"),
        "histogram, 24 hours": lambda: ask.histogram(Histogram(since="24h")),
        "histogram, 30 days": lambda: ask.histogram(Histogram(since="30d")),
        "histogram by event, 30 days": lambda: ask.histogram(Histogram(since="30d", by="event")),
        "top events, 30 days": lambda: ask.values(Values(field="event", since="30d")),
        "top categories, 7 days": lambda: ask.values(
            Values(field="properties.category", since="7d")
        ),
        "count, SQL": sql("SELECT event, count() FROM events GROUP BY event"),
        "daily uniques, 30 days, SQL": sql(UNIQUES),
        "four-step funnel, 30 days, SQL": sql(FUNNEL),
        "percentile by browser, 30 days, SQL": sql(PERCENTILE),
        "look up one event": lambda: ask.event(str(message)),
    }


def _time(question: Callable[[], object]) -> float:
    question()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        question()
        times.append(1000 * (time.perf_counter() - started))
    return median(times)
