"""What aggregations read of a field: numbers, texts, instants, or values as JSON.

A property may be a number in one event and a text in the next, so each reading says what it takes
of every kind, and none of them ever fails: what does not fit is not there.

- Numbers: numbers, texts that write one (as Elasticsearch coerces them), flags as 1 and 0, times
  in milliseconds.
- Texts: any scalar as text, with its kind, each one once per event.
- Instants: times, texts that write one in ISO 8601, and numbers as milliseconds.
"""

from dataclasses import dataclass
from typing import Final

from tailrace.query import jsonsql
from tailrace.query.bind import Binder
from tailrace.query.fields import NULLABLE, Column, Path, Unknown, resolve
from tailrace.query.text import NUMBER_PATTERN, TIME_PATTERN

NUMBER: Final = 1
TEXT: Final = 2
FLAG: Final = 4
TIME: Final = 8
_ALIASES: Final = {"@timestamp": "timestamp", "_id": "message_id"}


@dataclass(frozen=True)
class Read:
    """SQL for the values of each event: an array, or one `value` that is there if `present`.

    `kind` is that of all values, or 0 where each has its own.
    """

    array: str
    value: str | None = None
    present: str = "1"
    kind: int = 0

    @property
    def is_single(self) -> bool:
        """Whether an event has at most one value."""
        return self.value is not None

    @property
    def has_any(self) -> str:
        """SQL that tells whether the event has a value."""
        return self.present if self.is_single else f"notEmpty({self.array})"

    @property
    def count(self) -> str:
        """SQL for how many values the event has."""
        return f"toUInt64({self.present})" if self.is_single else f"length({self.array})"


def field_of(name: str) -> Column | Path | Unknown:
    """Return what a field of an aggregation is."""
    return resolve(_ALIASES.get(name, name))


def note_on(name: str) -> str | None:
    """Return what the person who asked should know about the field."""
    field = field_of(name)
    if isinstance(field, Unknown):
        return field.note
    if isinstance(field, Path) and not field.keys:
        return f"'{name}' is an object: name a key such as {name}.key; it has no values as a whole."
    return None


def is_time(name: str) -> bool:
    """Tell whether the field is a column of times."""
    field = field_of(name)
    return isinstance(field, Column) and field.kind == "time"


def numbers(name: str, binder: Binder) -> Read:
    """Return the field's values as Float64."""
    field = field_of(name)
    match field:
        case Column(column, "text"):
            value = f"toFloat64OrZero(toString({column}))"
            return _single(value, f"match({column}, {binder.text(NUMBER_PATTERN)})", NUMBER)
        case Column(column, "flag"):
            return _single(f"toFloat64({column})", "1", FLAG)
        case Column():
            return _single(f"toFloat64({_ms(field)})", _has(field), TIME)
        case Path(_, keys) if keys:
            scalars = jsonsql.scalars_sql(field, binder)
            text = "JSONExtractString(r)"
            written = (
                f"if(match({text}, {binder.text(NUMBER_PATTERN)}), toFloat64OrNull({text}), NULL)"
            )
            one = (
                f"multiIf(startsWith(r, '\"'), {written}, r = 'true', 1., r = 'false', 0., "
                "toFloat64OrNull(r))"
            )
            slow = _not_null(f"arrayMap(r -> {one}, {scalars})")
            stored = jsonsql.value_sql(field)
            if stored is None:
                return Read(slow)
            cases = [
                f"isNotNull({stored}.:`{kind}`), [toFloat64(assumeNotNull({stored}.:`{kind}`))]"
                for kind in ("Float64", "Int64")
            ]
            if len(keys) == 1:
                cases.append(f"isNull({stored}), []")
            return Read(f"multiIf({', '.join(cases)}, {slow})")
        case _:
            return Read("CAST([], 'Array(Float64)')", "toFloat64(0)", "0", NUMBER)


