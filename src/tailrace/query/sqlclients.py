"""SQL of ClickHouse's own clients: what people may ask, and what tools ask before they ask it.

Tools look first at what there is: `system.tables`, `SHOW TABLES`, `currentDatabase()`. None of it
is read as it stands. A statement's tree is changed until it names only views and *shown tables*:
subqueries on the engine's own tables that show the views alone, and of their columns those that
tell nothing about the machine. Then `sqlcheck` decides, as it does for all SQL.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.config import QueryConfig
from tailrace.errors import LimitError, QueryError
from tailrace.query.asked import TABLE
from tailrace.query.running import Turns
from tailrace.query.sql import (
    DOWNLOAD_ROWS,
    RESULT_BYTES_MAX,
    SETTINGS,
    SqlRunner,
    cleaned,
    for_downloads,
    one,
    parsed,
)
from tailrace.query.sqlbeneath import beneath
from tailrace.query.sqlcheck import Node, names_people
from tailrace.query.sqlformats import DEFAULT_FORMAT, known_format
from tailrace.query.sqlsettings import NARROWED, effective_settings
from tailrace.query.sqlshow import Shown, asked_for
from tailrace.query.sqlshown import PREFIX, SHOWN, shown_statement
from tailrace.query.sqltree import (
    cast_to,
    expanded,
    named_plainly,
    text_of,
    with_values,
    without_settings,
)
from tailrace.query.stopping import with_mark
from tailrace.store import Store

CLIENT_SETTINGS: Final[Mapping[str, int | str]] = {
    **SETTINGS,
    # The trees of shown tables count too.
    "max_ast_elements": 20_000,
}


class UnknownNameError(QueryError):
    """Something that a client names is not there; `code` is ClickHouse's."""

    def __init__(self, message: str, *, code: int) -> None:
        super().__init__(message)
        self.code = code


