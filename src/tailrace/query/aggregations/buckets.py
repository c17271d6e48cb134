"""Bucket aggregations: which keys the rows of events get, and which buckets come of the keys found.

Each kind is a `Bucketing`. `layer` adds its keys to the rows; the statement then groups by them,
and `made` turns what it found in one bucket of the aggregation above into buckets.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tailrace.errors import QueryError
from tailrace.query.aggregations import reading, tree
from tailrace.query.aggregations.metrics import Around, text_of
from tailrace.query.aggregations.reading import FLAG, NUMBER, TEXT, TIME, Read
from tailrace.query.aggregations.rows import Key, Rows
from tailrace.query.aggregations.when import Rounding
from tailrace.query.regexes import expression_of

Orders = Sequence[tuple[str, bool]]
"""What buckets are ordered by, and whether from the greatest down."""


@dataclass(frozen=True)
class Found:
    """One group of the statement: its own keys, its events, and the values of its columns.

    `extras` are the columns of the kind itself; `total` is what all groups beside it have.
    """

    keys: tuple[Key, ...]
    count: int
    extras: Sequence[Any] = ()
    values: Sequence[Any] = ()
    total: int = 0


@dataclass
class Made:
    """One bucket: how it begins, and what was found in it; None where no event is."""

    keys: tuple[Key, ...]
    head: dict[str, Any]
    found: Found | None
    name: str = ""
    around: Around | None = None

    @property
    def count(self) -> int:
        """How many events are in it."""
        return 0 if self.found is None else self.found.count


class Bucketing:
    """One bucket aggregation within statements; this one has a single bucket of all events."""

    is_single = True
    is_cut = False
    """Whether some of the buckets found are left out, so that those below it must be told."""
    is_keyed = False
    has_total = False
    is_of_hours = True
    """Whether events of one hour that are alike are in the same buckets."""
    orders: Orders = ()
    size = 0
    events_min = 1

    def layer(self, rows: Rows) -> None:
        """Add the keys."""

    def extras(self) -> Sequence[str]:
        """Return aggregate expressions for `Found.extras`; asked after `layer`."""
        return ()

    def key_order(self, *, is_descending: bool, keys: Sequence[str], extras: Sequence[str]) -> str:
        """Return SQL to order by the keys."""
        direction = "DESC" if is_descending else "ASC"
        return ", ".join(f"{key} {direction}" for key in keys)

    def having(self, rows: Rows) -> str:
        """Return a condition on the groups, or nothing."""
        return ""

    def learn(self, found: Sequence[Found]) -> None:
        """See all that was found, in all buckets of the aggregation above."""

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        return [Made((), {}, found[0] if found else None)]

    def frame(self, found: Sequence[Found], made: Sequence[Made]) -> dict[str, Any]:
        """Return what the answer has beside its buckets."""
        return {}


class Narrowed(Bucketing):
    """The events that a condition lets through."""

    def __init__(self, condition: Callable[[Rows], str]) -> None:
        self._condition = condition

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        rows.layer(where=self._condition(rows))


class Sampled(Bucketing):
    """The newest events."""

    def __init__(self, size: int) -> None:
        self._size = size

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        order = ", ".join(
            f"{rows.add(name)} DESC"
            for name in ("timestamp", "raw_partition", "raw_offset", "raw_index")
        )
        by = f" BY {', '.join(rows.keys)}" if rows.keys else ""
        rows.layer(end=f" ORDER BY {order} LIMIT {self._size}{by}")


class Terms(Bucketing):
    """One bucket per value of a field, or per combination of values of several."""

    is_single = False
    is_cut = True
    has_total = True

    def __init__(
        self,
        sources: Sequence[tuple[str, object]],
        *,
        size: int,
        orders: Orders,
        events_min: int,
        include: tree.Patterns | None = None,
        exclude: tree.Patterns | None = None,
        written: Callable[[int], str] | None = None,
        is_multiple: bool = False,
    ) -> None:
        self._sources = sources
        self.size = size
        self.orders = orders
        self.events_min = max(events_min, 1)
        self._include = include
        self._exclude = exclude
        self._written = written
        self._is_multiple = is_multiple
        self._kinds: list[str] = []
        self._kind_of: list[int] = [0] * len(sources)

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        self._kinds = []
        for name, missing in self._sources:
            read = reading.texts(name, rows.binder)
            key, kind = add_text_key(rows, read, missing)
            self._kinds.append(kind)
            for patterns, is_wanted in ((self._include, True), (self._exclude, False)):
                if patterns is not None:
                    rows.layer(where=_chosen(rows, key, patterns, is_wanted=is_wanted))

    def extras(self) -> Sequence[str]:
        """Return aggregate expressions for `Found.extras`; asked after `layer`."""
        return [f"groupBitOr({kind})" if kind.startswith("t") else kind for kind in self._kinds]

    def key_order(self, *, is_descending: bool, keys: Sequence[str], extras: Sequence[str]) -> str:
        """Return SQL to order by the keys."""
        parts = []
        for key, kind in zip(keys, extras, strict=True):
            number = f"if({kind} IN ({NUMBER}, {TIME}), toFloat64OrNull(toString({key})), NULL)"
            direction = "DESC NULLS FIRST" if is_descending else "ASC NULLS LAST"
            parts += [f"{number} {direction}", f"{key} {'DESC' if is_descending else 'ASC'}"]
        return ", ".join(parts)

    def learn(self, found: Sequence[Found]) -> None:
        """See all that was found, in all buckets of the aggregation above."""
        for one in found:
            for place, kind in enumerate(one.extras):
                self._kind_of[place] |= int(kind)

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        return [Made(one.keys, self._head(one), one) for one in found]

    def _head(self, found: Found) -> dict[str, Any]:
        values = [
            value_of(str(key), kind) for key, kind in zip(found.keys, self._kind_of, strict=True)
        ]
        if self._is_multiple:
            texts = [
                text_of(bool(value)) if kind == FLAG else text_of(value)
                for value, kind in zip(values, self._kind_of, strict=True)
            ]
            return {"key": values, "key_as_string": "|".join(texts)}
        head: dict[str, Any] = {"key": values[0]}
        if self._kind_of[0] == FLAG:
            head["key_as_string"] = str(found.keys[0])
        elif self._kind_of[0] == TIME and self._written is not None:
            head["key_as_string"] = self._written(int(values[0]))
        return head

    def frame(self, found: Sequence[Found], made: Sequence[Made]) -> dict[str, Any]:
        """Return what the answer has beside its buckets."""
        total = found[0].total if found else 0
        return {
            "doc_count_error_upper_bound": 0,
            "sum_other_doc_count": total - sum(bucket.count for bucket in made),
        }


def add_text_key(rows: Rows, read: Read, missing: object = None) -> tuple[str, str]:
    """Add a key of texts; return its column, and SQL for the kind of each row's value."""
    instead = None if missing is None else rows.binder.text(text_of(missing))
    kind = FLAG if isinstance(missing, bool) else TEXT if isinstance(missing, str) else NUMBER
    if read.is_single:
        present = "1" if read.present == "1" else rows.add(read.present)
        value = rows.add(str(read.value))
        if instead is None:
            return rows.key(value, where="" if present == "1" else present), str(read.kind)
        mixed = read.kind if present == "1" else read.kind | kind
        return rows.key(f"if({present}, toString({value}), {instead})"), str(mixed)
    array = rows.add(read.array)
    if instead is not None:
        array = f"if(empty({array}), [({instead}, toUInt8({kind}))], {array})"
    number = len(rows.keys)
    rows.layer([f"arrayJoin({array}) AS j{number}", f"j{number}.2 AS t{number}"])
    return rows.key(f"j{number}.1"), f"t{number}"


