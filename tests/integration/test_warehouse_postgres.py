"""Loading into a real PostgreSQL: its tables have what was sent, once, whatever happens."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from postgres import Cluster, running_cluster
from tailrace.deliver.tools import DestinationTools
from tailrace.destinations import check
from tailrace.destinations.api import Delivered, Json, Outcome, Rejected
from tailrace.destinations.postgres import DESTINATION, Loaded, Settings, load
from tailrace.errors import SettingsError, TransientError
from tool_server import event_json, loopback_tools
from waiting import free_port
from warehouse_events import EVENTS

PASSWORD = "planted-password-of-loader"
HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that asks for passwords on loopback."""

    cluster: Cluster
    port: int


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    port = free_port()
    with running_cluster(port=port) as cluster:
        (cluster.data / "pg_hba.conf").write_text(HBA)
        with psycopg.connect(cluster.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE loader LOGIN PASSWORD '{PASSWORD}'")
            connection.execute("SELECT pg_reload_conf()")
        yield Server(cluster=cluster, port=port)


class Warehouse:
    """A database of a test, and what loads into it."""

    def __init__(self, server: Server, tools: DestinationTools) -> None:
        self.server = server
        self.tools = tools
        self.dsn = server.cluster.new_database()
        [self.database] = self.rows("SELECT current_database()")[0]
        self.rows(f'GRANT CREATE ON DATABASE "{self.database}" TO loader')

    def settings(self, **given: object) -> Any:
        values = {
            "host": "localhost",
            "port": self.server.port,
            "database": self.database,
            "user": "loader",
            "password": PASSWORD,
            "sslmode": "disable",
            "timeout_s": 20,
            **given,
        }
        return check(DESTINATION, values).settings

    async def load(
        self, *events: Json, source: str = "web-app", settings: Settings | None = None
    ) -> Sequence[Outcome]:
        payloads = [Loaded(event=event, source=source) for event in events]
        return await load(payloads, settings or self.settings(), self.tools)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute("SET timezone = 'UTC'")
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def types(self, table: str) -> dict[str, str]:
        return dict(
            self.rows(
                "SELECT column_name, data_type FROM information_schema.columns "
                f"WHERE table_schema = 'web_app' AND table_name = '{table}' "
                "ORDER BY ordinal_position"
            )
        )

    def discards(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT row_id, table_name, column_name, column_value FROM web_app.discards "
            "ORDER BY 1, 2, 3, 4"
        )


@pytest_asyncio.fixture
async def warehouse(server: Server) -> AsyncIterator[Warehouse]:
    async with loopback_tools() as tools:
        yield Warehouse(server, tools)


def track(number: int, event: str = "Order", **properties: object) -> Json:
    at = f"2026-11-21T10:{number // 60 % 60:02}:{number % 60:02}.000Z"
    return event_json(f"m-{number:05}", event=event, receivedAt=at, properties=properties)


def identify(number: int, user: str = "u-1", **traits: object) -> Json:
    at = f"2026-11-21T10:00:{number:02}.000Z"
    return event_json(f"i-{number}", type="identify", userId=user, receivedAt=at, traits=traits)


def are_delivered(outcomes: Sequence[Outcome]) -> bool:
    return bool(outcomes) and all(isinstance(each, Delivered) for each in outcomes)


# --- The layout -----------------------------------------------------------------------------------


async def test_events_are_rows_with_columns_of_their_types(warehouse: Warehouse) -> None:
    outcomes = await warehouse.load(
        track(1, total=12.5, count=3, isNew=True, at="2026-11-21T09:00:00.000Z", note="ä\t\\ \n'"),
        track(2, "Sign Up", tags=["a", 1]),
        identify(3, plan="pro"),
        event_json("p-1", type="page", name="Home", properties={"path": "/"}),
        event_json("g-1", type="group", groupId="g", traits={"seats": 3}),
        event_json("a-1", type="alias", previousId="old"),
    )

    assert are_delivered(outcomes)
    tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'web_app'"
    assert {name for (name,) in warehouse.rows(tables)} == {
        "tracks", "order", "sign_up", "identifies", "users", "pages", "groups", "accounts",
        "aliases",
    }  # fmt: skip
    types = warehouse.types("order")
    assert [types[name] for name in ("total", "count", "is_new", "at", "note", "received_at")] == [
        "numeric",
        "bigint",
        "boolean",
        "timestamp with time zone",
        "text",
        "timestamp with time zone",
    ]
    [row] = warehouse.rows(
        'SELECT total::text, count, is_new, at::text, note, event, event_text FROM web_app."order"'
    )
    assert row == ("12.5", 3, True, "2026-11-21 09:00:00+00", "ä\t\\ \n'", "order", "Order")
    assert warehouse.rows(
        "SELECT tags, uuid_ts > now() - interval '1 min' FROM web_app.sign_up"
    ) == [('["a",1]', True)]
    assert warehouse.rows("SELECT id, plan FROM web_app.users") == [("u-1", "pro")]
    assert warehouse.rows("SELECT id, seats FROM web_app.accounts") == [("g", 3)]


async def test_all_sources_may_share_a_schema(warehouse: Warehouse) -> None:
    settings = warehouse.settings(schema="Events of all")

    for source in ("web", "ios"):
        event = event_json(f"m-{source}")
        assert are_delivered(await warehouse.load(event, source=source, settings=settings))

    assert warehouse.rows('SELECT count(*) FROM "Events of all".tracks') == [(2,)]


async def test_columns_come_with_their_first_value(warehouse: Warehouse) -> None:
    await warehouse.load(track(1, a=1))

    await warehouse.load(track(2, b="x", c=None), track(3, a=2, d=False))

    assert list(warehouse.types("order"))[-3:] == ["a", "b", "d"]
    assert warehouse.rows('SELECT id, a, b, d FROM web_app."order" ORDER BY id') == [
        ("m-00001", 1, None, None),
        ("m-00002", None, "x", None),
        ("m-00003", 2, None, False),
    ]


async def test_fractions_widen_a_column_and_what_fits_nowhere_goes_apart(
    warehouse: Warehouse,
) -> None:
    await warehouse.load(track(1, total=10, flag=True))

    await warehouse.load(track(2, total=9.99), track(3, total="many", flag="maybe"))

    assert warehouse.types("order")["total"] == "numeric"
    assert warehouse.rows('SELECT id, total::text, flag FROM web_app."order" ORDER BY id') == [
        ("m-00001", "10", True),
        ("m-00002", "9.99", None),
        ("m-00003", None, None),
    ]
    assert warehouse.discards() == [
        ("m-00003", "order", "flag", "maybe"),
        ("m-00003", "order", "total", "many"),
    ]


async def test_2000_properties_load_as_far_as_the_table_takes_them(warehouse: Warehouse) -> None:
    texts = {
        f"property {number}": f"text of thirty characters {number:05}" for number in range(2_000)
    }
    sevens: dict[str, Any] = dict.fromkeys(texts, 7)

    first = await warehouse.load(track(1, **texts))
    numbers = await warehouse.load(track(2, **sevens))

    assert are_delivered([*first, *numbers])
    columns = len(warehouse.types("order"))
    assert columns == 1_600
    apart = dict.fromkeys(("m-00001", "m-00002"), 0)
    for row_id, *_ in warehouse.discards():
        apart[row_id] += 1
    assert apart["m-00001"] > 2_000 - columns
    assert apart["m-00002"] > 2_000 - columns
    assert warehouse.rows('SELECT id, property_0 FROM web_app."order" ORDER BY id') == [
        ("m-00001", "text of thirty characters 00000"),
        ("m-00002", "7"),
    ]


WEIRD: dict[str, Any] = {
    "nul": "a\x00b",
    "huge": 10**40,
    "long": "x" * 30_000,
    "late": "9999-12-31T23:59:59.999Z",
    "later": "10000-01-01T00:00:00.000Z",
    "zone": "2026-11-21T10:00:00+15:59",
    'q"uote': 1,
    "select": 2,
    "xmin": 3,
    "ctid": 4,
    "名前": "n",
    "": "empty",
    "a" * 200: 5,
    "a" * 201: 6,
    "\\N": "\\N",
    "dot": "\\.",
    "tiny": 5e-324,
    "large": 1.7976931348623157e308,
    "deep": {"a": {"b": [{"c": None}]}},
    "%s": "%s",
    "{}": "{}",
}


async def test_weird_names_and_values_are_loaded(warehouse: Warehouse) -> None:
    await warehouse.load(track(1, **WEIRD))

    outcomes = await warehouse.load(track(2, **WEIRD), track(3, "Ne\x00w", n=1), track(4, "", n=1))

    assert are_delivered(outcomes)
    [row] = warehouse.rows(
        'SELECT nul, huge::text, length(long), late::text, later, zone::text, "select", _xmin, '
        "_ctid, n, dot, deep_a_b, tiny = 5e-324::numeric, large > 1e308 "
        "FROM web_app.\"order\" WHERE id = 'm-00002'"
    )
    assert row == (
        "ab",
        "1" + "0" * 40,
        30_000,
        "9999-12-31 23:59:59.999+00",
        "10000-01-01T00:00:00.000Z",
        "2026-11-20 18:01:00+00",
        2,
        3,
        4,
        "\\N",
        "\\.",
        '[{"c":null}]',
        True,
        True,
    )
    assert len([name for name in warehouse.types("order") if name.startswith("aaaa")]) == 2


@given(batches=st.lists(st.lists(EVENTS, min_size=1, max_size=5), min_size=2, max_size=3))
@given_settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_events_hold_is_loaded(
    server: Server, batches: list[list[dict[str, Any]]]
) -> None:
    async def load_all() -> None:
        async with loopback_tools() as tools:
            warehouse = Warehouse(server, tools)
            for number, batch in enumerate(batches):
                bodies = [
                    event_json(f"m-{number}-{index}", **event) for index, event in enumerate(batch)
                ]
                for _ in range(2):
                    outcomes = await warehouse.load(*bodies)
                    assert are_delivered(outcomes), outcomes

    asyncio.run(load_all())


async def test_no_more_tables_come_about_than_may_be(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailrace.destinations.warehouse.postgres.EVENT_TABLES_MAX", 3)
    await warehouse.load(track(1, "A", n=1), track(2, "B", n=2))

    outcomes = await warehouse.load(track(3, "C", n=3), track(4, "D", n=4), track(5, "A", n=5))

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT count(*) FROM web_app.tracks") == [(5,)]
    assert warehouse.rows("SELECT count(*) FROM web_app.a") == [(2,)]
    assert warehouse.discards() == [
        ("m-00003", "c", "", '{"n":3}'),
        ("m-00004", "d", "", '{"n":4}'),
    ]


# --- Exactly once ---------------------------------------------------------------------------------


async def test_events_that_come_again_are_there_once(warehouse: Warehouse) -> None:
    events = [track(number, n=number, bad={"n": number}) for number in range(50)]
    events += [track(99, n="text", bad=1), identify(1, plan="a")]
    await warehouse.load(*events)
    before = warehouse.rows('SELECT id, n FROM web_app."order" ORDER BY id'), warehouse.discards()

    for batch in (events, events[20:], [*events[:10], *events[:10]]):
        assert are_delivered(await warehouse.load(*batch))

    assert before == (
        warehouse.rows('SELECT id, n FROM web_app."order" ORDER BY id'),
        warehouse.discards(),
    )
    assert before[1] == [("m-00099", "order", "n", "text")]
    assert warehouse.rows("SELECT count(*), count(DISTINCT id) FROM web_app.tracks") == [(51, 51)]
    assert warehouse.rows("SELECT count(*) FROM web_app.identifies") == [(1,)]


async def test_an_older_event_takes_nothing_from_a_newer_one(warehouse: Warehouse) -> None:
    await warehouse.load(identify(5, plan="pro", seats=3))

    await warehouse.load(identify(2, plan="free", city="Ulm"))
    await warehouse.load(identify(7, seats=4, plan=None), identify(6, seats=1, name="Ann"))

    assert warehouse.rows(
        "SELECT id, plan, seats, city, name, received_at::text FROM web_app.users"
    ) == [("u-1", "pro", 4, "Ulm", "Ann", "2026-11-21 10:00:07+00")]


async def test_a_server_that_dies_in_mid_load_has_all_or_nothing_of_it(
    warehouse: Warehouse,
) -> None:
    await warehouse.load(track(1, n=1), identify(1, plan="a"))
    warehouse.rows(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$; "
        "CREATE TRIGGER t BEFORE INSERT ON web_app.users FOR EACH ROW EXECUTE FUNCTION linger()"
    )
    events = [track(2, n=2), identify(2, plan="b")]
    loading = asyncio.create_task(warehouse.load(*events))
    await _until_lingering(warehouse)

    warehouse.server.cluster.stop()
    with pytest.raises(TransientError):
        await loading
    with pytest.raises(TransientError):
        await warehouse.load(*events)
    warehouse.server.cluster.start()
    held = warehouse.rows("SELECT count(*) FROM web_app.tracks")
    warehouse.rows("DROP FUNCTION linger CASCADE")
    again = await warehouse.load(*events)

    assert held == [(1,)]
    assert are_delivered(again)
    assert warehouse.rows('SELECT count(*), sum(n) FROM web_app."order"') == [(2, 3)]
    assert warehouse.rows("SELECT plan FROM web_app.users") == [("b",)]


async def _until_lingering(warehouse: Warehouse) -> None:
    sql = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    async with asyncio.timeout(20.0):
        while not await asyncio.to_thread(warehouse.rows, sql):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.05)


async def test_many_who_load_the_same_at_once_end_well(
    warehouse: Warehouse, server: Server
) -> None:
    events = [track(number, f"E{number % 3}", **{f"p{number}": number}) for number in range(30)]
    events += [identify(number, f"u-{number % 5}", plan=str(number)) for number in range(20)]

    async def load_all(order: Sequence[Json]) -> None:
        async with loopback_tools() as tools:
            payloads = [Loaded(event=event, source="web-app") for event in order]
            for _ in range(50):
                try:
                    outcomes = await load(payloads, warehouse.settings(), tools)
                except TransientError:
                    continue
                assert not any(isinstance(each, Rejected) for each in outcomes)
                if are_delivered(outcomes):
                    return
            pytest.fail("still refused after 50 times")

    async with asyncio.timeout(30.0):
        await asyncio.gather(load_all(events), load_all(events[::-1]), load_all(events[25:]))

    assert warehouse.rows("SELECT count(*) FROM web_app.tracks") == [(30,)]
    assert warehouse.rows("SELECT count(*) FROM web_app.e0") == [(10,)]
    assert warehouse.rows("SELECT id, plan FROM web_app.users ORDER BY id") == [
        (f"u-{number}", str(15 + number)) for number in range(5)
    ]


# --- What people and servers do -------------------------------------------------------------------


async def test_tables_that_people_change_meanwhile_are_followed(warehouse: Warehouse) -> None:
    await warehouse.load(track(1, a=1, b=1, c="x", d="x"))
    warehouse.rows(
        'ALTER TABLE web_app."order" ALTER a TYPE text, DROP COLUMN b, '
        "ALTER c TYPE varchar(3), ALTER d TYPE jsonb USING '1'"
    )

    outcomes = await warehouse.load(track(2, a="text", b=2, c="long", d="y"))

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT a, b, c, d FROM web_app.\"order\" WHERE id = 'm-00002'") == [
        ("text", 2, None, None)
    ]
    assert warehouse.discards() == [
        ("m-00002", "order", "c", "long"),
        ("m-00002", "order", "d", "y"),
    ]


