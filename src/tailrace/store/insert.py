"""One insert of JSON lines; Python does not look at the lines."""

import os

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.store.errors import as_tailrace_error

# One block of lines must become one insert of the engine: parts are written only when the whole
# of it has been read, and the token counts for the whole.
_SETTINGS = {
    "async_insert": 0,
    "date_time_input_format": "best_effort",
    "input_format_import_nested_json": 0,
    "input_format_parallel_parsing": 0,
    # Texts that look like times stay texts: as times they would lose how they were written.
    "input_format_try_infer_dates": 0,
    "input_format_try_infer_datetimes": 0,
    "insert_deduplicate": 1,
    "max_insert_block_size": 1_000_000_000,
    "max_insert_threads": 1,
    "max_partitions_per_insert_block": 0,
    "min_insert_block_size_bytes": 0,
    "min_insert_block_size_rows": 1_000_000_000,
    "type_json_skip_duplicated_paths": 1,
}


def insert_lines(
    client: Client,
    table: str,
    lines: bytes,
    *,
    token: str,
    is_embedded: bool,
    skip_bad_lines: bool = False,
) -> None:
    """Insert JSON lines as they are; a token that was used before inserts nothing.

    `skip_bad_lines` leaves out the lines that ClickHouse cannot read instead of refusing all.

    Raises:
        RefusedLinesError: ClickHouse cannot read a line; nothing was stored.
        TransientError: the store is away or failing; try the same again.
    """
    settings: dict[str, object] = {**_SETTINGS, "insert_deduplication_token": token}
    if skip_bad_lines:
        settings["input_format_allow_errors_ratio"] = 1
    try:
        if is_embedded:
            _insert_from_memory(client, table, lines, settings)
        else:
            client.raw_insert(table, insert_block=lines, settings=settings, fmt="JSONEachRow")
    except ClickHouseError as error:
        raise as_tailrace_error(error, doing=f"insert {token} into {table}") from error


def _insert_from_memory(
    client: Client, table: str, lines: bytes, settings: dict[str, object]
) -> None:
    """Insert from an anonymous file; the one that `raw_insert` writes would survive a kill."""
    descriptor = os.memfd_create("tailrace-insert", os.MFD_CLOEXEC)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(lines)
        clause = ", ".join(f"{name} = '{value}'" for name, value in settings.items())
        client.command(
            f"INSERT INTO {table} FROM INFILE '/proc/self/fd/{descriptor}' "
            f"SETTINGS {clause} FORMAT JSONEachRow"
        )
    finally:
        os.close(descriptor)