def texts(name: str, binder: Binder) -> Read:
    """Return the field's distinct values: texts where all are of one kind, else (text, kind)."""
    field = field_of(name)
    match field:
        case Column(column, "text"):
            return _single(column, f"({column} != '')", TEXT)
        case Column(column, "flag"):
            return _single(f"if({column}, 'true', 'false')", "1", FLAG)
        case Column():
            return _single(f"toString({_ms(field)})", _has(field), TIME)
        case Path(_, keys) if keys:
            one = (
                f"multiIf(startsWith(r, '\"'), (JSONExtractString(r), toUInt8({TEXT})), "
                f"r IN ('true', 'false'), (r, toUInt8({FLAG})), (r, toUInt8({NUMBER})))"
            )
            slow = f"arrayDistinct(arrayMap(r -> {one}, {jsonsql.scalars_sql(field, binder)}))"
            value = jsonsql.value_sql(field)
            if value is None:
                return Read(slow)
            text = f"{value}.:`String`"
            cases = f"isNotNull({text}), [(assumeNotNull({text}), toUInt8({TEXT}))]"
            if len(keys) == 1:
                cases += f", isNull({value}), []"
            return Read(f"multiIf({cases}, {slow})")
        case _:
            return Read("CAST([], 'Array(String)')", "''", "0", TEXT)


def plain_texts(name: str, binder: Binder) -> Read:
    """Return the field's distinct values as texts, whatever their kind."""
    read = texts(name, binder)
    if read.is_single:
        return read
    return Read(f"arrayDistinct(arrayMap(t -> t.1, {read.array}))")


def instants(name: str, binder: Binder) -> Read:
    """Return the field's values as Int64, milliseconds since 1970."""
    field = field_of(name)
    match field:
        case Column(_, "time"):
            return _single(_ms(field), _has(field), TIME)
        case Path(_, keys) if keys:
            text = "JSONExtractString(r)"
            pattern = binder.text(TIME_PATTERN)
            parsed = f"parseDateTime64BestEffortOrNull({text}, 3, 'UTC')"
            written = f"if(match({text}, {pattern}), toUnixTimestamp64Milli({parsed}), NULL)"
            number = "toInt64OrNull(toString(trunc(toFloat64OrNull(r))))"
            number = f"if(abs(ifNull(toFloat64OrNull(r), 1e18)) < 1e14, {number}, NULL)"
            one = f"if(startsWith(r, '\"'), {written}, {number})"
            return Read(_not_null(f"arrayMap(r -> {one}, {jsonsql.scalars_sql(field, binder)})"))
        case _:
            return Read("CAST([], 'Array(Int64)')", "toInt64(0)", "0", TIME)


def raws(name: str, binder: Binder) -> Read:
    """Return the field's values as JSON texts."""
    field = field_of(name)
    match field:
        case Column(column, "text"):
            return _single(f"toJSONString(toString({column}))", f"({column} != '')", TEXT)
        case Column(column, "flag"):
            return _single(f"if({column}, 'true', 'false')", "1", FLAG)
        case Column():
            return _single(f"toString({_ms(field)})", _has(field), TIME)
        case Path(_, keys) if keys:
            return Read(jsonsql.scalars_sql(field, binder))
        case _:
            return Read("CAST([], 'Array(String)')", "''", "0", TEXT)


def _single(value: str, present: str, kind: int) -> Read:
    array = f"[{value}]" if present == "1" else f"if({present}, [{value}], [])"
    return Read(array, value, present, kind)


def _ms(column: Column) -> str:
    value = column.name
    if value in NULLABLE:
        value = f"ifNull({value}, toDateTime64(0, 3, 'UTC'))"
    return f"toUnixTimestamp64Milli({value})"


def _has(column: Column) -> str:
    return f"isNotNull({column.name})" if column.name in NULLABLE else "1"


def _not_null(array: str) -> str:
    return f"arrayMap(x -> assumeNotNull(x), arrayFilter(x -> isNotNull(x), {array}))"