async def test_a_table_that_is_gone_comes_again(warehouse: Warehouse) -> None:
    await warehouse.load(track(1, a=1))
    warehouse.rows("DROP SCHEMA web_app CASCADE")

    outcomes = await warehouse.load(track(2, a=1))

    assert are_delivered(outcomes)
    assert warehouse.rows("SELECT id FROM web_app.tracks") == [("m-00002",)]


async def test_a_constraint_that_people_added_refuses_and_does_not_stop(
    warehouse: Warehouse,
) -> None:
    await warehouse.load(track(1, total=1))
    warehouse.rows('ALTER TABLE web_app."order" ADD CHECK (total < 5)')

    refused = await warehouse.load(track(2, total=9), track(3, total=2))
    alone = await warehouse.load(track(3, total=2))

    assert all(isinstance(each, Rejected) and each.reason == "sqlstate-23514" for each in refused)
    assert are_delivered(alone)


async def test_what_is_no_event_is_rejected_alone(warehouse: Warehouse) -> None:
    outcomes = await warehouse.load(Json(b'{"type":"fax"}'), track(1, n=1), Json(b"[]"))

    assert [type(each) for each in outcomes] == [Rejected, Delivered, Rejected]
    assert warehouse.rows("SELECT id FROM web_app.tracks") == [("m-00001",)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"password": "planted-wrong"}, "password authentication failed"),
        ({"password": None}, "no password supplied"),
        ({"database": "missing"}, 'database "missing" does not exist'),
        ({"user": "nobody"}, "authentication failed"),
        ({"sslmode": "require"}, "does not support SSL"),
    ],
)
async def test_what_people_must_mend_suspends(
    warehouse: Warehouse, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        await warehouse.load(track(1), settings=warehouse.settings(**given))

    error: BaseException | None = refused.value
    while error is not None:
        assert "planted" not in str(error)
        error = error.__cause__ or error.__context__


async def test_without_permission_it_is_suspended_until_granted(warehouse: Warehouse) -> None:
    warehouse.rows(f'REVOKE CREATE ON DATABASE "{warehouse.database}" FROM loader')

    with pytest.raises(SettingsError, match="42501 permission denied for database"):
        await warehouse.load(track(1))
    warehouse.rows("CREATE SCHEMA web_app AUTHORIZATION loader")

    assert are_delivered(await warehouse.load(track(1)))


async def test_a_connection_that_is_lost_is_made_again(warehouse: Warehouse) -> None:
    await warehouse.load(track(1))
    warehouse.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE application_name = 'tailrace' AND datname = '{warehouse.database}'"
    )

    with pytest.raises(TransientError):
        await warehouse.load(track(2))

    assert are_delivered(await warehouse.load(track(2)))


