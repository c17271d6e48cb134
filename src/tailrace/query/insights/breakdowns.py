"""Break an insight down by the values of a field: the top ones, the rest, and those without one."""

from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta

from tailrace.query.bind import Binder
from tailrace.query.commonest import array_sql, unknown_notes

NONE: Final = "(none)"
OTHER: Final = "Other"

FieldName = Annotated[
    str,
    Meta(min_length=1, max_length=500, description="A field, such as `properties.plan`."),
]
ValuesMax = Annotated[
    int, Meta(ge=1, le=25, description="How many values are told apart; the rest is `Other`.")
]


def value_sql(name: str, binder: Binder, notes: list[str]) -> str:
    """Return SQL for an event's value of a field as one text, '' where it has none.

    Of a list it is the first value. A field that does not exist is told in `notes`.
    """
    array = array_sql(name, binder)
    if array is None:
        notes += [note for note in unknown_notes(name) if note not in notes]
        return "''"
    return f"arrayElement({array}, 1)"


def place_sql(value: str, top: Sequence[str], binder: Binder) -> str:
    """Return SQL for a value's place among the top ones, from 0; the rest is one after the last."""
    if not top:
        return "0"
    return f"transform({value}, {binder.texts(top)}, range({len(top)}), {len(top)})"


def shown(value: str) -> str:
    """Return a value as it is named in an answer."""
    return value or NONE
