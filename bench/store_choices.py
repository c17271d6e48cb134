"""What the choices of `docs/decisions/0004-events-table.md` cost: loading, size, questions.

python -m bench.store_choices load [--blocks 200] [--rate 25000] [--change NAME...]
python -m bench.store_choices fill --data-dir DIR [--events 10000000] [--days 60]
python -m bench.store_choices ask --data-dir DIR

`load` inserts blocks of 5,000 events as the loader does and prints CPU per event, once with merges
held back and once with them; `--change` tries another definition of the table. `ask` times the
usual questions on what `fill` made, without the caches of earlier answers.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.config import Config
from tailrace.store import Store, open_store
from tailrace.store.insert import EVENTS_TABLE, INDEXES_OF_MERGES, Inserter
from tailrace.store.sql import statement

FILL = Path(__file__).with_name("store_fill.sql").read_text(encoding="utf-8")
BLOCK_EVENTS = 5_000
# Most of a filled table is as merges leave it, with all indexes; the newest events are as inserts
# leave them, in as many parts as wait for a merge.
CHUNK_EVENTS = 100_000
FRESH_CHUNK_EVENTS = 25_000
FRESH_CHUNKS = 19

Change = Callable[[str], str]


def _setting(name: str, value: int) -> Change:
    def change(ddl: str) -> str:
        kept = re.sub(rf"    {name} = \d+,?\n", "", ddl).rstrip().rstrip(",")
        return f"{kept},\n    {name} = {value}"

    return change


def _key(expression: str) -> Change:
    return lambda ddl: re.sub(r"ORDER BY .*", f"ORDER BY {expression}", ddl)


def _sub(pattern: str, replacement: str) -> Change:
    return lambda ddl: re.sub(pattern, replacement, ddl)


CHANGES: dict[str, Change] = {
    "none": lambda ddl: ddl,
    "context-json": _sub(r"    context String.*", "    context JSON CODEC(ZSTD(1)),"),
    "no-json": _sub(r"(properties|traits) JSON\([^)]*\)", r"\1 String"),
    "no-original": _sub(r"    original String.*\n", ""),
    "no-words": _sub(r"    INDEX words_.*\n.*\n", ""),
    "no-projection": _sub(r"(?s),\n    PROJECTION by_hour.*?\n    \)\n", "\n"),
    "lz4": _sub(r"CODEC\(ZSTD\(1\)\)", "CODEC(LZ4)"),
    "zstd3": _sub(r"CODEC\(ZSTD\(1\)\)", "CODEC(ZSTD(3))"),
    "by-event-time": _key("(event, timestamp)"),
    "by-time": _key("timestamp"),
    "by-hour-event": _key("(toStartOfHour(timestamp), event, actor)"),
    "merge-2": _setting("min_parts_to_merge_at_once", 0),
    "merge-20": _setting("min_parts_to_merge_at_once", 20),
}

QUESTIONS = {
    "newest 50 of all time": "SELECT * FROM events ORDER BY timestamp DESC LIMIT 50",
    "newest 50 of 7 days": (
        "SELECT * FROM events WHERE timestamp >= now() - INTERVAL 7 DAY "
        "ORDER BY timestamp DESC, raw_partition DESC, raw_offset DESC, raw_index DESC LIMIT 50"
    ),
    "newest 50 of an event": (
        "SELECT * FROM events WHERE event = 'Order Completed' ORDER BY timestamp DESC LIMIT 50"
    ),
    "count of 7 days": "SELECT count() FROM events WHERE timestamp >= now() - INTERVAL 7 DAY",
    "an event by the hour": (
        "SELECT toStartOfHour(timestamp) AS hour, count() FROM events "
        "WHERE event = 'Product Added' GROUP BY hour ORDER BY hour"
    ),
    "all events by the hour": (
        "SELECT toStartOfHour(timestamp) AS hour, count() FROM events GROUP BY hour ORDER BY hour"
    ),
    "events of a user, newest 50": (
        "SELECT * FROM events WHERE user_id = {user:String} ORDER BY timestamp DESC LIMIT 50"
    ),
    "events of an anonymous id, newest 50": (
        "SELECT * FROM events WHERE anonymous_id = {anonymous:String} "
        "ORDER BY timestamp DESC LIMIT 50"
    ),
    "one message id": "SELECT * FROM events WHERE message_id = {message:String}",
    "a message id that is not there": "SELECT * FROM events WHERE message_id = 'no-such-message'",
    "properties.revenue > 50": (
        "SELECT count() FROM events WHERE ifNull(properties.revenue.:Float64 > 50, 0) "
        "OR ifNull(properties.revenue.:Int64 > 50, 0)"
    ),
    "top values of a property": (
        "SELECT properties.category.:String AS value, count() FROM events "
        "GROUP BY value ORDER BY count() DESC LIMIT 10"
    ),
    "top values of a column": (
        "SELECT browser, count() FROM events GROUP BY browser ORDER BY count() DESC LIMIT 10"
    ),
    "top values of context.page.path": (
        "SELECT context.page.path AS value, count() FROM events "
        "GROUP BY value ORDER BY count() DESC LIMIT 10"
    ),
    "top values of context.screen.width": (
        "SELECT JSONExtractRaw(context, 'screen', 'width') AS value, count() FROM events_data "
        "GROUP BY value ORDER BY count() DESC LIMIT 10"
    ),
    "unique actors by day": (
        "SELECT toDate(timestamp) AS day, uniq(actor) FROM events GROUP BY day ORDER BY day"
    ),
    "funnel of four steps in an hour": (
        "SELECT level, count() FROM (SELECT actor, windowFunnel(3600000, 'strict_once')"
        "(toUInt64(toUnixTimestamp64Milli(timestamp)), event = 'Product Viewed', "
        "event = 'Product Added', event = 'Checkout Started', event = 'Order Completed') AS level "
        "FROM events WHERE event IN ('Product Viewed', 'Product Added', 'Checkout Started', "
        "'Order Completed') GROUP BY actor) GROUP BY level ORDER BY level"
    ),
    "median revenue by campaign": (
        "SELECT campaign_name, quantile(properties.revenue.:Float64) FROM events "
        "WHERE event = 'Order Completed' GROUP BY campaign_name"
    ),
    "a rare word anywhere": (
        "SELECT count() FROM events_data "
        "WHERE positionCaseInsensitive(original, 'ord-10004711') > 0"
    ),
    "counts by minute for the books": (
        "SELECT source, toStartOfMinute(received_at) AS minute, count() FROM events "
        "WHERE received_at >= now() - INTERVAL 1 DAY GROUP BY source, minute"
    ),
}


def fill(client: Client, events: int, *, days: int = 60) -> None:
    """Fill the events table with a believable shop of so many events, ending now."""
    columns = ", ".join(name for name, *_ in _columns(client))
    fresh_from = events - min(events // 2, FRESH_CHUNKS * FRESH_CHUNK_EVENTS)
    chunks = [
        (start, min(CHUNK_EVENTS, fresh_from - start), "")
        for start in range(0, fresh_from, CHUNK_EVENTS)
    ]
    chunks += [
        (start, min(FRESH_CHUNK_EVENTS, events - start), INDEXES_OF_MERGES)
        for start in range(fresh_from, events, FRESH_CHUNK_EVENTS)
    ]
    for start, rows, left_out in chunks:
        if start == fresh_from:
            await_merges(client)
            merge_past_months(client)
        client.command(
            f"INSERT INTO {EVENTS_TABLE} ({columns}) {FILL}",
            parameters={
                "events": events,
                "days": days,
                "from": start,
                "rows": rows,
            },
            settings={
                "max_insert_block_size": rows,
                "max_insert_threads": 1,
                "max_threads": 1,
                "exclude_materialize_skip_indexes_on_insert": left_out,
                "input_format_try_infer_dates": 0,
                "input_format_try_infer_datetimes": 0,
            },
        )


def merge_past_months(client: Client) -> None:
    """Merge each month but the newest into one part, as the table does by itself in three days."""
    rows = client.query(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active "
        "AND table = 'events_data' AND database = currentDatabase() ORDER BY partition_id"
    ).result_rows
    for (month,) in rows[:-1]:
        client.command(f"OPTIMIZE TABLE {EVENTS_TABLE} PARTITION ID '{month}' FINAL")


def await_merges(client: Client, *, quiet_s: float = 3.0) -> None:
    """Wait until no merge has run for a while."""
    since = time.monotonic()
    while time.monotonic() - since < quiet_s:
        if client.command("SELECT count() FROM system.merges"):
            since = time.monotonic()
        time.sleep(0.2)


def blocks_of(client: Client, blocks: int) -> list[bytes]:
    """Return blocks of JSON lines like those of the events log, a day's at a steady rate."""
    settings = {"date_time_output_format": "iso", "output_format_json_escape_forward_slashes": 0}
    objects = "integrations::JSON AS integrations, context::JSON AS context"
    sql = f"SELECT * REPLACE ({objects}, is_bot::Bool AS is_bot) FROM ({FILL})"
    return [
        client.raw_query(
            sql,
            parameters={
                "events": 10_000_000,
                "days": 1,
                "from": number * BLOCK_EVENTS,
                "rows": BLOCK_EVENTS,
            },
            settings=settings,
            fmt="JSONEachRow",
        )
        for number in range(blocks)
    ]