async def test_a_server_that_hangs_is_not_waited_for(warehouse: Warehouse) -> None:
    await warehouse.load(track(1))
    with psycopg.connect(warehouse.dsn) as other:
        other.execute("LOCK TABLE web_app.tracks")
        with pytest.raises(TransientError, match="not loaded within 1 s"):
            await warehouse.load(track(2), settings=warehouse.settings(timeout_s=1))

    assert are_delivered(await warehouse.load(track(2)))


async def test_a_private_server_is_not_reached_unless_allowed(warehouse: Warehouse) -> None:
    with pytest.raises(SettingsError, match=r"10\.0\.0\.1 is at .* private"):
        await warehouse.load(track(1), settings=warehouse.settings(host="10.0.0.1"))


# --- The check ------------------------------------------------------------------------------------


async def test_a_check_says_what_is_well_and_writes_nothing(warehouse: Warehouse) -> None:
    assert DESTINATION.check is not None

    checked = await DESTINATION.check(warehouse.settings(), warehouse.tools)

    assert [(each.name, each.is_good) for each in checked] == [
        ("name", True),
        ("connection", True),
        ("sign in", True),
        ("making tables", True),
    ]
    assert "not secured" in checked[2].detail
    assert warehouse.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'web_app'") == []


@pytest.mark.parametrize(
    ("given", "name", "setting"),
    [
        ({"password": "planted-wrong"}, "sign in", "password"),
        ({"database": "missing"}, "sign in", "database"),
        ({"sslmode": "verify-full"}, "sign in", "sslmode"),
        ({"port": 1}, "connection", "host"),
        ({"schema": "information_schema"}, "making tables", "user"),
    ],
)
async def test_a_check_names_what_is_wrong(
    warehouse: Warehouse, given: dict[str, Any], name: str, setting: str
) -> None:
    assert DESTINATION.check is not None

    *_, last = await DESTINATION.check(warehouse.settings(**given), warehouse.tools)

    assert (last.name, last.is_good, last.setting) == (name, False, setting)
    assert "planted" not in repr(last)


