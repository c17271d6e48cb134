"""One insert of JSON lines; Python does not look at the lines."""

import os
from collections.abc import Sequence

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from tailrace.store.connect import Pool
from tailrace.store.errors import as_tailrace_error

EVENTS_TABLE = "events_data"
SET_ASIDE_TABLE = "set_aside"

INDEXES_OF_MERGES = (
    "by_message_id,by_user_id,by_anonymous_id,words_in_original,words_in_context,words_in_columns"
)
# The lines must become one insert of the engine: parts are written only when the whole of it has
# been read, and the token counts for the whole.
_SETTINGS: dict[str, int | str] = {
    "async_insert": 0,
    "date_time_input_format": "best_effort",
    # A retry of an insert that was cut off fills `links` too where the events were stored already.
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # Merges build them; until then the engine tests the few rows one by one.
    "exclude_materialize_skip_indexes_on_insert": INDEXES_OF_MERGES,
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


class Inserter:
    """Inserts JSON lines into the tables of one store."""

    def __init__(self, pool: Pool, *, is_embedded: bool) -> None:
        self.pool = pool
        self._is_embedded = is_embedded

    def insert(self, table: str, lines: bytes, *, token: str, skip_bad_lines: bool = False) -> None:
        """Insert the lines as they are; a token that was used before inserts nothing.

        `skip_bad_lines` leaves out the lines that ClickHouse cannot read instead of refusing all.

        Raises:
            RefusedLinesError: ClickHouse cannot read a line; nothing was stored.
            TransientError: the store is away or failing; try the same again.
        """
        settings = {**_SETTINGS, "insert_deduplication_token": token}
        if skip_bad_lines:
            settings["input_format_allow_errors_ratio"] = 1
        # A client on which a statement failed is not used again: the error leaves the pool's
        # block, and what follows it takes another client.
        with self.pool.client() as client:
            try:
                if self._is_embedded:
                    _insert_from_memory(client, table, lines, settings)
                else:
                    client.raw_insert(
                        table, insert_block=lines, settings=settings, fmt="JSONEachRow"
                    )
            except ClickHouseError as error:
                raise as_tailrace_error(error, doing=f"insert {token} into {table}") from error


def joined_lines(texts: Sequence[bytes]) -> bytes:
    """Return the lines of all texts, of which the last line may lack its end."""
    if len(texts) == 1:
        return texts[0]
    return b"".join(text if text.endswith(b"\n") else text + b"\n" for text in texts if text)


def _insert_from_memory(
    client: Client, table: str, lines: bytes, settings: dict[str, int | str]
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