def load(store: Store, blocks: list[bytes], *, change: str, rate: float) -> None:
    """Print what loading the blocks into a changed table costs."""
    inserter = Inserter(store.pool, is_embedded=store.is_embedded)
    ddl = CHANGES[change](statement("create_events_data"))
    events = len(blocks) * BLOCK_EVENTS
    with store.client() as client:
        client.command("DROP TABLE events_data SYNC")
        client.command(ddl)
        client.command("SYSTEM STOP MERGES events_data")
        costs = sorted(_insert(inserter, lines, f"a/{n}") for n, lines in enumerate(blocks))
        client.command("TRUNCATE TABLE events_data")
        client.command("SYSTEM START MERGES events_data")
        started, cpu = time.monotonic(), time.process_time()
        for number, lines in enumerate(blocks):
            _insert(inserter, lines, f"b/{number}")
            if rate:
                due = started + (number + 1) * BLOCK_EVENTS / rate
                time.sleep(max(0.0, due - time.monotonic()))
        per_s = events / (time.monotonic() - started)
        live = (time.process_time() - cpu) / events * 1e6
        await_merges(client)
        parts, size = client.query(
            "SELECT count(), sum(bytes_on_disk) / sum(rows) FROM system.parts "
            "WHERE table = 'events_data' AND database = currentDatabase() AND active"
        ).result_rows[0]
        client.command("OPTIMIZE TABLE events_data FINAL")
    merged = store.stats().bytes_per_event
    print(
        f"{change:14} insert {costs[len(costs) // 4] / BLOCK_EVENTS * 1e6:5.1f} us/event; with "
        f"merges {live:5.1f} at {per_s:,.0f}/s; {parts} parts, {size:.0f} bytes/event, "
        f"{merged:.0f} merged",
        flush=True,
    )


