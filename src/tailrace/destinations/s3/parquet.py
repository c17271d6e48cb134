"""Events as Parquet: a column for each field of an event, with what is nested as JSON text."""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from tailrace.destinations.s3.settings import Line

ROWS_MAX: Final = 20_000
ROWS_BYTES_MAX: Final = 16_777_216
PAGE_BYTES: Final = 262_144
TEXTS: Final[Mapping[str, str]] = {
    "messageId": "message_id",
    "type": "type",
    "event": "event",
    "name": "name",
    "userId": "user_id",
    "anonymousId": "anonymous_id",
    "groupId": "group_id",
    "previousId": "previous_id",
}
TIMES: Final[Mapping[str, str]] = {
    "timestamp": "timestamp",
    "originalTimestamp": "original_timestamp",
    "sentAt": "sent_at",
    "receivedAt": "received_at",
}
NESTED: Final = ("context", "properties", "traits", "integrations")

_decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_text = msgspec.json.Decoder(str | None).decode
_decode_time = msgspec.json.Decoder(datetime | None).decode


def written(lines: Sequence[Line], compression: str) -> bytes:
    """Return a file of Parquet with a row for each line, in row groups that fit in memory.

    A field that does not fit its column is in the column `other`, with the fields that have none.
    """
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    at = pyarrow.timestamp("ms", tz="UTC")
    schema = pyarrow.schema(
        [
            ("source", pyarrow.string()),
            *((name, pyarrow.string()) for name in TEXTS.values()),
            *((name, at) for name in TIMES.values()),
            *((name, pyarrow.string()) for name in (*NESTED, "other")),
        ]
    )
    sink = io.BytesIO()
    with pyarrow.parquet.ParquetWriter(
        sink, schema, compression=compression, data_page_size=PAGE_BYTES
    ) as writer:
        for group in _groups(lines):
            rows = [_row(line) for line in group]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema), row_group_size=ROWS_MAX)
    return sink.getvalue()


def is_object(data: bytes) -> bool:
    """Tell whether JSON is an object, which alone can be a row."""
    return data[:1] == b"{"


def _groups(lines: Sequence[Line]) -> Iterator[list[Line]]:
    group: list[Line] = []
    room = ROWS_BYTES_MAX
    for line in lines:
        group.append(line)
        room -= len(line.data)
        if len(group) >= ROWS_MAX or room <= 0:
            yield group
            group, room = [], ROWS_BYTES_MAX
    if group:
        yield group


def _row(line: Line) -> dict[str, Any]:
    fields = _decode(line.data)
    row: dict[str, Any] = {"source": line.source}
    for names, decode in ((TEXTS, _decode_text), (TIMES, _decode_time)):
        for field, column in names.items():
            raw = fields.get(field)
            if raw is not None:
                try:
                    row[column] = decode(raw)
                except msgspec.DecodeError:
                    continue
                del fields[field]
    for field in NESTED:
        raw = fields.pop(field, None)
        if raw is not None and bytes(raw) != b"null":
            row[field] = bytes(raw).decode()
    if fields:
        row["other"] = msgspec.json.encode(fields).decode()
    return row
