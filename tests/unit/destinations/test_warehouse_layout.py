"""Which rows an event becomes, and which values go apart."""

from typing import Any

import pytest

from tailrace.destinations.api import Json
from tailrace.destinations.warehouse import Column, Kind, Layout, Load, new_columns, shaped, widened
from tailrace.destinations.warehouse.layout import Row
from tailrace.destinations.warehouse.values import MISFIT, fit, kind_of
from tool_server import event_json

RECEIVED_AT = "2026-11-21T10:00:01.500Z"


def laid(*events: bytes) -> Load:
    load, are_laid = Layout(reserved=frozenset({"ctid"})).load(events)
    assert all(are_laid)
    return load


def row_of(load: Load, table: str) -> dict[str, Any]:
    [row] = load.rows[table].values()
    return row


def test_a_track_is_in_tracks_and_in_a_table_of_its_name() -> None:
    load = laid(event_json("m-1", properties={"orderTotal": 5, "to": {"zipCode": "1"}}))

    common = {
        "id": "m-1",
        "user_id": "u-1",
        "received_at": RECEIVED_AT,
        "sent_at": "2026-11-21T09:00:00.250Z",
        "original_timestamp": "2026-11-21T09:00:00.000Z",
        "timestamp": "2026-11-21T10:00:00.000Z",
        "context_library_name": "test",
        "event": "order_completed",
        "event_text": "Order Completed",
    }
    tracks, orders = row_of(load, "tracks"), row_of(load, "order_completed")
    assert tracks.pop("uuid_ts") == orders.pop("uuid_ts")
    assert tracks == common
    assert orders == {**common, "order_total": 5, "to_zip_code": "1"}
    assert not load.discards


@pytest.mark.parametrize(
    ("kind", "fields", "table", "columns"),
    [
        (
            "page",
            {"name": "Home", "properties": {"category": "a", "n": 1}},
            "pages",
            "name category n",
        ),
        ("screen", {"name": "Home", "properties": {"n": 1}}, "screens", "name n"),
        ("identify", {"traits": {"plan": "pro"}}, "identifies", "user_id plan"),
        ("group", {"groupId": "g", "traits": {"seats": 3}}, "groups", "group_id seats"),
        ("alias", {"previousId": "old", "traits": {"x": 1}}, "aliases", "previous_id user_id x"),
    ],
)
def test_each_type_has_its_table(
    kind: str, fields: dict[str, Any], table: str, columns: str
) -> None:
    load = laid(event_json("m-1", type=kind, **fields))

    assert set(columns.split()) <= row_of(load, table).keys()
    assert load.rows.keys() == {table}
    assert not load.discards


def test_users_and_accounts_hold_the_newest_of_each_trait() -> None:
    def identify(number: int, traits: dict[str, Any]) -> Json:
        at = f"2026-11-21T10:00:0{number}.000Z"
        return event_json(f"m-{number}", type="identify", receivedAt=at, traits=traits)

    load = laid(
        identify(1, {"plan": "free", "email": "a@example.com"}),
        identify(3, {"plan": "pro", "seats": None}),
        identify(2, {"plan": "trial", "city": "Ulm"}),
        event_json("m-4", type="group", groupId="g-1", traits={"seats": 3}),
    )

    user = load.latest["users"]["u-1"]
    assert (user["id"], user["plan"], user["email"], user["city"]) == (
        "u-1",
        "pro",
        "a@example.com",
        "Ulm",
    )
    assert user["received_at"] == "2026-11-21T10:00:03.000Z"
    assert not {"anonymous_id", "user_id"} & user.keys()
    assert load.latest["accounts"]["g-1"]["seats"] == 3
    assert len(load.rows["identifies"]) == 3


def test_events_called_as_our_tables_have_others() -> None:
    load = laid(event_json("m-1", event="Users"), event_json("m-2", event="discards"))

    assert load.rows.keys() == {"tracks", "_users", "_discards"}


def test_lists_are_json_and_columns_of_the_database_its_own() -> None:
    load = laid(event_json("m-1", properties={"tags": ["a", {"b": 1}], "ctid": 7, "e": {}}))

    row = row_of(load, "order_completed")
    assert row["tags"] == '["a",{"b":1}]'
    assert row["_ctid"] == 7
    assert "e" not in row


def test_reserved_and_repeated_names_go_apart() -> None:
    properties = {"userId": "other", "a b": 1, "a_b": 2, "aB": 1, "received_at": RECEIVED_AT}

    load = laid(event_json("m-1", properties=properties))

    row = row_of(load, "order_completed")
    assert (row["user_id"], row["a_b"]) == ("u-1", 1)
    assert [(each.table, each.column, each.value) for each in load.discards] == [
        ("order_completed", "user_id", "other"),
        ("order_completed", "a_b", "2"),
    ]


def test_an_event_without_an_id_has_the_same_one_each_time() -> None:
    body = event_json("", userId="u" * 1_000)

    [first], [second] = laid(body).rows["tracks"], laid(body).rows["tracks"]

    assert first == second
    assert len(laid(body).rows["tracks"][first]["user_id"]) == 64


