"""Whatever an event holds, each of its values is in a column or apart, and comes out as it was."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tailrace.destinations.warehouse import Column, Kind, Layout, Load, new_columns, shaped
from tailrace.destinations.warehouse.names import NAME_LENGTH_MAX
from tailrace.destinations.warehouse.postgres import copied
from tool_server import event_json
from warehouse_events import EVENTS, VALUES

KNOWN = st.dictionaries(
    st.sampled_from(["a_b", "id2", "ctid", "name", "event_text", "sent_at"]),
    st.sampled_from([Column(kind) for kind in Kind]),
    max_size=3,
)


def laid(events: list[dict[str, Any]]) -> Load:
    bodies = [event_json(f"m-{number}", **event) for number, event in enumerate(events)]
    load, are_laid = Layout().load(bodies)
    assert all(are_laid)
    return load


@given(st.lists(EVENTS, min_size=1, max_size=4), KNOWN)
@settings(max_examples=60, deadline=None)
def test_every_value_of_a_row_is_in_its_column_or_apart(
    events: list[dict[str, Any]], known: dict[str, Column]
) -> None:
    load = laid(events)

    for table, by_id in (load.rows | load.latest).items():
        rows = list(by_id.values())
        columns = known | {
            name: Column(kind) for name, kind in new_columns(rows, known, room=99).items()
        }
        found = shaped(table, rows, columns)
        apart = {(each.row_id, each.column) for each in found.discards}
        kept = {name: found.values[index] for index, name in enumerate(found.names)}
        for number, row in enumerate(rows):
            for name in row:
                is_kept = name in kept and kept[name][number] is not None
                assert is_kept != ((row["id"], name) in apart)
        assert len(copied(found).split("\n")) == len(rows) + 1
        assert all(len(name) <= NAME_LENGTH_MAX for name in columns)
        assert "\x00" not in copied(found)


@given(st.lists(EVENTS, min_size=1, max_size=4))
@settings(max_examples=25, deadline=None)
def test_events_that_are_laid_out_again_have_the_same_rows(events: list[dict[str, Any]]) -> None:
    def but_loading(load: Load) -> list[dict[str, Any]]:
        tables = [*load.rows.values(), *load.latest.values()]
        rows = [row for table in tables for row in table.values()]
        return [{name: row[name] for name in row if name != "uuid_ts"} for row in rows]

    first, second = laid(events), laid(events)

    assert but_loading(first) == but_loading(second)
    assert [each[:5] for each in first.discards] == [each[:5] for each in second.discards]


@given(st.binary(max_size=40) | st.builds(lambda value: json.dumps(value).encode(), VALUES))
@settings(max_examples=50, deadline=None)
def test_what_is_no_event_is_told_and_nothing_raises(body: bytes) -> None:
    load, [is_laid] = Layout().load([body])

    assert is_laid == bool(load.rows)