def value_of(key: str, kind: int) -> Any:
    """Return a key as JSON has it: a number where all keys are numbers, 0 or 1 for flags."""
    if kind == FLAG:
        return 1 if key == "true" else 0
    if kind in (NUMBER, TIME):
        try:
            return int(key)
        except ValueError:
            return float(key)
    return key


def _chosen(rows: Rows, key: str, patterns: tree.Patterns, *, is_wanted: bool) -> str:
    if isinstance(patterns, str):
        test = f"match(toString({key}), {rows.binder.text(expression_of(patterns).re2)})"
    else:
        test = f"toString({key}) IN {rows.binder.texts(list(map(text_of, patterns)))}"
    return test if is_wanted else f"NOT {test}"


class Geo(Bucketing):
    """One bucket per cell of the earth's surface."""

    is_single = False
    is_cut = True
    orders: Orders = (("_count", True),)

    def __init__(self, name: str, *, precision: int, size: int, is_tile: bool) -> None:
        self._name = name
        self._precision = precision
        self.size = size
        self._is_tile = is_tile

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        lat, lon = (
            rows.add(f"{reading.numbers(f'{self._name}.{part}', rows.binder).array}")
            for part in ("lat", "lon")
        )
        where = (
            f"notEmpty({lat}) AND notEmpty({lon}) AND abs({lat}[1]) <= 90 AND abs({lon}[1]) <= 180"
        )
        if self._is_tile:
            rows.key(_tile(f"{lat}[1]", f"{lon}[1]", self._precision), where=where)
        else:
            rows.key(f"geohashEncode({lon}[1], {lat}[1], {self._precision})", where=where)

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        return [Made(one.keys, {"key": one.keys[0]}, one) for one in found]


