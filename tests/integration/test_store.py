"""The store on the real embedded engine."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from store_blocks import AT, make_block, make_event, make_set_aside, numbered_block

from tailrace.config import Config
from tailrace.errors import ConfigError, TransientError
from tailrace.event import Block
from tailrace.refine.original import pack_original
from tailrace.store import Store, StoreLockedError, open_store

MINUTE = int(AT.timestamp()) // 60


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data_dir=tmp_path)


@pytest.fixture
def store(config: Config) -> Iterator[Store]:
    opened = open_store(config)
    yield opened
    opened.close()


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    with store.client() as client:
        return [tuple(row) for row in client.query(sql).result_rows]


def test_a_block_is_stored_once_however_often_it_is_inserted(store: Store) -> None:
    block = numbered_block(0, 5)

    for _ in range(3):
        assert store.insert_block(block, partition=0, offset=7) == 0

    assert rows(store, "SELECT count(), uniqExact(message_id) FROM events") == [(5, 5)]


def test_a_place_in_a_log_begun_anew_is_not_taken_for_the_old_one(store: Store) -> None:
    store.insert_block(numbered_block(0, 5), partition=0, offset=0)

    store.insert_block(numbered_block(5, 5), partition=0, offset=0)

    assert rows(store, "SELECT count() FROM events") == [(10,)]


def test_an_event_keeps_all_its_columns(store: Store) -> None:
    event = make_event(
        "m-1",
        name="Home",
        user_id="u-1",
        anonymous_id="a-1",
        group_id="g-1",
        previous_id="p-1",
        original_timestamp=AT - timedelta(hours=1),
        properties='{"total": 19.5, "tags": ["a"], "day": "2026-01-02"}',
        traits='{"plan": "pro"}',
        context='{"page": {"path": "/p"}, "library": {"name": "js"}, "odd": {"x": [1]}}',
        integrations='{"All": true}',
        is_bot=True,
        raw_index=3,
    )

    store.insert_block(make_block([event]), partition=0, offset=0)

    (found,) = store.find_event("m-1")
    assert found["properties"] == {"total": 19.5, "tags": ["a"], "day": "2026-01-02"}
    assert (
        found["context"] == '{"page": {"path": "/p"}, "library": {"name": "js"}, "odd": {"x": [1]}}'
    )
    assert found["original_timestamp"] == AT - timedelta(hours=1)
    assert found["sent_at"] is None
    for name in ("name", "user_id", "anonymous_id", "group_id", "previous_id", "is_bot"):
        assert found[name] == getattr(event, name)
    assert (found["problem"], found["raw_index"]) == ("", 3)


def test_the_view_reads_paths_of_every_object(store: Store) -> None:
    context = '{"page": {"path": "/p"}, "locale": "de", "library": {"name": "js"}, "odd": {"x": 1}}'
    event = make_event(
        "m-1", properties='{"a": {"b": 2}}', context=context, integrations='{"All": true}'
    )
    store.insert_block(make_block([event]), partition=0, offset=0)

    found = rows(
        store,
        "SELECT properties.a.b, context.page.path, context.locale, context.library.name, "
        "context.odd.x, context.nothing, integrations.All FROM events",
    )

    assert found == [(2, "/p", "de", "js", 1, None, True)]


def test_context_that_is_no_object_where_one_is_expected_is_kept(store: Store) -> None:
    contexts = ['{"page": "x"}', '{"page": {"path": 7}, "locale": ["x"]}', "[1]", "{}"]
    events = [make_event(f"m-{n}", context=text) for n, text in enumerate(contexts)]

    assert store.insert_block(make_block(events), partition=0, offset=0) == 0

    assert [store.find_event(f"m-{n}")[0]["context"] for n in range(4)] == contexts


@pytest.mark.parametrize("bad", ['{"a": "\\ud800"}', '{"a": 1e999}'])
def test_an_event_whose_json_cannot_be_read_is_stored_without_it(store: Store, bad: str) -> None:
    good = [make_event(f"m-{n}", raw_index=n, properties='{"a": 1}') for n in range(4)]
    poison = make_event("m-bad", raw_index=9, properties=bad, original=bad)
    block = make_block([*good[:2], poison, *good[2:]])

    reduced = [store.insert_block(block, partition=0, offset=0) for _ in range(3)]

    assert reduced == [1, 0, 0]
    assert rows(store, "SELECT count() FROM events WHERE properties.a = 1") == [(4,)]
    (found,) = store.find_event("m-bad")
    assert (found["original"], found["properties"]) == (bad, {})
    assert found["problem"] == "ClickHouse could not read its JSON: INCORRECT_DATA"


def test_a_block_of_bad_events_alone_is_stored(store: Store) -> None:
    events = [make_event(f"m-{n}", raw_index=n, properties='{"a": 1e999}') for n in range(50)]

    assert store.insert_block(make_block(events), partition=0, offset=0) == 50

    assert rows(store, "SELECT uniqExact(message_id) FROM events") == [(50,)]


def test_paths_that_collide_are_no_problem(store: Store) -> None:
    texts = ['{"a": {"b": 1}, "a.b": 2}', '{"a": 1, "a": 2}', '{"": {"": 1}}', '{"a": null}']
    events = [make_event(f"m-{n}", raw_index=n, properties=text) for n, text in enumerate(texts)]

    assert store.insert_block(make_block(events), partition=0, offset=0) == 0


def test_thousands_of_names_in_properties_are_stored(store: Store) -> None:
    events = [
        make_event(
            f"m-{n}", raw_index=n, properties=json.dumps({f"k{n}-{k}": k for k in range(50)})
        )
        for n in range(60)
    ]

    assert store.insert_block(make_block(events), partition=0, offset=0) == 0

    assert rows(store, "SELECT properties.`k59-49` FROM events WHERE message_id = 'm-59'") == [
        (49,)
    ]


def test_times_spread_over_decades_make_one_part(store: Store) -> None:
    start = datetime(1990, 1, 1, tzinfo=UTC)
    events = [
        make_event(f"m-{n}", raw_index=n, timestamp=start + timedelta(days=26 * n))
        for n in range(500)
    ]

    store.insert_block(make_block(events), partition=0, offset=0)

    assert store.stats().parts == 1
    assert rows(store, "SELECT count(), min(timestamp) FROM events") == [(500, start)]


def test_what_was_set_aside_is_found(store: Store) -> None:
    gone = make_set_aside("m-1", reason="event_not_string", outcome="invalid", original='{"a":1}')

    store.insert_block(make_block([], [gone]), partition=0, offset=0)
    store.insert_block(make_block([], [gone]), partition=0, offset=0)

    (found,) = store.find_set_aside("m-1")
    assert (found["outcome"], found["reason"], found["original"]) == (
        "invalid",
        "event_not_string",
        '{"a":1}',
    )
    assert store.find_event("m-1") == []


def test_set_aside_is_kept_for_the_days_of_the_setting(config: Config) -> None:
    short = msgspec.structs.replace(
        config, store=msgspec.structs.replace(config.store, set_aside_days=2)
    )
    open_store(config).close()

    store = open_store(short)

    assert "toIntervalDay(2)" in str(rows(store, "SHOW CREATE TABLE set_aside")).replace(
        "_CAST(2, 'UInt32')", "2"
    )
    store.close()


def test_events_are_found_by_source_too(store: Store) -> None:
    events = [make_event("m-1", source=source) for source in ("web", "app")]
    store.insert_block(make_block(events), partition=0, offset=0)

    assert len(store.find_event("m-1")) == 2
    assert [row["source"] for row in store.find_event("m-1", source="app")] == ["app"]
    assert store.find_event("m-2") == []


def test_stored_events_are_counted_by_minute(store: Store) -> None:
    events = [
        make_event("m-1"),
        make_event("m-2", source="app"),
        make_event("m-3", received_at=AT + timedelta(seconds=59, milliseconds=999)),
        make_event("m-4", received_at=AT + timedelta(seconds=60)),
    ]
    store.insert_block(make_block(events), partition=0, offset=0)

    counts = store.counts_by_minute(minute_from=MINUTE, minute_until=MINUTE + 1)

    assert counts == {("web", MINUTE): 2, ("app", MINUTE): 1}


def test_the_original_comes_back_exactly(store: Store) -> None:
    sent = '{ "messageId":"m-1","timestamp":"2026-03-11T12:00:00.123Z", "userId":"u-1","x":"é\\n"}'
    packed = pack_original(
        sent.encode(),
        message_id="m-1",
        anonymous_id="",
        user_id="u-1",
        timestamp="2026-03-11T12:00:00.123Z",
        sent_at="",
    )
    event = make_event(
        "m-1",
        user_id="u-1",
        original_timestamp=AT + timedelta(milliseconds=123),
        original=packed,
    )
    store.insert_block(make_block([event]), partition=0, offset=0)

    assert store.original(store.find_event("m-1")[0]) == sent


def test_an_empty_store_has_figures(store: Store) -> None:
    stats = store.stats()

    assert (stats.rows, stats.parts, stats.bytes_per_event) == (0, 0, 0.0)
    assert stats.received_at_newest is None


def test_figures_of_a_filled_store(store: Store) -> None:
    store.insert_block(numbered_block(0, 100), partition=0, offset=0)

    stats = store.stats()

    assert (stats.rows, stats.parts, stats.mutations) == (100, 1, 0)
    assert (stats.received_at_oldest, stats.received_at_newest) == (
        AT,
        AT + timedelta(milliseconds=99),
    )
    assert stats.bytes_per_event == stats.bytes / 100


def test_an_empty_block_is_no_problem(store: Store) -> None:
    assert store.insert_block(Block(1, [], b"", (0, 0), 0, b"", 0, b""), partition=0, offset=0) == 0


def test_events_survive_closing_and_opening(config: Config) -> None:
    first = open_store(config)
    first.insert_block(numbered_block(0, 3), partition=0, offset=0)
    first.close()

    second = open_store(config)

    second.insert_block(numbered_block(0, 3), partition=0, offset=0)
    assert second.stats().rows == 3
    second.close()


def test_a_second_process_is_refused(store: Store, config: Config) -> None:
    code = (
        "import sys; from pathlib import Path; from tailrace.config import Config\n"
        "from tailrace.store import StoreLockedError, open_store\n"
        "try: open_store(Config(data_dir=Path(sys.argv[1])))\n"
        "except StoreLockedError as error: print(error)"
    )

    child = subprocess.run(
        [sys.executable, "-c", code, str(config.data_dir)], capture_output=True, text=True
    )

    assert child.stderr == ""
    assert "is open in process" in child.stdout


def test_two_databases_of_one_directory_are_apart(config: Config) -> None:
    def named(database: str) -> Config:
        dsn = f"{config.store_dsn}?database={database}"
        return msgspec.structs.replace(config, store=msgspec.structs.replace(config.store, dsn=dsn))

    one, other = open_store(named("one")), open_store(named("other"))
    one.insert_block(numbered_block(0, 3), partition=0, offset=0)

    assert (one.stats().rows, other.stats().rows) == (3, 0)
    one.close()
    assert other.stats().rows == 0
    other.close()


def test_tables_of_a_newer_release_are_refused(config: Config) -> None:
    store = open_store(config)
    with store.client() as client:
        client.command("INSERT INTO schema_version (version) VALUES (99)")
    store.close()

    with pytest.raises(ConfigError, match="have version 99; this release knows"):
        open_store(config)


def test_a_directory_that_was_refused_can_be_opened_again(config: Config) -> None:
    test_tables_of_a_newer_release_are_refused(config)
    elsewhere = msgspec.structs.replace(config, data_dir=config.data_dir / "elsewhere")

    open_store(elsewhere).close()


def test_a_closed_store_answers_that_it_is_closed(config: Config) -> None:
    store = open_store(config)
    store.close()

    with pytest.raises(TransientError, match="the store is closed"):
        store.stats()


def test_locked_is_a_matter_of_configuration() -> None:
    assert issubclass(StoreLockedError, ConfigError)
