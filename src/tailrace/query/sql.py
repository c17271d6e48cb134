"""SQL from people: checked on the syntax tree, run on read-only connections with limits.

Each connection has `readonly = 1` and the limits set once, so that no statement can change them;
what read-only mode lets through is refused by `sqlcheck`.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping, Set
from typing import Final

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from msgspec import Raw

from tailrace.config import QueryConfig
from tailrace.errors import QueryError
from tailrace.query.asked import TABLE
from tailrace.query.running import Turns, engine_limits, limit_error
from tailrace.query.shapes import Sql, SqlColumn, SqlPlan, SqlResult
from tailrace.query.sqlbeneath import beneath
from tailrace.query.sqlcheck import CATEGORIES, VIEW, NotSelectError, Rules, names_people
from tailrace.query.stopping import STOPPED, StoppedError, was_stopped, with_mark
from tailrace.store import Store
from tailrace.store.errors import as_tailrace_error

RESULT_BYTES_MAX = 67_108_864

SETTINGS: Final[Mapping[str, int | str]] = {
    "allow_ddl": 0,
    "allow_introspection_functions": 0,
    "max_ast_depth": 200,
    "max_ast_elements": 10_000,
    "max_query_size": 1_048_576,
    "max_result_bytes": RESULT_BYTES_MAX,
    # Else times without a zone are in that of the machine.
    "session_timezone": "UTC",
}
API_SETTINGS: Final[Mapping[str, int | str]] = {
    **SETTINGS,
    "date_time_output_format": "iso",
    "output_format_json_escape_forward_slashes": 0,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 0,
}
# Of the columns of EXPLAIN ESTIMATE: database, table, parts, rows, marks.
_ESTIMATED_ROWS: Final = 3
_STEPS_MAX: Final = 1_000
# BAD_ARGUMENTS: the parser has no tree in JSON for this kind of statement; no SELECT is of them.
_NO_TREE_CODE = 36
# Set last: nothing can be set after it.
_READ_ONLY = ("readonly", 1)

# Errors of the engine that mean that it is away or full, not that the statement is wrong.
_TRANSIENT_CODES = frozenset({202, 209, 210, 243, 394, 425, 735, 999})
_TRAILER = re.compile(
    # What the client of a server puts around its message, with the server's address.
    r"^Received ClickHouse exception, code: \d+, server response: |\s*\(for url [^)]*\)$|"
    r"\s*\(version [0-9.]+(?: \([^)]*\))?\)|^(?:Code: \d+\. )?(?:DB::Exception: )+|"
    r"(?:While executing \w+\.?\s*)|: In scope SELECT parseQueryToJSON\([\s\S]*\)|"
    r"\(line \d+, col \d+\)"
)


DOWNLOAD_ROWS: Final = "query.download_rows_max"


def for_downloads(limits: QueryConfig) -> QueryConfig:
    """Return the limits of results that are files of their own and not one JSON answer."""
    return msgspec.structs.replace(limits, result_rows_max=limits.download_rows_max)


class Answer(msgspec.Struct):
    """The engine's format JSONCompact."""

    meta: list[SqlColumn]
    data: list[Raw]


_decode = msgspec.json.Decoder(Answer).decode