def _tile(lat: str, lon: str, zoom: int) -> str:
    tiles = 2**zoom
    x = f"toInt64(least(greatest(floor(({lon} + 180) / 360 * {tiles}), 0), {tiles - 1}))"
    sine = f"sin(greatest(least({lat}, 85.05112878), -85.05112878) * pi() / 180)"
    part = f"0.5 - log((1 + {sine}) / (1 - {sine})) / (4 * pi())"
    y = f"toInt64(least(greatest(floor(({part}) * {tiles}), 0), {tiles - 1}))"
    return f"concat('{zoom}/', toString({x}), '/', toString({y}))"


class Dates(Bucketing):
    """One bucket per interval of time."""

    is_single = False

    def __init__(
        self,
        name: str,
        rounding: Rounding,
        *,
        written: Callable[[int], str],
        events_min: int = 0,
        missing_ms: int | None = None,
        extended: tuple[int | None, int | None] | None = None,
        hard: tuple[int | None, int | None] | None = None,
        is_keyed: bool = False,
        interval: str | None = None,
        buckets_max: int,
    ) -> None:
        self._name = name
        self._rounding = rounding
        self._written = written
        self.events_min = max(events_min, 1)
        self._is_filled = events_min == 0
        self._missing_ms = missing_ms
        self._extended = extended
        self._hard = hard
        self.is_keyed = is_keyed
        self._interval = interval
        self._buckets_max = buckets_max
        self.is_of_hours = rounding.is_of_hours

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        read = reading.instants(self._name, rows.binder)
        if read.is_single and (self._missing_ms is None or read.present == "1"):
            present = "" if read.present == "1" else rows.add(read.present)
            key = rows.key(self._rounding.sql(rows.add(str(read.value))), where=present)
        else:
            array = rows.add(read.array)
            if self._missing_ms is not None:
                array = f"if(empty({array}), [toInt64({self._missing_ms})], {array})"
            rounded = f"arrayMap(x -> {self._rounding.sql('x')}, {array})"
            key = rows.key(f"arrayJoin(arrayDistinct({rounded}))")
        for bound, operator in zip(self._hard or (), (">=", "<"), strict=False):
            if bound is not None:
                rows.layer(where=f"{key} {operator} {bound}")

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        by_start = {int(one.keys[0]): one for one in found}
        starts = sorted(by_start)
        if self._is_filled:
            starts = self._filled(starts)
        made = []
        for start in starts:
            text = self._written(start)
            around = Around(start, self._rounding.following(start), self._rounding.interval)
            head = {"key_as_string": text, "key": start}
            made.append(Made((start,), head, by_start.get(start), text, around))
        return made

    def _filled(self, starts: Sequence[int]) -> list[int]:
        ends = list(starts[:1]) + list(starts[-1:])
        if self._extended is not None:
            low, high = self._extended
            ends += [self._rounding.round(one) for one in (low, high) if one is not None]
            if not starts and (low is None or high is None):
                ends = []
        filled = []
        at = min(ends, default=0)
        while ends and at <= max(ends):
            if self._is_within(at):
                filled.append(at)
            at = self._rounding.following(at)
            if len(filled) > self._buckets_max:
                break
        return filled

    def _is_within(self, start: int) -> bool:
        low, high = self._hard or (None, None)
        return (low is None or start >= low) and (high is None or start < high)

    def frame(self, found: Sequence[Found], made: Sequence[Made]) -> dict[str, Any]:
        """Return what the answer has beside its buckets."""
        return {} if self._interval is None else {"interval": self._interval}


