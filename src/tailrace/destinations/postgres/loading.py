"""Loads on their way to PostgreSQL: the connection, and what the server's errors mean."""

import asyncio
import os
import ssl
import tempfile
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection

from tailrace.destinations import api, reaching, servers
from tailrace.destinations.postgres.settings import Settings
from tailrace.destinations.warehouse import (
    Layout,
    Load,
    Loaded,
    outcomes_of,
    postgres,
    schema_name,
)
from tailrace.errors import SettingsError, TransientError

CONNECT_S_MAX: Final = 10
CHECK_S_MAX: Final = 9.0
APPLICATION: Final = "tailrace"

_REFUSED_CLASSES: Final = ("22", "23", "54")
"""Errors of data, of constraints that people added, and of limits: some event brings them."""

_DUPLICATE: Final = "23505"
"""Another one has loaded the same meanwhile, and is found next time."""

_SETTINGS_CODES: Final = ("28", "3D", "3F", "42501", "42939", "42P10", "0L", "0P")
_STALE_CODES: Final = ("22", "23", "42", "54")
"""Errors that may be because somebody changed the tables meanwhile."""

_SETTINGS_WORDS: Final = (
    "authentication failed",
    "no pg_hba.conf entry",
    "no password supplied",
    "certificate",
    "does not support SSL",
    "permission denied",
    "is not permitted to log in",
    'role "',
    'database "',
    "user name",
)
"""What a server or its library says of a connection that will not be better next time."""

_PASSING_WORDS: Final = ("starting up", "shutting down", "not currently accepting", "recovery mode")


class _Session:
    """The connection, made when it is needed; one load at a time."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.layout = Layout(reserved=postgres.RESERVED)
        self.loading = postgres.Loading()
        self._connection: AsyncConnection | None = None

    async def connection(self, settings: Settings, tools: api.Tools) -> AsyncConnection:
        """Return the connection; a new one where there is none, or it was lost."""
        if self._connection is None or self._connection.closed:
            self.loading.forget()
            self._connection = await _connected(settings, tools)
        return self._connection

    def close(self) -> None:
        """Close the connection without a word to the server."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None