class SqlRunner:
    """Runs SQL that people write."""

    def __init__(
        self,
        store: Store,
        limits: QueryConfig,
        *,
        turns: Turns,
        know_people: Callable[[], None],
        settings: Mapping[str, int | str] = API_SETTINGS,
        rows_setting: str = "query.result_rows_max",
    ) -> None:
        self._store = store
        self._limits = limits
        self._turns = turns
        self._know_people = know_people
        self._rows_setting = rows_setting
        self._settings = {**settings, **engine_limits(limits)}
        self._pool = store.open_pool(size=limits.concurrency_max, prepare=self._prepare)
        self._rules: Rules | None = None
        self._differing: Set[str] = frozenset()
        self._rules_lock = threading.Lock()

    def run(self, question: Sql) -> SqlResult:
        """Return the rows of one SELECT.

        Raises:
            QueryError: the statement is not valid, or uses what may not be used here.
            LimitError: it was stopped.
            TransientError: too many questions are asked at once, or the store is away.
        """
        started = time.monotonic()
        with self._turns.turn(), self._pool.client() as client:
            statement, parameters = self._checked(client, question)
            try:
                answer = client.raw_query(
                    with_mark(statement), parameters=parameters, fmt="JSONCompact"
                )
            except ClickHouseError as error:
                raise self._sorted(error) from error
        found = _decode(answer)
        return SqlResult(
            columns=found.meta,
            rows=found.data,
            took_ms=round((time.monotonic() - started) * 1000, 1),
        )

    def csv(self, question: Sql) -> bytes:
        """Return the rows of one SELECT as comma-separated values, below the columns' names.

        Raises:
            QueryError: the statement is not valid, or uses what may not be used here.
            LimitError: it was stopped.
            TransientError: too many questions are asked at once, or the store is away.
        """
        with self._turns.turn(), self._pool.client() as client:
            statement, parameters = self._checked(client, question)
            try:
                return client.raw_query(
                    with_mark(statement), parameters=parameters, fmt="CSVWithNames"
                )
            except ClickHouseError as error:
                raise self._sorted(error) from error

    def explain(self, question: Sql) -> SqlPlan:
        """Return what one SELECT would read, without reading it.

        Raises:
            QueryError: the statement is not valid, or uses what may not be used here.
            LimitError: the estimate itself was stopped.
            TransientError: too many questions are asked at once, or the store is away.
        """
        started = time.monotonic()
        with self._turns.turn(), self._pool.client() as client:
            statement, parameters = self._checked(client, question)
            try:
                parts = client.query(
                    with_mark(f"EXPLAIN ESTIMATE {statement}"), parameters=parameters
                ).result_rows
                steps = client.query(
                    with_mark(f"EXPLAIN indexes = 1 {statement}"), parameters=parameters
                ).result_rows
            except ClickHouseError as error:
                raise self._sorted(error) from error
        rows = sum(int(row[_ESTIMATED_ROWS]) for row in parts)
        limit = self._limits.rows_read_max
        reason = "" if rows <= limit else f"it reads more than {limit} rows (query.rows_read_max)"
        return SqlPlan(
            rows_to_read=rows,
            rows_read_max=limit,
            may_run=not reason,
            reason=reason,
            steps=[str(line) for (line,) in steps[:_STEPS_MAX]],
            took_ms=round((time.monotonic() - started) * 1000, 1),
        )

    def _checked(self, client: Client, question: Sql) -> tuple[str, dict[str, object]]:
        """Return the statement written anew from its checked tree, and the parameters it names."""
        try:
            rules = self._known_rules()
            tree = msgspec.json.decode(parsed(client, question.sql))
            named = rules.check(tree)
            if names_people(tree):
                self._know_people()
            tree = beneath(tree, table=TABLE, differing=self._differing)
            text = msgspec.json.encode(tree).decode()
            statement = one(client, "SELECT formatQueryFromJSON({text:String})", text)
        except ClickHouseError as error:
            raise self._sorted(error) from error
        missing = named.keys() - question.parameters.keys()
        if missing:
            names = ", ".join(sorted(missing))
            raise QueryError(f"the statement names parameters that are not given: {names}")
        unknown = question.parameters.keys() - named.keys()
        if unknown:
            names = ", ".join(sorted(unknown))
            raise QueryError(
                f"the statement does not name these parameters: {names}",
                hint="write {name:Type} where a value belongs, such as {source:String}",
            )
        return statement, dict(question.parameters)

    def _known_rules(self) -> Rules:
        with self._rules_lock:
            if self._rules is None:
                # Not within the limits of a question, which may be narrower than this needs.
                with self._store.client() as client:
                    self._differing = _read_differing(client, self._store.database)
                    self._rules = _read_rules(client, self._store.database)
            return self._rules

    def _prepare(self, client: Client) -> None:
        """Let a new connection only read, within the limits, for as long as it lives."""
        try:
            self._set_up(client, self._settings)
        except ClickHouseError as error:
            raise as_tailrace_error(error, doing="preparing a read-only connection") from error

    def _set_up(self, client: Client, settings: Mapping[str, int | str]) -> None:
        for name, value in settings.items():
            client.set_client_setting(name, value)
        client.set_client_setting(*_READ_ONLY)

    def _sorted(self, error: ClickHouseError) -> Exception:
        if was_stopped():
            return StoppedError(STOPPED)
        limit = limit_error(error, self._limits, rows_setting=self._rows_setting)
        if limit is not None:
            return limit
        code = getattr(error, "code", None)
        if code is None or code in _TRANSIENT_CODES:
            return as_tailrace_error(error, doing="a question in SQL")
        if code == 46 and "parseQueryToJSON" in str(error):
            return QueryError("SQL needs ClickHouse 26.8 or newer; this store's server is older")
        return QueryError(cleaned(str(error)))


def parsed(client: Client, sql: str) -> str:
    """Return the syntax tree of one statement as JSON."""
    try:
        return one(client, "SELECT parseQueryToJSON({text:String})", sql)
    except ClickHouseError as error:
        if getattr(error, "code", None) == _NO_TREE_CODE:
            raise NotSelectError from error
        raise


def one(client: Client, sql: str, text: str) -> str:
    """Return the one text that a statement about the text `text` answers."""
    value: str = client.query(sql, parameters={"text": text}).result_rows[0][0]
    return value


def _read_rules(client: Client, database: str) -> Rules:
    """Read what the engine knows; an alias counts as the function that it stands for."""
    rows = client.query(
        "SELECT f.name, if(f.alias_to = '', f.categories, target.categories) AS category "
        "FROM system.functions AS f LEFT JOIN system.functions AS target "
        "ON target.name = f.alias_to WHERE f.origin = 'System'"
    ).result_rows
    suffixes = client.query("SELECT name FROM system.aggregate_function_combinators").result_rows
    tables = client.query(
        "SELECT name FROM system.tables WHERE database = {database:String}",
        parameters={"database": database},
    ).result_rows
    return Rules(
        functions={str(name).lower() for name, category in rows if category in CATEGORIES},
        suffixes={str(name) for (name,) in suffixes},
        tables={str(name) for (name,) in tables},
    )


def _read_differing(client: Client, database: str) -> Set[str]:
    """Read which columns the view and the table beneath it do not have in common."""
    rows = client.query(
        "SELECT name, type, table FROM system.columns "
        "WHERE database = {database:String} AND table IN {tables:Array(String)}",
        parameters={"database": database, "tables": [VIEW, TABLE]},
    ).result_rows
    columns: dict[str, set[tuple[str, str]]] = {VIEW: set(), TABLE: set()}
    for name, kind, table in rows:
        columns[str(table)].add((str(name), str(kind)))
    return {name for name, _ in columns[VIEW] ^ columns[TABLE]}


def cleaned(message: str) -> str:
    """Return the engine's message without its versions, nesting and inner statements."""
    text = re.sub(r"\s+", " ", message)
    while (shorter := _TRAILER.sub("", text).strip()) != text:
        text = shorter
    return text[:1_000]
