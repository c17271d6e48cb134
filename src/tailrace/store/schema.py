"""Make the database, its tables and its view, and refuse those of a newer release."""

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.errors import ConfigError
from tailrace.store.connect import Address, connect
from tailrace.store.errors import as_tailrace_error
from tailrace.store.sql import statement

SCHEMA_VERSION = 1


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
        _check_version(client, address.database)
        for name in ("create_events_data", "create_set_aside", "create_load_groups"):
            client.command(statement(name))
        client.command(statement("create_events_view"))
        client.command(statement("keep_set_aside"), parameters={"set_aside_days": set_aside_days})
    except ClickHouseError as error:
        raise as_tailrace_error(error, doing="making the store's tables") from error
    finally:
        client.close()


def _check_version(client: Client, database: str) -> None:
    result = client.query("SELECT max(version) FROM schema_version")
    found = int(result.result_rows[0][0])
    if found > SCHEMA_VERSION:
        raise ConfigError(
            f"store.dsn: the tables of database '{database}' have version {found}; this release "
            f"knows versions up to {SCHEMA_VERSION}: upgrade tailrace"
        )
    if found < SCHEMA_VERSION:
        client.command(
            "INSERT INTO schema_version (version) VALUES ({version:UInt32})",
            parameters={"version": SCHEMA_VERSION},
        )