class Numbers(Bucketing):
    """One bucket per interval of numbers."""

    is_single = False

    def __init__(
        self,
        options: tree.Histogram,
        *,
        missing: float | None,
        extended: tuple[float | None, float | None] | None,
        hard: tuple[float | None, float | None] | None,
        buckets_max: int,
    ) -> None:
        self._options = options
        self._missing = missing
        self._extended = extended
        self._hard = hard
        self._buckets_max = buckets_max
        self.events_min = max(options.min_doc_count, 1)
        self.is_keyed = options.keyed

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        read = reading.numbers(self._options.field, rows.binder)
        offset, interval = self._options.offset, self._options.interval
        array = rows.add(read.array)
        if self._missing is not None:
            array = f"if(empty({array}), [toFloat64({self._missing!r})], {array})"
        number = f"floor((v - ({offset!r})) / {interval!r})"
        # Beyond, numbers of intervals are no longer told apart.
        numbers = f"arrayFilter(i -> abs(i) < 1e15, arrayMap(v -> {number}, {array}))"
        key = rows.key(f"arrayJoin(arrayDistinct({numbers}))")
        for bound, operator in zip(self._hard or (), (">=", "<="), strict=False):
            if bound is not None:
                at = math.floor((bound - offset) / interval)
                rows.layer(where=f"{key} {operator} {at}")

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        by_number = {float(one.keys[0]): one for one in found}
        numbers = sorted(by_number)
        if self._options.min_doc_count == 0:
            numbers = self._filled(numbers)
        made = []
        for number in numbers:
            key = number * self._options.interval + self._options.offset
            made.append(Made((number,), {"key": key}, by_number.get(number), str(key)))
        return made

    def _filled(self, numbers: Sequence[float]) -> list[float]:
        ends = [*numbers[:1], *numbers[-1:]]
        for bound in self._extended or ():
            if bound is not None:
                offset, interval = self._options.offset, self._options.interval
                ends.append(float(math.floor((bound - offset) / interval)))
        if not ends or (not numbers and None in (self._extended or (None,))):
            return list(numbers)
        size = int(max(ends) - min(ends)) + 1
        return [min(ends) + place for place in range(min(size, self._buckets_max + 1))]


@dataclass(frozen=True)
class Slot:
    """One of the buckets that are always there."""

    name: str | None
    head: Mapping[str, Any]


class Slots(Bucketing):
    """Buckets with conditions of their own; an event may be in several."""

    is_single = False

    def __init__(
        self,
        slots: Sequence[Slot],
        conditions: Callable[[Rows], Sequence[str]],
        *,
        is_keyed: bool,
        has_other: bool = False,
    ) -> None:
        self._slots = slots
        self._conditions = conditions
        self.is_keyed = is_keyed
        self._has_other = has_other

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        conditions = self._conditions(rows)
        numbers = ", ".join(
            f"if({condition}, {number}, 0)" for number, condition in enumerate(conditions, start=1)
        )
        places = f"arrayFilter(x -> x > 0, [{numbers}])"
        if self._has_other:
            places = f"arrayMap(x -> toUInt16(x), {places})"
            places = f"if(empty({places}), [toUInt16({len(self._slots)})], {places})"
        rows.key(f"arrayJoin({places})")

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        by_place = {int(one.keys[0]): one for one in found}
        return [
            Made((place,), dict(slot.head), by_place.get(place), slot.name or "")
            for place, slot in enumerate(self._slots, start=1)
        ]