def ask(store: Store) -> None:
    """Print what each question takes: the first time, and the best of three."""
    with store.client() as client:
        client.set_client_setting("use_query_condition_cache", 0)
        user, anonymous, message = client.query(
            "SELECT user_id, anonymous_id, message_id FROM events_data "
            "WHERE user_id != '' AND anonymous_id != '' "
            "AND cityHash64(message_id) % 99991 = 7 LIMIT 1"
        ).result_rows[0]
        known = {"user": user, "anonymous": anonymous, "message": message}
        for name, sql in QUESTIONS.items():
            named = {key: value for key, value in known.items() if f"{{{key}:" in sql}
            times = []
            for _ in range(3):
                started, cpu = time.monotonic(), time.process_time()
                try:
                    rows = client.query(sql, parameters=named).result_rows
                except ClickHouseError as error:
                    print(f"{name:38} {error}")
                    break
                times.append((time.monotonic() - started, time.process_time() - cpu))
            else:
                best, cpu = min(times)
                print(
                    f"{name:38} first {times[0][0] * 1e3:6.0f} ms, best {best * 1e3:6.0f} ms, "
                    f"CPU {cpu * 1e3:6.0f} ms, {len(rows)} rows",
                    flush=True,
                )


def print_sizes(store: Store) -> None:
    """Print bytes per event of each column and index."""
    rows = store.stats().rows
    with store.client() as client:
        sizes = client.query(
            "SELECT column, sum(column_bytes_on_disk) FROM system.parts_columns WHERE active "
            "AND table = 'events_data' AND database = currentDatabase() GROUP BY column "
            "UNION ALL SELECT name, data_compressed_bytes FROM system.data_skipping_indices "
            "WHERE table = 'events_data' AND database = currentDatabase()"
        ).result_rows
    for name, size in sorted(sizes, key=lambda row: -row[1]):
        if size > rows / 20:
            print(f"    {name:24} {size / rows:6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["load", "fill", "ask"])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--blocks", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--change", nargs="*", default=["none"], choices=sorted(CHANGES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tailrace-choices-") as scratch:
        store = open_store(Config(data_dir=options.data_dir or Path(scratch)))
        try:
            _run(store, options)
        finally:
            store.close()


def _run(store: Store, options: argparse.Namespace) -> None:
    with store.client() as client:
        if options.what == "load":
            blocks = blocks_of(client, options.blocks)
            for change in options.change:
                load(store, blocks, change=change, rate=options.rate)
            return
        if options.what == "fill":
            cpu = time.process_time()
            fill(client, options.events, days=options.days)
            await_merges(client)
            print(f"{(time.process_time() - cpu) / options.events * 1e6:.1f} us CPU per event")
    if options.what == "ask":
        ask(store)
    print(store.stats())
    print_sizes(store)


def _insert(inserter: Inserter, lines: bytes, token: str) -> float:
    cpu = time.process_time()
    inserter.insert(EVENTS_TABLE, lines, token=token)
    return time.process_time() - cpu


def _columns(client: Client) -> list[tuple[str, str]]:
    rows = client.query(
        f"DESCRIBE ({FILL})", parameters={"events": 1, "days": 1, "from": 0, "rows": 1}
    ).result_rows
    return [(str(name), str(kind)) for name, kind, *_ in rows]


if __name__ == "__main__":
    main()