async def load(
    events: Sequence[Loaded], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Load the events in one transaction."""
    session = tools.kept("session", _Session)

    async def take(loads: dict[str, Load]) -> api.Outcome:
        return await _loaded(loads, settings, tools, session)

    async with session.lock:
        return await outcomes_of(_placed(events, settings), session.layout, tools, take)


def _placed(events: Sequence[Loaded], settings: Settings) -> list[tuple[str, bytes]]:
    return [(settings.schema or schema_name(each.source), each.event) for each in events]


async def _loaded(
    loads: dict[str, Load], settings: Settings, tools: api.Tools, session: _Session
) -> api.Outcome:
    """Return what became of the batch as a whole.

    Raises:
        SettingsError: the server does not know us or does not let us.
        TransientError: it did not do it this time.
    """
    told = ""
    for is_last in (False, True):
        try:
            async with asyncio.timeout(settings.timeout_s):
                connection = await session.connection(settings, tools)
                statements = await session.loading.load(connection, loads, tools.blocking)
        except TimeoutError as error:
            session.close()
            raise TransientError(f"not loaded within {settings.timeout_s:g} s") from error
        except psycopg.Error as error:
            session.loading.forget()
            told = _told(error)
            code = error.sqlstate or ""
            if not is_last and code.startswith(_STALE_CODES) and not _is_ours(code):
                continue
            tools.exchanged(f"BEGIN -- a load into {', '.join(sorted(loads))}", told)
            if code == _DUPLICATE:
                return api.Retry(f"sqlstate-{code}", told)
            if code.startswith(_REFUSED_CLASSES):
                return api.Rejected(f"sqlstate-{code}", told)
            session.close()
            raise _error_of(error) from None
        except BaseException:
            # Nobody knows how far it came.
            session.close()
            raise
        tools.exchanged("BEGIN\n" + "\n".join(statements), "COMMIT")
        return api.Delivered()
    raise TransientError(told)


async def _connected(settings: Settings, tools: api.Tools) -> AsyncConnection:
    """Return a new connection.

    Raises:
        SettingsError: the server does not let us, or is not the one that it must be.
        TransientError: none can be made now.
    """
    addresses = await tools.addresses(settings.host, settings.port)
    with tempfile.NamedTemporaryFile() as file:
        certificates = servers.pem_of(settings.ca_certificate)
        if certificates is not None:
            file.write(certificates.encode())
            file.flush()
        try:
            connection = await AsyncConnection.connect(
                autocommit=True,
                # Those are of a session, which a pooler gives to others between transactions.
                prepare_threshold=None,
                **_parameters(settings, addresses, file.name),
            )
        except psycopg.Error as error:
            raise _error_of(error) from None
    return connection


def _parameters(settings: Settings, addresses: Sequence[str], ca_path: str) -> dict[str, Any]:
    """Return how to connect; nothing of it is left to the environment or to files."""
    trusted = "system"
    if settings.ca_certificate is not None:
        trusted = ca_path
    elif found := ssl.get_default_verify_paths().cafile:
        trusted = found
    return {
        "host": ",".join([settings.host] * len(addresses)),
        "hostaddr": ",".join(addresses),
        "port": settings.port,
        "dbname": settings.database,
        "user": settings.user,
        "password": settings.password.reveal() if settings.password is not None else "",
        "passfile": f"{os.devnull}/none",
        "sslmode": settings.sslmode,
        "sslrootcert": trusted if settings.sslmode.startswith("verify") else "",
        "sslcert": "",
        "sslkey": "",
        "gssencmode": "disable",
        "target_session_attrs": "any",
        "connect_timeout": CONNECT_S_MAX,
        "client_encoding": "utf8",
        "application_name": APPLICATION,
    }


def _is_ours(code: str) -> bool:
    """Tell whether an error of these classes is about what we may do."""
    return code.startswith(_SETTINGS_CODES)


def _error_of(error: psycopg.Error) -> SettingsError | TransientError:
    """Return what an error means for the destination."""
    told, code = _told(error), error.sqlstate or ""
    if code.startswith(_SETTINGS_CODES):
        return SettingsError(told)
    is_settings = not code and any(word in told for word in _SETTINGS_WORDS)
    if is_settings and not any(word in told for word in _PASSING_WORDS):
        return SettingsError(told)
    return TransientError(told)


def _told(error: psycopg.Error) -> str:
    """Return what the server says, without the row that it says it of."""
    told = error.diag.message_primary or str(error)
    return api.text_of(f"{error.sqlstate} {told}".removeprefix("None ").encode())


# --- The check ----------------------------------------------------------------------------------

_MAY: Final = """
    SELECT has_database_privilege(current_database(), 'CREATE'),
           (SELECT has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE')
            FROM pg_namespace WHERE nspname = %s),
           current_setting('transaction_read_only'), current_setting('server_version'),
           current_setting('server_encoding')
"""


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the server can be reached, lets us in, and lets us make tables."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    steps = await reaching.reached(f"http://{host}:{settings.port}", tools, setting="host")
    if not reaching.is_reached(steps):
        return steps
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            connection = await _connected(settings, tools)
            async with connection:
                secured = "by TLS" if connection.pgconn.ssl_in_use else "not secured: sslmode"
                cursor = await connection.execute(_MAY, [settings.schema or ""])
                row = await cursor.fetchone()
    except SettingsError as error:
        return [*steps, api.Checked("sign in", False, str(error), _setting_of(str(error)))]
    except (TransientError, psycopg.Error, TimeoutError) as error:
        return [*steps, api.Checked("sign in", None, str(error) or "no answer in time")]
    assert row is not None  # noqa: S101 - it has no condition
    may_make, may_use, is_read_only, version, encoding = row
    found = [
        *steps,
        api.Checked("sign in", True, f"as {settings.user}, PostgreSQL {version}, {secured}"),
        _may_make(settings, may_make=may_make, may_use=may_use),
    ]
    if is_read_only == "on":
        why = "the server is a standby, or set to read only: give the primary"
        found.append(api.Checked("writing", False, why, "host"))
    if encoding != "UTF8":
        why = f"the database keeps text as {encoding}; events with other characters are refused"
        found.append(api.Checked("encoding", False, why, "database"))
    return found


def _may_make(settings: Settings, *, may_make: bool, may_use: bool | None) -> api.Checked:
    name, user, database = "making tables", settings.user, settings.database
    if settings.schema is None or may_use is None:
        if may_make:
            return api.Checked(name, True, f"may make schemas in {database}")
        what = settings.schema or "the schemas"
        why = f'may not make {what}: GRANT CREATE ON DATABASE "{database}" TO "{user}"'
        # The schemas of sources may be there already, and be allowed one by one.
        return api.Checked(name, None if settings.schema is None else False, why, "user")
    if may_use:
        return api.Checked(name, True, f"may make tables in the schema {settings.schema}")
    why = f'may not: GRANT CREATE, USAGE ON SCHEMA "{settings.schema}" TO "{user}"'
    return api.Checked(name, False, why, "user")


def _setting_of(told: str) -> str:
    for word, setting in (
        ("password", "password"),
        ("certificate", "sslmode"),
        ("SSL", "sslmode"),
        ("database", "database"),
    ):
        if word in told:
            return setting
    return "user"
