"""From an event to rows: which tables it is in, and what their columns are called.

A row is a dict of values by their columns, without those that are null. Objects are flattened;
what holds a list is one text of JSON.

Source: Segment's documentation of the warehouse schema, for tables, common columns and names.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from tailrace.destinations.warehouse.names import apart_from, cut, named
from tailrace.destinations.warehouse.values import MISFIT, Kind, text_of, time_of

DISCARDS: Final = "discards"
ID_CHARACTERS_MAX: Final = 512
DEPTH_MAX: Final = 20
EPOCH: Final = "1970-01-01T00:00:00.000Z"
NAMES_MAX: Final = 50_000
DISCARD_COLUMNS: Final[Mapping[str, Kind]] = {
    "row_id": Kind.TEXT,
    "table_name": Kind.TEXT,
    "column_name": Kind.TEXT,
    "column_value": Kind.TEXT,
    "reason": Kind.TEXT,
    "received_at": Kind.TIME,
}
DUPLICATE: Final = "the column has another value already"
RESERVED: Final = "the name is reserved"
TOO_DEEP: Final = "nested too deeply"
NO_TABLE: Final = "there are as many tables as may be"

TABLES: Final = frozenset(
    {
        "tracks", "identifies", "users", "pages", "screens", "groups", "accounts", "aliases",
        DISCARDS,
    }
)  # fmt: skip
_COMMON: Final = frozenset(
    {
        "id", "anonymous_id", "user_id", "received_at", "sent_at", "original_timestamp",
        "timestamp", "uuid_ts",
    }
)  # fmt: skip
_TRACK: Final = _COMMON | {"event", "event_text"}
_GROUP: Final = _COMMON | {"group_id"}
_ALIAS: Final = _COMMON | {"previous_id"}

Row = dict[str, Any]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Discard(NamedTuple):
    """A value that is in no column: of which row, and why."""

    row_id: str
    table: str
    column: str
    value: str
    reason: str
    received_at: str


@dataclass
class Load:
    """What a batch comes to in one schema.

    `rows` has the rows of each table by their ids; `latest` those of tables that hold the newest of
    a thing. An event's table is in `of_events` too, for it may be refused.
    """

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    latest: dict[str, dict[str, Row]] = field(default_factory=dict)
    of_events: set[str] = field(default_factory=set)
    discards: list[Discard] = field(default_factory=list)

    def add(self, table: str, row: Row) -> None:
        """Add a row; another one of the same id goes."""
        self.rows.setdefault(table, {})[row["id"]] = row

    @property
    def tables(self) -> Set[str]:
        """The tables that get rows."""
        return self.rows.keys() | self.latest.keys()

    def refuse(self, table: str, reason: str) -> None:
        """Load no rows of a table: what they hold goes apart."""
        tracks = self.rows["tracks"]
        for row in self.rows.pop(table, {}).values():
            held = {name: value for name, value in row.items() if name not in tracks[row["id"]]}
            self.discards.append(
                Discard(row["id"], table, "", text_of(held), reason, row["received_at"])
            )

    def add_latest(self, table: str, row: Row) -> None:
        """Add what is newest of a thing: a value stays until a newer event has another one."""
        rows = self.latest.setdefault(table, {})
        before = rows.get(row["id"])
        if before is None:
            rows[row["id"]] = row
        else:
            is_newer = row.get("received_at", "") >= before.get("received_at", "")
            rows[row["id"]] = before | row if is_newer else row | before


class Layout:
    """Lays events out; keeps the names that it has made.

    `reserved` are names that the database keeps for itself.
    """

    def __init__(self, *, reserved: Set[str] = frozenset()) -> None:
        self._reserved = reserved
        self._tables: dict[str, str] = {}
        self._names: dict[str, dict[str, tuple[str, str]]] = {}
        self._count = 0

    def load(self, bodies: Sequence[bytes]) -> tuple[Load, list[bool]]:
        """Return the rows of events, and of each event whether it has any: its type is known."""
        load = Load()
        loaded_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        are_laid = [self._lay(body, load, loaded_at) for body in bodies]
        load.discards = list(dict.fromkeys(load.discards))
        return load, are_laid

    def _lay(self, body: bytes, load: Load, loaded_at: str) -> bool:
        event = event_of(body)
        if not isinstance(event, dict):
            return False
        laid = _OF_TYPES.get(event.get("type", "") if isinstance(event.get("type"), str) else "")
        if laid is None:
            return False
        row = _common(event, body, load, loaded_at)
        context = event.get("context")
        if isinstance(context, dict):
            table = _MAIN_TABLES[event["type"]]
            self._flatten(context, row, "context", frozenset(), _Page(load, table, row))
        laid(self, event, row, load)
        return True

    # --- The types of events --------------------------------------------------------------------

    def _track(self, event: Row, row: Row, load: Load) -> None:
        text = text_of(event.get("event") or "")
        table = self._table(text)
        row["event"] = table
        row["event_text"] = text
        load.add("tracks", row)
        wide = row.copy()
        self._values(event, "properties", wide, _TRACK, _Page(load, table, wide))
        load.add(table, wide)
        load.of_events.add(table)

    def _page(self, event: Row, row: Row, load: Load) -> None:
        table = _MAIN_TABLES[event["type"]]
        for name in ("name", "category"):
            if event.get(name):
                row[name] = event[name]
        self._values(event, "properties", row, _COMMON, _Page(load, table, row))
        load.add(table, row)

    def _identify(self, event: Row, row: Row, load: Load) -> None:
        self._values(event, "traits", row, _COMMON, _Page(load, "identifies", row))
        load.add("identifies", row)
        if row.get("user_id"):
            load.add_latest("users", _latest(row, "user_id"))

    def _group(self, event: Row, row: Row, load: Load) -> None:
        group_id = text_of(event.get("groupId") or "")
        if group_id:
            row["group_id"] = _short(group_id)
        self._values(event, "traits", row, _GROUP, _Page(load, "groups", row))
        load.add("groups", row)
        if group_id:
            load.add_latest("accounts", _latest(row, "group_id"))

    def _alias(self, event: Row, row: Row, load: Load) -> None:
        if event.get("previousId"):
            row["previous_id"] = event["previousId"]
        self._values(event, "traits", row, _ALIAS, _Page(load, "aliases", row))
        load.add("aliases", row)

    # --- Names ----------------------------------------------------------------------------------

    def _table(self, event: str) -> str:
        table = self._tables.get(event)
        if table is None:
            if len(self._tables) >= NAMES_MAX:
                self._tables.clear()
            table = self._tables[event] = apart_from(cut(named(event)), TABLES)
        return table

    def _name(self, prefix: str, key: str) -> tuple[str, str]:
        """Return the whole name of what is below a key, and that of its column."""
        if self._count >= NAMES_MAX:
            self._names.clear()
            self._count = 0
        self._count += 1
        whole = f"{prefix}_{named(key)}" if prefix else named(key)
        found = (whole, apart_from(cut(whole), self._reserved))
        self._names.setdefault(prefix, {})[key] = found
        return found

    # --- Values ---------------------------------------------------------------------------------

    def _values(self, event: Row, name: str, row: Row, reserved: Set[str], page: "_Page") -> None:
        values = event.get(name)
        if isinstance(values, dict):
            self._flatten(values, row, "", reserved, page)

    def _flatten(
        self,
        values: Mapping[str, Any],
        row: Row,
        prefix: str,
        reserved: Set[str],
        page: "_Page",
        depth: int = 0,
    ) -> None:
        names = self._names.get(prefix) or {}
        for key, value in values.items():
            if value is None:
                continue
            whole, column = names.get(key) or self._name(prefix, key)
            kind = type(value)
            if kind is dict:
                if depth < DEPTH_MAX:
                    self._flatten(value, row, whole, reserved, page, depth + 1)
                    continue
                value = text_of(value)
            elif kind is list:
                value = _encode(value).decode()
            if column in reserved:
                page.refuse(column, value, RESERVED)
            elif column not in row:
                row[column] = value
            else:
                page.refuse(column, value, DUPLICATE)


class _Page(NamedTuple):
    """Where values go that have no column: those of one row."""

    load: Load
    table: str
    row: Row

    def refuse(self, column: str, value: object, reason: str) -> None:
        """Note a value, unless the row says the same already."""
        row = self.row
        if value in (row.get(column), row.get("user_id"), row.get("group_id")):
            return
        self.load.discards.append(
            Discard(row["id"], self.table, column, text_of(value), reason, row["received_at"])
        )


def loads_of(
    events: Sequence[tuple[str, bytes]], layout: Layout
) -> tuple[dict[str, Load], list[bool]]:
    """Return what goes into each schema of pairs of one and an event; and which events are some."""
    by_schema: dict[str, list[int]] = {}
    for index, (schema, _) in enumerate(events):
        by_schema.setdefault(schema, []).append(index)
    are_events = [False] * len(events)
    loads = {}
    for name, indexes in by_schema.items():
        found, are_laid = layout.load([events[index][1] for index in indexes])
        if any(are_laid):
            loads[name] = found
        for index, is_laid in zip(indexes, are_laid, strict=True):
            are_events[index] = is_laid
    return loads, are_events


def event_of(body: bytes) -> Any:
    """Return the event that a JSON text is; what no database takes of it is made text."""
    try:
        return _decode(body)
    except msgspec.DecodeError:
        # Halves of characters and numbers without measure are JSON nevertheless.
        try:
            loose = json.loads(body, parse_int=_int, parse_float=_float)
        except (ValueError, RecursionError):
            return None
        return json.loads(json.dumps(loose, ensure_ascii=False).encode(errors="replace"))


def _int(text: str) -> int | str:
    return int(text) if len(text) <= 1_000 else text


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _common(event: Row, body: bytes, load: Load, loaded_at: str) -> Row:
    """Return the columns that all tables have."""
    given = event.get("messageId")
    message_id = text_of(given) if given else ""
    # The same event has the same id when it comes again.
    row: Row = {"id": _short(message_id) if message_id else hashlib.sha256(body).hexdigest()}
    row["received_at"] = _received_at(event)
    for column, name in _TIMES:
        if event.get(name) is not None:
            row[column] = event[name]
    for column, name in _IDS:
        if event.get(name):
            row[column] = _short(text_of(event[name]))
    row["uuid_ts"] = loaded_at
    return row


def _received_at(event: Row) -> str:
    """Return when the event arrived, in milliseconds; the same each time that it is laid out."""
    for name in ("receivedAt", "timestamp", "sentAt"):
        given = event.get(name)
        found = time_of(given) if isinstance(given, str) else MISFIT
        if found is not MISFIT:
            moment = str(found)
            if len(moment) == len(EPOCH):
                return moment
            return f"{moment.rstrip('Z').partition('.')[0]}.{_milliseconds(moment)}Z"
    return EPOCH


def _milliseconds(moment: str) -> str:
    fraction = moment.rstrip("Z").partition(".")[2]
    return f"{fraction[:3]:0<3}"


def _latest(row: Row, of: str) -> Row:
    left = {name: value for name, value in row.items() if name not in _NOT_LATEST}
    left["id"] = row[of]
    return left


def _short(text: str) -> str:
    """Return an id that an index takes."""
    if len(text) <= ID_CHARACTERS_MAX:
        return text
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


_TIMES: Final = (
    ("sent_at", "sentAt"),
    ("original_timestamp", "originalTimestamp"),
    ("timestamp", "timestamp"),
)
_IDS: Final = (("anonymous_id", "anonymousId"), ("user_id", "userId"))
_MAIN_TABLES: Final = {
    "track": "tracks",
    "page": "pages",
    "screen": "screens",
    "identify": "identifies",
    "group": "groups",
    "alias": "aliases",
}
_NOT_LATEST: Final = frozenset({"anonymous_id", "user_id", "group_id"})
_OF_TYPES: Final = {
    "track": Layout._track,
    "page": Layout._page,
    "screen": Layout._page,
    "identify": Layout._identify,
    "group": Layout._group,
    "alias": Layout._alias,
}
