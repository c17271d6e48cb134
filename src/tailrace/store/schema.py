"""Make the database, its tables and its views, and refuse those of a newer release."""

from urllib.parse import unquote, urlsplit

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.errors import ConfigError
from tailrace.store.connect import Address, connect
from tailrace.store.errors import as_tailrace_error
from tailrace.store.sql import statement
from tailrace.store.views import views_of_people

SCHEMA_VERSION = 2
_TABLES = ("create_events_data", "create_set_aside", "create_load_groups", "create_links")
_VERSION_WITH_LINKS = 2


def ensure_schema(address: Address, *, options: dict[str, str], set_aside_days: int) -> None:
    """Make what is missing.

    Raises:
        ConfigError: the tables were made by a newer release.
        TransientError: the store cannot be reached.
    """
    client = connect(address, options=options, has_database=False)
    try:
        client.command(
            "CREATE DATABASE IF NOT EXISTS {database:Identifier}",
            parameters={"database": address.database},
        )
        client.database = address.database
        client.command(statement("create_schema_version"))
        found = _checked_version(client, address.database)
        for name in _TABLES:
            client.command(statement(name))
        client.command(statement("create_events_view"))
        _make_people(client, address)
        for text in views_of_people():
            client.command(text)
        if found < _VERSION_WITH_LINKS:
            # Links found twice are one; so a fill that was interrupted is just done again.
            client.command(f"INSERT INTO links {statement('select_links')}")
        if found < SCHEMA_VERSION:
            client.command(
                "INSERT INTO schema_version (version) VALUES ({version:UInt32})",
                parameters={"version": SCHEMA_VERSION},
            )
        client.command(statement("keep_set_aside"), parameters={"set_aside_days": set_aside_days})
    except ClickHouseError as error:
        raise as_tailrace_error(error, doing="making the store's tables") from error
    finally:
        client.close()


def _checked_version(client: Client, database: str) -> int:
    result = client.query("SELECT max(version) FROM schema_version")
    found = int(result.result_rows[0][0])
    if found > SCHEMA_VERSION:
        raise ConfigError(
            f"store.dsn: the tables of database '{database}' have version {found}; this release "
            f"knows versions up to {SCHEMA_VERSION}: upgrade tailrace"
        )
    return found


def _make_people(client: Client, address: Address) -> None:
    """Make what fills `links` on every insert, and the dictionaries that hold it in memory."""
    client.command(
        "CREATE MATERIALIZED VIEW IF NOT EXISTS links_of_events TO links AS "
        + statement("select_links")
    )
    client.command(statement("create_linked_users"))
    client.command(_filled("create_people_by_id", address))
    client.command(_filled("create_joined_users", address))
    client.command(_filled("create_people_joined", address))


def _filled(name: str, address: Address) -> str:
    """Return a statement with the names that cannot be parameters of it."""
    return (
        statement(name)
        .replace("{by_id}", _literal(f"{address.database}.people_by_id"))
        .replace("{database}", _literal(address.database))
        .replace("{login}", _login(address))
    )


def _login(address: Address) -> str:
    """Return how a dictionary reads its table: as the user of the DSN, on the same server."""
    parts = urlsplit(address.dsn)
    if address.is_embedded or not parts.username:
        return ""
    password = unquote(parts.password or "")
    return f"USER {_literal(unquote(parts.username))} PASSWORD {_literal(password)} "


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
