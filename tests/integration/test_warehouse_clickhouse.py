"""Loading into ClickHouse's engine over HTTP: its tables have what was sent, once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from clickhouse_http import USER, running_clickhouse
from tailrace.deliver.tools import DestinationTools
from tailrace.destinations import check
from tailrace.destinations.api import Delivered, Json, Outcome, Rejected, Retry
from tailrace.destinations.clickhouse import DESTINATION, Loaded, Settings, load
from tailrace.errors import SettingsError, TransientError
from tool_server import Answer, ToolServer, event_json, loopback_tools
from warehouse_events import EVENTS

PASSWORD = "planted-password-of-loader"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_clickhouse(tmp_path_factory.mktemp("clickhouse"), PASSWORD) as url:
        yield url


class Warehouse:
    """Databases of a test, told apart by their prefix, and what loads into them."""

    def __init__(self, url: str, number: int, tools: DestinationTools) -> None:
        self.url = url
        self.prefix = f"t{number}_"
        self.tools = tools

    def settings(self, **given: object) -> Any:
        values = {
            "url": self.url,
            "user": USER,
            "password": PASSWORD,
            "database_prefix": self.prefix,
            "timeout_s": 20,
            **given,
        }
        return check(DESTINATION, values).settings

    async def load(
        self, *events: Json, source: str = "web-app", settings: Settings | None = None
    ) -> Sequence[Outcome]:
        payloads = [Loaded(event=event, source=source) for event in events]
        return await load(payloads, settings or self.settings(), self.tools)

    def rows(self, sql: str) -> list[list[Any]]:
        """Return what a question gives; `web` in it is the database of the source."""
        sql = sql.replace("web.", f"{self.prefix}web_app.")
        if sql.startswith("SELECT"):
            sql += " SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONCompactEachRow"
        headers = {"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD}
        response = httpx.post(self.url, content=sql, headers=headers)
        assert response.status_code == 200, response.text
        return [json.loads(line) for line in response.text.splitlines()]

    def types(self, table: str) -> dict[str, str]:
        found = self.rows(
            "SELECT name, type FROM system.columns WHERE "
            f"database = '{self.prefix}web_app' AND table = '{table}' ORDER BY position"
        )
        return dict(found)

    def discards(self) -> list[list[Any]]:
        return self.rows(
            "SELECT row_id, table_name, column_name, column_value FROM web.discards FINAL "
            "ORDER BY ALL"
        )


NUMBERS = iter(range(1_000))


@pytest_asyncio.fixture
async def warehouse(url: str) -> AsyncIterator[Warehouse]:
    async with loopback_tools() as tools:
        yield Warehouse(url, next(NUMBERS), tools)


def track(number: int, event: str = "Order", **properties: object) -> Json:
    at = f"2026-11-21T10:{number // 60 % 60:02}:{number % 60:02}.000Z"
    return event_json(f"m-{number:05}", event=event, receivedAt=at, properties=properties)


def identify(number: int, user: str = "u-1", **traits: object) -> Json:
    at = f"2026-11-21T10:00:{number:02}.000Z"
    return event_json(f"i-{number}", type="identify", userId=user, receivedAt=at, traits=traits)


def are_delivered(outcomes: Sequence[Outcome]) -> bool:
    return bool(outcomes) and all(isinstance(each, Delivered) for each in outcomes)


async def test_events_are_rows_with_columns_of_their_types(warehouse: Warehouse) -> None:
    outcomes = await warehouse.load(
        track(
            1, total=12.5, count=2**53 + 1, isNew=True, at="2026-11-21T09:00:00.5Z", note="ä\t'\\"
        ),
        track(2, "Sign Up", tags=["a", 1]),
        identify(3, plan="pro"),
        event_json("p-1", type="page", name="Home", properties={"path": "/"}),
        event_json("g-1", type="group", groupId="g", traits={"seats": 3}),
        event_json("a-1", type="alias", previousId="old"),
    )

    assert are_delivered(outcomes)
    types = warehouse.types("order")
    assert {name: types[name] for name in ("id", "total", "count", "is_new", "at", "note")} == {
        "id": "String",
        "total": "Nullable(Float64)",
        "count": "Nullable(Int64)",
        "is_new": "Nullable(Bool)",
        "at": "Nullable(DateTime64(3, 'UTC'))",
        "note": "Nullable(String)",
    }
    assert warehouse.rows("SELECT total, count, is_new, at, note, event_text FROM web.order") == [
        [12.5, 2**53 + 1, True, "2026-11-21 09:00:00.500", "ä\t'\\", "Order"]
    ]
    assert warehouse.rows("SELECT tags FROM web.sign_up") == [['["a",1]']]
    assert warehouse.rows("SELECT id, plan, user_id FROM web.identifies") == [["i-3", "pro", "u-1"]]
    assert warehouse.rows("SELECT id, plan FROM web.users") == [["u-1", "pro"]]
    assert warehouse.rows("SELECT id, seats FROM web.accounts") == [["g", 3]]
    assert warehouse.rows("SELECT name, path FROM web.pages") == [["Home", "/"]]
    assert warehouse.rows("SELECT previous_id FROM web.aliases") == [["old"]]


async def test_columns_come_widen_and_leave_apart_what_fits_nowhere(warehouse: Warehouse) -> None:
    await warehouse.load(track(1, total=10, large=2**60, flag=True))

    outcomes = await warehouse.load(
        track(2, total=9.99, large=0.5, flag="maybe", more="x"),
        track(3, total=2**53 + 1, late="9999-12-31T00:00:00.000Z"),
    )

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT id, total, large, flag, more FROM web.order ORDER BY id") == [
        ["m-00001", 10, 2**60, True, None],
        ["m-00002", 9.99, None, None, "x"],
        ["m-00003", None, None, None, None],
    ]
    assert warehouse.discards() == [
        ["m-00002", "order", "flag", "maybe"],
        ["m-00002", "order", "large", "0.5"],
        ["m-00003", "order", "late", "9999-12-31T00:00:00.000Z"],
        ["m-00003", "order", "total", str(2**53 + 1)],
    ]


async def test_weird_names_and_values_are_loaded(warehouse: Warehouse) -> None:
    weird: dict[str, Any] = {
        "nul": "a\x00b",
        "huge": 10**40,
        "long": "x" * 30_000,
        "q`uote'": 1,
        "select": 2,
        "名前": "n",
        "": "empty",
        "a" * 200: 5,
        "a" * 201: 6,
        "tiny": 5e-324,
        "null": "NULL",
        "version": "v",
    }

    outcomes = await warehouse.load(
        track(1, **weird), track(2, "Ne`w'\x00", n=1), track(3, "", n=1)
    )

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT nul, length(long), select, version, `null` FROM web.order") == [
        ["ab", 30_000, 2, "v", "NULL"]
    ]
    assert warehouse.discards() == [["m-00001", "order", "huge", "1" + "0" * 40]]
    assert warehouse.rows("SELECT n FROM web.ne_w") == [[1]]


@given(batches=st.lists(st.lists(EVENTS, min_size=1, max_size=5), min_size=2, max_size=2))
@given_settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_events_hold_is_loaded(url: str, batches: list[list[dict[str, Any]]]) -> None:
    async def load_all() -> None:
        async with loopback_tools() as tools:
            warehouse = Warehouse(url, next(NUMBERS), tools)
            for number, batch in enumerate(batches):
                bodies = [
                    event_json(f"m-{number}-{index}", **event) for index, event in enumerate(batch)
                ]
                outcomes = await warehouse.load(*bodies)
                assert are_delivered(outcomes), outcomes

    asyncio.run(load_all())


async def test_events_that_come_again_are_there_once(warehouse: Warehouse) -> None:
    events = [track(number, n=number) for number in range(50)]
    events += [track(99, n="text"), identify(1, plan="a")]
    await warehouse.load(*events)

    await warehouse.load(*events)
    same = warehouse.rows("SELECT count() FROM web.tracks")
    await warehouse.load(*events[20:], *events[:5])
    await warehouse.load(*events[:30], *events[:10])

    assert same == [[51]]
    assert warehouse.rows("SELECT count(), uniqExact(id) FROM web.tracks FINAL") == [[51, 51]]
    assert warehouse.rows("SELECT count(), sum(n) FROM web.order FINAL") == [[51, 1225]]
    assert warehouse.rows("SELECT count() FROM web.identifies FINAL") == [[1]]
    assert warehouse.discards() == [["m-00099", "order", "n", "text"]]


async def test_an_older_event_takes_nothing_from_a_newer_one(warehouse: Warehouse) -> None:
    await warehouse.load(identify(5, plan="pro", seats=3, active=True))

    await warehouse.load(identify(2, plan="free", city="Ulm"))
    await warehouse.load(identify(7, seats=4, plan=None), identify(6, seats=1, name="Ann"))

    assert warehouse.rows(
        "SELECT id, plan, seats, city, name, active, received_at FROM web.users FINAL"
    ) == [["u-1", "pro", 4, "Ulm", "Ann", True, "2026-11-21 10:00:07.000"]]


async def test_tables_that_people_change_meanwhile_are_followed(warehouse: Warehouse) -> None:
    await warehouse.load(track(1, a=1, b=1))
    warehouse.rows("ALTER TABLE web.order DROP COLUMN b")
    warehouse.rows("DROP TABLE web.tracks")

    outcomes = await warehouse.load(track(2, a=2, b=2))

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT a, b FROM web.order WHERE id = 'm-00002'") == [[2, 2]]
    assert warehouse.rows("SELECT id FROM web.tracks") == [["m-00002"]]


async def test_no_more_tables_come_about_than_may_be(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailrace.destinations.warehouse.clickhouse.EVENT_TABLES_MAX", 2)
    await warehouse.load(track(1, "A", n=1))

    outcomes = await warehouse.load(track(2, "B", n=2), track(3, "A", n=3))

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT count() FROM web.tracks") == [[3]]
    assert warehouse.discards() == [["m-00002", "b", "", '{"n":2}']]


async def test_a_constraint_that_people_added_refuses_and_does_not_stop(
    warehouse: Warehouse,
) -> None:
    await warehouse.load(track(1, total=1))
    warehouse.rows("ALTER TABLE web.order ADD CONSTRAINT c CHECK total < 5")

    refused = await warehouse.load(track(2, total=9), track(3, total=2))
    alone = await warehouse.load(track(3, total=2))

    assert all(isinstance(each, Rejected) and each.reason == "code-469" for each in refused)
    assert are_delivered(alone)


async def test_wrong_credentials_suspend(warehouse: Warehouse) -> None:
    with pytest.raises(SettingsError, match="Authentication failed") as refused:
        await warehouse.load(track(1), settings=warehouse.settings(password="planted-wrong"))

    assert "planted" not in repr(refused.value)


@pytest.mark.parametrize(("status", "code"), [(500, 252), (500, 241), (503, 0), (404, 60)])
async def test_what_may_be_better_later_is_sent_again(
    warehouse: Warehouse, status: int, code: int
) -> None:
    with ToolServer(lambda _: _refusing(status, code)).running() as server:
        [outcome] = await warehouse.load(track(1), settings=warehouse.settings(url=server.url))

    assert isinstance(outcome, Retry)
    assert outcome.status == status


@pytest.mark.parametrize(("status", "code"), [(500, 497), (403, 516), (404, 0), (401, 0)])
async def test_what_people_must_mend_suspends(warehouse: Warehouse, status: int, code: int) -> None:
    with ToolServer(lambda _: _refusing(status, code)).running() as server:
        settings = warehouse.settings(url=server.url)
        with pytest.raises(SettingsError):
            await warehouse.load(track(1), settings=settings)

    assert len(server.requests) == 1


def _refusing(status: int, code: int) -> Answer:
    headers = {"X-ClickHouse-Exception-Code": str(code)} if code else {}
    return Answer(status=status, headers=headers, body=b"DB::Exception: no")


async def test_an_answer_that_is_cut_is_no_success(warehouse: Warehouse) -> None:
    with ToolServer(lambda _: Answer(manner="half")).running() as server:
        settings = warehouse.settings(url=server.url)
        with pytest.raises(TransientError):
            await warehouse.load(track(1), settings=settings)

    assert len(server.requests) == 1


async def test_a_check_says_what_is_well_and_what_is_wrong(warehouse: Warehouse) -> None:
    assert DESTINATION.check is not None

    well = await DESTINATION.check(warehouse.settings(), warehouse.tools)
    *_, wrong = await DESTINATION.check(
        warehouse.settings(password="planted-wrong"), warehouse.tools
    )

    assert [each.name for each in well] == ["name", "connection", "sign in", "making tables"]
    assert [each.is_good for each in well[:3]] == [True, True, True]
    assert (wrong.name, wrong.is_good, wrong.setting) == ("sign in", False, "password")
    assert "planted" not in repr(wrong)