# --- TLS ------------------------------------------------------------------------------------------


def _certificate(directory: Path, name: str) -> str:
    """Make a certificate for a name, and return it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
         "-keyout", str(directory / "server.key"), "-out", str(directory / "server.crt")],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return (directory / "server.crt").read_text()


async def test_tls_checks_the_certificate_and_its_name(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    other = _certificate(tmp_path, "localhost")
    data = warehouse.server.cluster.data
    ours = _certificate(data, "localhost")
    (data / "server.key").chmod(0o600)
    for name in ("server.key", "server.crt"):
        shutil.chown(data / name, data.owner(), data.group())
    warehouse.rows("ALTER SYSTEM SET ssl = on")
    warehouse.rows("SELECT pg_reload_conf()")
    await _until_tls(warehouse)

    full = {"sslmode": "verify-full"}
    taken = await warehouse.load(track(1), settings=warehouse.settings(**full, ca_certificate=ours))
    for wrong in (
        full,
        {**full, "ca_certificate": other},
        {**full, "ca_certificate": ours, "host": "127.0.0.1"},
    ):
        async with loopback_tools() as tools:
            payload = Loaded(event=track(2), source="web-app")
            with pytest.raises(SettingsError, match="certificate"):
                await load([payload], warehouse.settings(**wrong), tools)

    assert are_delivered(taken)
    assert warehouse.rows("SELECT id FROM web_app.tracks") == [("m-00001",)]


async def _until_tls(warehouse: Warehouse) -> None:
    async with asyncio.timeout(10.0):
        while warehouse.rows("SHOW ssl") != [("on",)]:  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.02)
