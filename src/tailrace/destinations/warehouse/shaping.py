"""From the rows of a table to its columns: which are new, and what does not fit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from tailrace.destinations.warehouse.layout import EPOCH, Discard, Row
from tailrace.destinations.warehouse.values import (
    BIGINT_MAX,
    MISFIT,
    Column,
    Kind,
    fit_all,
    kind_of_all,
    text_of,
)

COLUMNS_MAX: Final = 1_600
EVENT_TABLES_MAX: Final = 1_000
NO_COLUMN: Final = "the table has as many columns as may be"
NO_FIT: Final = "the column takes only a "

_FIXED: Final[Mapping[str, Kind]] = {
    "id": Kind.TEXT,
    "anonymous_id": Kind.TEXT,
    "user_id": Kind.TEXT,
    "group_id": Kind.TEXT,
    "previous_id": Kind.TEXT,
    "event": Kind.TEXT,
    "event_text": Kind.TEXT,
    "received_at": Kind.TIME,
    "sent_at": Kind.TIME,
    "original_timestamp": Kind.TIME,
    "timestamp": Kind.TIME,
    "uuid_ts": Kind.TIME,
}
"""What columns of ours hold, whatever came first."""


@dataclass(frozen=True)
class Shaped:
    """Rows as columns: `values` has for each of `names` the values of all rows, in order."""

    names: Sequence[str]
    values: Sequence[Sequence[Any]]
    discards: Sequence[Discard] = field(default_factory=list)


def new_columns(rows: Iterable[Row], known: Mapping[str, Column], *, room: int) -> dict[str, Kind]:
    """Return the columns that rows need beside those known, in order, as many as there is room."""
    rows = list(rows)
    unknown = set().union(*rows) - known.keys()
    if not unknown:
        return {}
    found: dict[str, list[object]] = {}
    for name, value in chain.from_iterable(row.items() for row in rows):
        if name in unknown:
            found.setdefault(name, []).append(value)
    names = list(found)[: max(room, 0)]
    return {name: _FIXED.get(name) or kind_of_all(found[name]) for name in names}


def widened(rows: Iterable[Row], known: Mapping[str, Column]) -> list[str]:
    """Return the columns of whole numbers that got numbers which are none, or are too large."""
    wholes = {name for name, column in known.items() if column.kind is Kind.INTEGER}
    return sorted(
        {
            name
            for row in rows
            for name in wholes & row.keys()
            if _is_wider(row[name], known[name].most or BIGINT_MAX)
        }
    )


def shaped(table: str, rows: Sequence[Row], known: Mapping[str, Column]) -> Shaped:
    """Return the rows as the table's columns take them, with what they do not take apart."""
    used = set().union(*rows)
    names = [name for name in known if name in used]
    values: list[Sequence[Any]] = []
    discards: list[Discard] = []
    for name in names:
        given = [row.get(name) for row in rows]
        fitted = fit_all(known[name], given)
        if fitted is not given and MISFIT in fitted:
            reason = NO_FIT + known[name].kind.value
            for index, value in enumerate(fitted):
                if value is MISFIT:
                    fitted[index] = None
                    discards.append(_discard(table, rows[index], name, given[index], reason))
        values.append(fitted)
    kept = [index for index, name in enumerate(names) if known[name].kind is not Kind.OTHER]
    names, values = [names[index] for index in kept], [values[index] for index in kept]
    for name in sorted(used - known.keys()):
        discards += [
            _discard(table, row, name, row[name], NO_COLUMN) for row in rows if name in row
        ]
    return Shaped(names, values, discards)


def _is_wider(value: object, most: int) -> bool:
    if isinstance(value, float):
        return not value.is_integer() or abs(value) > most
    return isinstance(value, int) and not isinstance(value, bool) and not -most <= value <= most


def _discard(table: str, row: Row, column: str, value: object, reason: str) -> Discard:
    row_id, at = row.get("id", ""), row.get("received_at", EPOCH)
    return Discard(row_id, table, column, text_of(value), reason, at)