class Significant(Terms):
    """Values that are commoner here than among all events."""

    has_total = False

    def __init__(self, options: tree.SignificantTerms) -> None:
        super().__init__(
            [(options.field, options.missing)],
            size=0,
            orders=(("_count", True),),
            events_min=options.min_doc_count,
            include=options.include,
            exclude=options.exclude,
        )
        self.wanted = options.size
        self.field = options.field
        self.everything = 0
        self.background: Mapping[str, int] = {}

    def score(self, found: Found, within: int) -> float:
        """Return the JLH score: how much commoner, absolute times relative."""
        here = found.count / within if within else 0.0
        there = self.background.get(str(found.keys[0]), found.count) / max(self.everything, 1)
        return 0.0 if here <= there or not there else (here - there) * (here / there)

    def best(self, found: Sequence[Found], within: int) -> list[Found]:
        """Return what stands out, the most first."""
        scored = [(self.score(one, within), one) for one in found]
        kept = [pair for pair in scored if pair[0] > 0]
        kept.sort(key=lambda pair: (-pair[0], str(pair[1].keys[0])))
        return [
            Found(one.keys, one.count, (*one.extras[:1], score), one.values, within)
            for score, one in kept[: self.wanted]
        ]

    def learn(self, found: Sequence[Found]) -> None:
        """See all that was found, in all buckets of the aggregation above."""
        super().learn([Found(one.keys, one.count, one.extras[:1]) for one in found])

    def _head(self, found: Found) -> dict[str, Any]:
        head = super()._head(Found(found.keys, found.count, found.extras[:1]))
        background = self.background.get(str(found.keys[0]), found.count)
        return {**head, "score": found.extras[1], "bg_count": background}

    def frame(self, found: Sequence[Found], made: Sequence[Made]) -> dict[str, Any]:
        """Return what the answer has beside its buckets."""
        return {"doc_count": found[0].total if found else 0, "bg_count": self.everything}


class Combined(Bucketing):
    """All combinations of the sources of `composite`, one page of them."""

    is_single = False
    is_cut = True

    def __init__(self, options: tree.Composite, parts: Sequence["Part"]) -> None:
        self._options = options
        self._parts = parts
        self.size = options.size
        self._names: list[list[str]] = []

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        self._names = []
        for part in self._parts:
            before = len(rows.keys)
            part.layer(rows)
            self._names.append(rows.keys[before:])
        after = self._options.after
        if after is None:
            return
        columns: list[tuple[str, str, bool]] = []
        for part, names in zip(self._parts, self._names, strict=True):
            values = part.after(after[part.name], rows)
            columns += zip(names, values, part.descending(len(names)), strict=True)
        either = []
        for place, (name, value, is_descending) in enumerate(columns):
            equal = [f"{other} = {same}" for other, same, _ in columns[:place]]
            either.append(" AND ".join([*equal, f"{name} {'<' if is_descending else '>'} {value}"]))
        rows.layer(where="(" + " OR ".join(f"({one})" for one in either) + ")")

    def key_order(self, *, is_descending: bool, keys: Sequence[str], extras: Sequence[str]) -> str:
        """Return SQL to order by the keys."""
        ordered = []
        for part, names in zip(self._parts, self._names, strict=True):
            for name, is_down in zip(names, part.descending(len(names)), strict=True):
                ordered.append(f"{name} {'DESC' if is_down else 'ASC'}")
        return ", ".join(ordered)

    def made(self, found: Sequence[Found]) -> list[Made]:
        """Return the buckets of what was found in one bucket of the aggregation above."""
        made = []
        for one in found:
            key = {}
            at = 0
            for part, names in zip(self._parts, self._names, strict=True):
                key[part.name] = part.value(one.keys[at : at + len(names)])
                at += len(names)
            made.append(Made(one.keys, {"key": key}, one))
        return made

    def frame(self, found: Sequence[Found], made: Sequence[Made]) -> dict[str, Any]:
        """Return what the answer has beside its buckets."""
        return {"after_key": made[-1].head["key"]} if made else {}


class Part(ABC):
    """One source of `composite`: its keys are whether it has a value, and the value."""

    def __init__(self, source: tree.Source) -> None:
        self.name = source.name
        self.options = source.options

    def descending(self, size: int) -> list[bool]:
        """Return for each key whether it is ordered from the greatest down."""
        is_down = self.options.order == "desc"
        is_null_last = self.options.missing_order == "last"
        has_order = self.options.missing_order in ("first", "last")
        # The first key is 0 for nothing and 1 for a value.
        return [is_null_last if has_order else is_down, *([is_down] * (size - 1))]

    @abstractmethod
    def layer(self, rows: Rows) -> None:
        """Add the keys."""

    @abstractmethod
    def after(self, given: object, rows: Rows) -> list[str]:
        """Return SQL for the values of the keys after which the page starts."""

    @abstractmethod
    def value(self, keys: Sequence[Key]) -> Any:
        """Return the value of the bucket's key."""

    def _joined(self, rows: Rows, array: str, nothing: str) -> str:
        """Join with the values, or with nothing where that is wanted; return the column."""
        if self.options.missing_bucket:
            array = f"if(empty({array}), [{nothing}], {array})"
        name = f"c{len(rows.keys)}"
        rows.layer([f"arrayJoin({array}) AS {name}"])
        return name