@pytest.mark.parametrize("body", [b"1", b"[]", b'{"type": 3}', b'{"type": "fax"}', b"{", b"null"])
def test_what_is_no_event_has_no_rows(body: bytes) -> None:
    load, are_laid = Layout().load([body])

    assert are_laid == [False]
    assert not load.rows


def test_json_that_python_refuses_is_loaded_nevertheless() -> None:
    body = event_json("m-1").replace(
        b'"total":12.5', b'"total":1e400,"half":"\\ud800x","long":1' + b"0" * 5_000
    )

    row = row_of(laid(body), "order_completed")

    assert row["total"] == "1e400"
    assert row["half"] == "?x"
    assert len(row["long"]) == 5_001


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, Kind.BOOLEAN),
        (1, Kind.INTEGER),
        (2**63, Kind.NUMBER),
        (1.5, Kind.NUMBER),
        ("2026-11-21T10:00:00.000Z", Kind.TIME),
        ("2026-11-21T10:00:00+02:00", Kind.TIME),
        ("2026-11-21T10:00:00", Kind.TEXT),
        ("2026-11-21", Kind.TEXT),
        ("2026-13-21T10:00:00.000Z", Kind.TEXT),
        ("12", Kind.TEXT),
        ("", Kind.TEXT),
    ],
)
def test_a_value_says_what_its_new_column_holds(value: object, kind: Kind) -> None:
    assert kind_of(value) is kind


@pytest.mark.parametrize(
    ("kind", "value", "taken"),
    [
        (Kind.TEXT, 1, "1"),
        (Kind.TEXT, True, "true"),
        (Kind.TEXT, 1.5, "1.5"),
        (Kind.TEXT, "a\x00b", "ab"),
        (Kind.INTEGER, 3.0, 3),
        (Kind.INTEGER, "12", 12),
        (Kind.INTEGER, "012", MISFIT),
        (Kind.INTEGER, 1.5, MISFIT),
        (Kind.INTEGER, 2**63, MISFIT),
        (Kind.INTEGER, True, MISFIT),
        (Kind.NUMBER, 2**70, 2**70),
        (Kind.NUMBER, "1.50", 1.5),
        (Kind.NUMBER, "NaN", MISFIT),
        (Kind.BOOLEAN, "true", True),
        (Kind.BOOLEAN, 1, MISFIT),
        (Kind.TIME, "2026-11-21", "2026-11-21T00:00:00.000000Z"),
        (Kind.TIME, "2026-11-21T10:00:00+02:00", "2026-11-21T08:00:00.000000Z"),
        (Kind.TIME, "0001-01-01T00:00:00+02:00", MISFIT),
        (Kind.TIME, "10000-01-01T00:00:00Z", MISFIT),
        (Kind.TIME, "2026-02-30T00:00:00Z", MISFIT),
        (Kind.TIME, 1763719200, MISFIT),
        (Kind.OTHER, "x", MISFIT),
    ],
)
def test_a_column_takes_what_loses_nothing(kind: Kind, value: object, taken: object) -> None:
    assert fit(Column(kind), value) == taken


def test_columns_that_people_made_narrower_take_what_fits() -> None:
    assert fit(Column(Kind.TEXT, 3), "abcd") is MISFIT
    assert fit(Column(Kind.INTEGER, 32_767), 32_768) is MISFIT
    assert fit(Column(Kind.NUMBER, is_exact=False), 2**53 + 1) is MISFIT


def test_new_columns_come_of_all_values_and_are_bounded() -> None:
    rows: list[Row] = [
        {"a": 1, "b": 1, "c": True},
        {"a": 1.5, "b": "x", "d": 1, "user_id": 5},
        {"b": 2},
    ]

    assert new_columns(rows, {"c": Column(Kind.BOOLEAN)}, room=9) == {
        "a": Kind.NUMBER,
        "b": Kind.INTEGER,
        "d": Kind.INTEGER,
        "user_id": Kind.TEXT,
    }
    assert list(new_columns(rows, {}, room=2)) == ["a", "b"]


def test_what_no_column_takes_goes_apart_and_the_row_stays() -> None:
    rows: list[Row] = [
        {"id": "m-1", "received_at": RECEIVED_AT, "n": 1, "more": "x"},
        {"id": "m-2", "received_at": RECEIVED_AT, "n": "many"},
    ]
    known = {"id": Column(Kind.TEXT), "n": Column(Kind.INTEGER), "other": Column(Kind.TEXT)}

    found = shaped("t", rows, known)

    assert found.names == ["id", "n"]
    assert found.values == [["m-1", "m-2"], [1, None]]
    assert {(each.row_id, each.column, each.value) for each in found.discards} == {
        ("m-2", "n", "many"),
        ("m-1", "more", "x"),
        ("m-1", "received_at", RECEIVED_AT),
        ("m-2", "received_at", RECEIVED_AT),
    }


def test_whole_numbers_are_widened_for_fractions_alone() -> None:
    known = {"a": Column(Kind.INTEGER), "b": Column(Kind.INTEGER), "c": Column(Kind.INTEGER)}

    assert widened([{"a": 1.5, "b": 2.0, "c": "x"}, {"c": True}], known) == ["a"]
    assert widened([{"b": 2**63}], known) == ["b"]