class ClientSql(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of a client; `parameters` are texts as HTTP carries them.

    `user` is what the client calls itself, which `currentUser()` answers.
    """

    statement: str
    parameters: dict[str, str] = {}
    settings: dict[str, str] = {}
    database: str = ""
    default_format: str = ""
    user: str = "default"


class ClientRows(msgspec.Struct, frozen=True, kw_only=True):
    """The rows in the format that was asked for."""

    body: bytes
    format: str


class ClientRunner(SqlRunner):
    """Runs statements of clients, read-only and within the limits, in any format."""

    def __init__(
        self, store: Store, limits: QueryConfig, *, turns: Turns, know_people: Callable[[], None]
    ) -> None:
        super().__init__(
            store,
            for_downloads(limits),
            turns=turns,
            know_people=know_people,
            settings=CLIENT_SETTINGS,
            rows_setting=DOWNLOAD_ROWS,
        )
        self._trees_lock = threading.Lock()
        self._trees: dict[str, Node] = {}
        self._columns: Mapping[str, Mapping[str, str]] | None = None
        self._known_settings: frozenset[str] = frozenset()

    def answer(self, asked: ClientSql) -> ClientRows:
        """Return the rows of one statement.

        Raises:
            QueryError: the statement is not valid, or uses what may not be used here.
            LimitError: it was stopped.
            TransientError: too many questions are asked at once, or the store is away.
        """
        self._require_database(asked.database)
        wanted = effective_settings(
            asked.settings, self._limits, known=self._settings_known(), bytes_max=RESULT_BYTES_MAX
        )
        with self._turns.turn():
            if not wanted:
                with self._pool.client() as client:
                    return self._answer(client, asked, is_narrowed=False)
            # Nothing can be set on a connection that is read-only: these settings get their own.
            with self._store.own_client(
                lambda client: self._prepare_with(client, wanted)
            ) as client:
                is_narrowed = not wanted.keys().isdisjoint(NARROWED)
                return self._answer(client, asked, is_narrowed=is_narrowed)

    def _answer(self, client: Client, asked: ClientSql, *, is_narrowed: bool) -> ClientRows:
        shown = asked_for(asked.statement, database=self._store.database)
        statement, named = self._rewritten(client, asked, shown)
        name = named or asked.default_format or DEFAULT_FORMAT
        fmt = known_format(name)
        if fmt is None:
            raise UnknownNameError(f"Unknown format {name[:100]}", code=73)
        if shown.is_description:
            statement = f"DESCRIBE TABLE ({statement})"
        try:
            body = client.raw_query(with_mark(statement), fmt=fmt)
        except ClickHouseError as error:
            failed = self._sorted(error)
            if is_narrowed and isinstance(failed, LimitError):
                failed = LimitError(f"a limit that came with the statement: {cleaned(str(error))}")
            raise failed from error
        return ClientRows(body=body, format=fmt)

    def _rewritten(self, client: Client, asked: ClientSql, shown: Shown) -> tuple[str, str]:
        """Return the statement as it runs, and the format that it names."""
        database = self._store.database
        try:
            rules = self._known_rules().with_views({PREFIX + name for name in SHOWN})
            self._read_system()
            tree = msgspec.json.decode(parsed(client, shown.statement))
            fmt = shown.format or _format_of(tree)
            tree = without_settings(tree)
            constants = {**_constants(database), **dict.fromkeys(_USERS, text_of(asked.user))}
            tree = named_plainly(tree, database=database, constants=constants)
            named = rules.check(tree)
            missing = named.keys() - asked.parameters.keys()
            if missing:
                names = ", ".join(sorted(missing))
                raise UnknownNameError(f"Substitution {names} is not set", code=456)
            if names_people(tree):
                self._know_people()
            tree = with_values(tree, asked.parameters)
            tree = beneath(tree, table=TABLE, differing=self._differing)
            tree = expanded(tree, lambda name: self._tree_of(client, name))
            text = msgspec.json.encode(tree).decode()
            return one(client, "SELECT formatQueryFromJSON({text:String})", text), fmt
        except ClickHouseError as error:
            raise self._sorted(error) from error

    def _tree_of(self, client: Client, name: str) -> Node:
        """Return the tree of a shown table."""
        with self._trees_lock:
            if name not in self._trees:
                columns = (self._columns or {}).get(name, {})
                text = shown_statement(name, columns, database=self._store.database)
                self._trees[name] = msgspec.json.decode(parsed(client, text))
            return self._trees[name]

    def _require_database(self, name: str) -> None:
        if name not in ("", "default", self._store.database):
            raise UnknownNameError(f"Database {name[:100]} does not exist", code=81)

    def _settings_known(self) -> frozenset[str]:
        self._read_system()
        return self._known_settings

    def _read_system(self) -> None:
        """Read once what the engine's own tables look like, and which settings it has."""
        with self._trees_lock:
            if self._columns is not None:
                return
            try:
                with self._store.client() as client:
                    rows = client.query(_SYSTEM_COLUMNS).result_rows
                    names = client.query("SELECT name FROM system.settings").result_rows
            except ClickHouseError as error:
                raise self._sorted(error) from error
            columns: dict[str, dict[str, str]] = {}
            for table, name, kind in rows:
                columns.setdefault(str(table), {})[str(name)] = str(kind)
            self._known_settings = frozenset(str(name) for (name,) in names)
            self._columns = columns

    def _prepare_with(self, client: Client, wanted: Mapping[str, str]) -> None:
        try:
            self._set_up(client, {**self._settings, **wanted})
        except ClickHouseError as error:
            raise self._sorted(error) from error


_SYSTEM_COLUMNS: Final = (
    "SELECT if(database = 'system', table, concat('information_schema_', table)), name, type "
    "FROM system.columns WHERE database = 'system' OR (database = 'information_schema' "
    "AND table IN ('schemata', 'tables', 'columns', 'views')) ORDER BY database, table, position"
)
_USERS: Final = ("currentuser", "current_user", "user")


def _constants(database: str) -> dict[str, Node]:
    """Return what functions answer that would tell about the machine, by names in lower case."""
    databases = ("currentdatabase", "current_database", "database", "schema")
    return {
        **dict.fromkeys(databases, text_of(database)),
        **dict.fromkeys(("timezone", "servertimezone"), text_of("UTC")),
        **dict.fromkeys(("hostname", "fqdn", "fullhostname", "displayname"), text_of("tailrace")),
        # The binary format without what later revisions of the native protocol added.
        "revision": cast_to(text_of("0"), "UInt32"),
    }


def _format_of(tree: Any) -> str:
    named = tree.pop("format_ast", None) if isinstance(tree, dict) else None
    return str(named.get("name", "")) if isinstance(named, dict) else ""