_NOTHING: Final = "toUInt8(0)"
_SOMETHING: Final = "toUInt8(1)"


class TextPart(Part):
    """A source of kind terms: numbers are ordered as numbers, before texts."""

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        read = reading.texts(self.options.field, rows.binder)
        if read.kind:
            kind = f"toUInt8({read.kind})"
            array = f"arrayMap(x -> ({_SOMETHING}, toString(x), {kind}), {read.array})"
        else:
            array = f"arrayMap(x -> ({_SOMETHING}, x.1, x.2), {read.array})"
        pair = self._joined(rows, rows.add(array), f"({_NOTHING}, '', {_NOTHING})")
        rows.key(f"{pair}.1")
        is_number = f"{pair}.3 IN ({NUMBER}, {TIME})"
        rows.key(f"if({is_number}, toFloat64OrDefault({pair}.2, inf), inf)")
        rows.key(f"{pair}.2")
        rows.key(f"{pair}.3")

    def after(self, given: object, rows: Rows) -> list[str]:
        """Return SQL for the values of the keys after which the page starts."""
        if given is None:
            return ["0", "inf", "''", "0"]
        kind = FLAG if isinstance(given, bool) else TEXT if isinstance(given, str) else NUMBER
        if kind == NUMBER and reading.is_time(self.options.field):
            kind = TIME
        text = text_of(given)
        number = f"toFloat64({rows.binder.text(text)})" if kind in (NUMBER, TIME) else "inf"
        return ["1", number, rows.binder.text(text), str(kind)]

    def value(self, keys: Sequence[Key]) -> Any:
        """Return the value of the bucket's key."""
        if not keys[0]:
            return None
        if keys[3] == FLAG:
            return keys[2] == "true"
        return value_of(str(keys[2]), int(keys[3]))


class NumberPart(Part):
    """A source of kind histogram."""

    def __init__(self, source: tree.Source, interval: float) -> None:
        super().__init__(source)
        self._interval = interval

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        numbers = reading.numbers(self.options.field, rows.binder).array
        rounded = f"arrayMap(v -> floor(v / {self._interval!r}), {numbers})"
        rounded = f"arrayDistinct(arrayFilter(i -> abs(i) < 1e15, {rounded}))"
        array = rows.add(f"arrayMap(v -> ({_SOMETHING}, v), {rounded})")
        pair = self._joined(rows, array, f"({_NOTHING}, toFloat64(0))")
        rows.key(f"{pair}.1")
        rows.key(f"{pair}.2")

    def after(self, given: object, rows: Rows) -> list[str]:
        """Return SQL for the values of the keys after which the page starts."""
        if given is None:
            return ["0", "0"]
        if not isinstance(given, int | float):
            raise QueryError(f"after.{self.name} is no number; give after_key as it came")
        return ["1", repr(float(round(given / self._interval)))]

    def value(self, keys: Sequence[Key]) -> Any:
        """Return the value of the bucket's key."""
        return float(keys[1]) * self._interval if keys[0] else None


class DatePart(Part):
    """A source of kind date_histogram."""

    def __init__(
        self, source: tree.Source, rounding: Rounding, written: Callable[[int], str] | None
    ) -> None:
        super().__init__(source)
        self._rounding = rounding
        self._written = written

    def layer(self, rows: Rows) -> None:
        """Add the keys."""
        instants = reading.instants(self.options.field, rows.binder).array
        rounded = f"arrayDistinct(arrayMap(x -> {self._rounding.sql('x')}, {rows.add(instants)}))"
        array = f"arrayMap(x -> ({_SOMETHING}, x), {rounded})"
        pair = self._joined(rows, array, f"({_NOTHING}, toInt64(0))")
        rows.key(f"{pair}.1")
        rows.key(f"{pair}.2")

    def after(self, given: object, rows: Rows) -> list[str]:
        """Return SQL for the values of the keys after which the page starts."""
        if given is None:
            return ["0", "0"]
        if not isinstance(given, int | float):
            raise QueryError(
                f"after.{self.name} is no number of milliseconds; give sources no format where "
                "pages follow each other"
            )
        return ["1", str(int(given))]

    def value(self, keys: Sequence[Key]) -> Any:
        """Return the value of the bucket's key."""
        if not keys[0]:
            return None
        return int(keys[1]) if self._written is None else self._written(int(keys[1]))
