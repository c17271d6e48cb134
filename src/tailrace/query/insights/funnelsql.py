"""How far each actor got in a funnel, as one SELECT with a row for each.

An actor's events are sorted by time; those of one instant by the earliest step that they fulfil,
those of no step last, so that steps at one instant count as in order. Then, level by level, each
event is given the attempt that it brings to the level, named by the event that began it: of step 1
its own, of a later step the latest attempt that was at the level before, if its window is open.
`arrayFill` carries that to the events after it. The latest attempt is the one to follow, as it can
still do all that an earlier one on the same level can, and more. Each level looks at the one below
as it was before the event, so one event fulfils at most one step. So an actor's events are gone
through once per level, in loops of the engine, however often the actor began.

A level's array has, for each event, the attempt's code (its time and place, above 0), 0 where
nothing changes, and -1 where an exclusion ends the attempts there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import Events, Scope
from tailrace.query.insights.breakdowns import value_sql
from tailrace.query.insights.funnelshapes import Funnel, StepEvents

_NO_STEP: Final = 31
_BITS: Final = 63
_SHORT_BITS: Final = 32


@dataclass(frozen=True)
class Rows:
    """A SELECT of who, level, is_excluded, start_ms, at_ms and value; it has no name of a table.

    `level` is 0 for who is excluded. `at_ms` has the time of each step of the chosen attempt, 0 for
    those not reached; empty for the fast way. `value` is NULL for who has no place in the breakdown
    and `''` without one. With `has_many` an actor has a row for each value.
    """

    sql: str
    has_many: bool


def rows_of(scope: Scope, funnel: Funnel, *, is_plain: bool) -> Rows:
    """Return the rows of a funnel; with `is_plain` their level is all that is read of them."""
    writer = _Writer(scope, funnel)
    if is_plain and writer.is_simple:
        return Rows(writer.simple(), has_many=False)
    has_many = funnel.by is not None and funnel.attribution == "all_steps"
    rows = writer.any_order() if funnel.order == "any" else writer.in_order()
    return Rows(writer.best(rows) if funnel.constant else rows, has_many)


def are_apart(steps: Sequence[StepEvents]) -> bool:
    """Tell whether surely no event fulfils two of the steps, by their names or types."""
    for number, step in enumerate(steps):
        for other in steps[:number]:
            for one in choices_of(step):
                if any(not _are_apart(one, another) for another in choices_of(other)):
                    return False
    return True


def choices_of(step: StepEvents) -> list[Events]:
    """Return the events that fulfil a step, without their labels."""
    fields = {name: getattr(step, name) for name in Events.__struct_fields__}
    chosen = [
        msgspec.structs.replace(one, label=None) for one in (Events(**fields), *step.alternatives)
    ]
    return chosen[1:] if len(chosen) > 1 and chosen[0] == Events() else chosen


def _are_apart(one: Events, other: Events) -> bool:
    by_name = one.event is not None and other.event is not None and one.event != other.event
    by_type = one.type is not None and other.type is not None and one.type != other.type
    return by_name or by_type


class _Writer:
    """Writes the parts of the statement; every condition is bound once."""

    def __init__(self, scope: Scope, funnel: Funnel) -> None:
        self._scope = scope
        self._funnel = funnel
        self._count = len(funnel.steps)
        self._until_ms = scope.until_ms + funnel.window_ms
        # An event as late as that is in the window of one that began at the last moment.
        self._span_ms = self._until_ms - scope.since_ms
        self._place = 1 << (_BITS - self._span_ms.bit_length())
        self._steps = [scope.any_of(choices_of(step)) for step in funnel.steps]
        self._exclusions = [scope.matches(exclusion) for exclusion in funnel.exclusions]
        self._begins = f"(timestamp < {scope.binder.instant(scope.until_ms)})"
        self._are_apart = are_apart(funnel.steps)
        self._value = None
        self._constant = None
        if funnel.by is not None:
            self._value = value_sql(funnel.by, scope.binder, scope.notes)
        if funnel.constant is not None:
            self._constant = value_sql(funnel.constant, scope.binder, scope.notes)

    @property
    def is_simple(self) -> bool:
        """Whether the engine's own function for funnels says the same."""
        funnel = self._funnel
        is_bare = not (funnel.exclusions or funnel.by or funnel.constant or funnel.first_time)
        return funnel.order == "ordered" and self._are_apart and is_bare

    def simple(self) -> str:
        """Return the rows by windowFunnel, whose times have the step in them to settle ties."""
        funnel = self._funnel
        tests = ", ".join(self._tests())
        # Half as wide a number is sorted faster.
        kind = "UInt32" if self._span_ms.bit_length() <= _SHORT_BITS else "UInt64"
        made = f"to{kind}({self._since(INSTANT)}), {tests}"
        function = f"windowFunnel{{}}({funnel.window_ms})"
        if self._is_person:
            sql = (
                f"SELECT actor, {function.format('State')}({made}) AS state FROM {TABLE} "
                f"WHERE {self._where()} GROUP BY actor"
            )
            level, source = f"{function.format('Merge')}(state)", f"({sql}) WHERE who != 0"
        else:
            level = f"{function.format('')}({made})"
            source = f"{TABLE} WHERE {self._where()} AND who != 0"
        return (
            f"SELECT {self._scope.actor} AS who, {level} AS level, false AS is_excluded, "
            "toInt64(0) AS start_ms, emptyArrayInt64() AS at_ms, "
            f"CAST(NULL, 'Nullable(String)') AS value FROM {source} GROUP BY who HAVING level > 0"
        )

    # In order ------------------------------------------------------------------------------------

    def in_order(self) -> str:
        """Return the rows of a funnel whose steps come one after the other."""
        funnel = self._funnel
        kills = funnel.excluded_from == "attempt"
        sql = self._events(self._mask())
        for level in range(1, self._count + 1):
            sql = self._level(sql, level, kills=kills)
        levels = ", ".join(f"arrayExists(x -> x > 0, s{n}), {n}" for n in range(self._count, 0, -1))
        reached = ", ".join(f"level = {n}, s{n}" for n in range(1, self._count))
        excluded = " OR ".join(
            self._is_between(number) for number in range(len(self._exclusions)) if not kills
        )
        sql = (
            f"SELECT *, toUInt8(multiIf({levels}, 0)) AS level, "
            f"({excluded or 'false'}) AS is_excluded FROM ({sql})"
        )
        sql = (
            f"SELECT *, arrayFirst(x -> x > 0, multiIf({reached}, s{self._count})) AS attempt "
            f"FROM ({sql}) WHERE level > 0"
        )
        if kills and funnel.exclusions:
            sql = self._places_back(sql)
            places = [f"c{n}" for n in range(1, self._count + 1)]
        else:
            places = [f"indexOf(s{n}, attempt)" for n in range(1, self._count + 1)]
        return self._finished(sql, places)

    def _level(self, sql: str, level: int, *, kills: bool) -> str:
        """Return the statement with the arrays s, f and g of a level: what changes, and is."""
        hit = self._hit(level)
        if level == 1:
            begun = hit
            if self._funnel.first_time:
                begun = f"{hit} AND p = first_place"
            found = f"if({begun}, c, 0)"
            arrays = "m, c, p, x"
            given = "masks, codes, places, marks"
        else:
            window = f"a <= intDiv(before, {self._place}) + {self._funnel.window_ms}"
            alive = f"before > 0 AND {window}"
            if kills and self._mark(level - 1):
                alive += f" AND bitAnd(x, {self._mark(level - 1)}) = 0"
            found = f"if({hit} AND {alive}, before, 0)"
            arrays = "m, a, x, before"
            given = f"masks, ats, marks, {_shifted(f'f{level - 1}')}"
        own = self._mark(level) if kills else 0
        if own:
            found = f"if({found} = 0 AND bitAnd(x, {own}) != 0, -1, {found})"
        sql = (
            f"SELECT *, arrayMap(({arrays}) -> toInt64({found}), {given}) AS s{level} FROM ({sql})"
        )
        carried = (
            f"s{level}" if self._funnel.order == "strict" else f"arrayFill(x -> x != 0, s{level})"
        )
        sql = f"SELECT *, {carried} AS f{level} FROM ({sql})"
        if not (kills and self._exclusions):
            return sql
        # Where the attempt that is there came to the level.
        is_new = f"s > 0 AND (s != before OR bitAnd(x, {own}) != 0)"
        arrived = (
            f"arrayMap((s, before, x, p) -> multiIf({is_new}, toInt64(p), s < 0, -1, 0), "
            f"s{level}, {_shifted(f'f{level}')}, marks, places)"
        )
        return f"SELECT *, arrayFill(x -> x != 0, {arrived}) AS g{level} FROM ({sql})"

    def _is_between(self, number: int) -> str:
        """Return whether an event came where an exclusion says that it may not."""
        first, last = self._between(number)
        window = f"a <= intDiv(i, {self._place}) + {self._funnel.window_ms}"
        test = f"bitTest(x, {number}) AND i > 0 AND i > j AND k = 0 AND {window}"
        before = ", ".join(_shifted(f"f{n}") for n in (first, last, self._count))
        return f"arrayExists((x, a, i, j, k) -> {test}, marks, ats, {before})"

    def _places_back(self, sql: str) -> str:
        """Return the statement with the places of the chosen attempt's steps, from the last."""
        for n in range(self._count, 0, -1):
            own = f"level = {n}, toInt64(arrayFirstIndex(x -> x > 0, s{n}))"
            later = f", level > {n}, g{n}[c{n + 1} - 1]" if n < self._count else ""
            sql = f"SELECT *, multiIf({own}{later}, toInt64(0)) AS c{n} FROM ({sql})"
        return sql

    def _between(self, number: int) -> tuple[int, int]:
        exclusion = self._funnel.exclusions[number]
        return exclusion.after_step, exclusion.before_step or self._count

    def _mark(self, level: int) -> int:
        """Return the exclusions, as bits, that end attempts on a level."""
        marks = 0
        for number in range(len(self._exclusions)):
            first, last = self._between(number)
            if first <= level < last:
                marks |= 1 << number
        return marks

    # In any order --------------------------------------------------------------------------------

    def any_order(self) -> str:
        """Return the rows of a funnel whose steps may come in whichever order.

        An event counts for the first step that it fulfils; of steps that are the same, each takes
        an event of its own. For each event it is known when each step was done last, so those of
        the window that ends with it can be counted.
        """
        groups: dict[str, list[int]] = {}
        for number, step in enumerate(self._funnel.steps, 1):
            groups.setdefault(repr(choices_of(step)), []).append(number)
        sql = self._events(self._first_step())
        for first, *others in groups.values():
            found = f"arrayMap((m, c) -> if(m = {first}, c, 0), masks, codes)"
            sql = f"SELECT *, arrayFill(x -> x != 0, {found}) AS f{first} FROM ({sql})"
            for before, number in zip([first, *others], others, strict=False):
                found = (
                    f"arrayMap((m, before) -> if(m = {first}, before, 0), masks, "
                    f"{_shifted(f'f{before}')})"
                )
                sql = f"SELECT *, arrayFill(x -> x != 0, {found}) AS f{number} FROM ({sql})"
        count, window = self._count, self._funnel.window_ms
        open_ms = self._scope.until_ms - self._scope.since_ms
        begun = f"arrayFill(x -> x != 0, arrayMap((a, c) -> if(a < {open_ms}, c, 0), ats, codes))"
        names = [f"x{n}" for n in range(1, count + 1)]
        live = " + ".join(f"({_alive(name, self._place, window)})" for name in names)
        counted = (
            f"arrayMap((a, begun, {', '.join(names)}) -> if({_alive('begun', self._place, window)},"
            f" {live}, 0), ats, begun, {', '.join(f'f{n}' for n in range(1, count + 1))})"
        )
        sql = f"SELECT *, {begun} AS begun FROM ({sql})"
        sql = f"SELECT *, {counted} AS counted FROM ({sql})"
        sql = (
            "SELECT *, toUInt8(arrayMax(counted)) AS level, false AS is_excluded, "
            f"indexOf(counted, arrayMax(counted)) AS last FROM ({sql})"
        )
        places = []
        for n in range(1, count + 1):
            code = f"f{n}[last]"
            is_live = f"{code} > 0 AND ats[last] <= intDiv({code}, {self._place}) + {window}"
            places.append(f"if({is_live}, indexOf(codes, {code}), 0)")
        return self._finished(f"SELECT * FROM ({sql}) WHERE level > 0", places)

    # Both ----------------------------------------------------------------------------------------

    def best(self, sql: str) -> str:
        """Return one row per actor of rows per value of the constant: the deepest, the earliest."""
        order = "(if(is_excluded, 0, level), -toInt64(arrayMax(at_ms)), start_ms, constant)"
        columns = "level, is_excluded, start_ms, at_ms, value"
        keys = "who, value" if self._has_many else "who"
        chosen = (
            f"SELECT {keys}, argMax(tuple({columns}), {order}) AS chosen FROM ({sql}) "
            f"GROUP BY {keys}"
        )
        parts = ", ".join(
            f"chosen.{n} AS {name}"
            for n, name in enumerate(columns.split(", "), 1)
            if not (self._has_many and name == "value")
        )
        return f"SELECT {keys}, {parts} FROM ({chosen})"

    @property
    def _has_many(self) -> bool:
        return self._value is not None and self._funnel.attribution == "all_steps"

    def _finished(self, sql: str, places: Sequence[str]) -> str:
        """Return the rows from the places, among the events, of the steps that were done."""
        since = self._scope.since_ms
        taken = ", ".join(f"toInt64({place})" for place in places)
        sql = f"SELECT *, [{taken}] AS taken FROM ({sql})"
        at = f"arrayMap(p -> if(p = 0, 0, ats[p] + {since}), taken)"
        if self._funnel.order == "any":
            start = "arrayMin(arrayFilter(x -> x > 0, at_ms))"
            start = f"least({start}, intDiv(begun[last], {self._place}) + {since})"
        else:
            start = "at_ms[1]"
        kept = "who, constant" if self._constant is not None else "who"
        return (
            f"SELECT {kept}, toUInt8(if(is_excluded, 0, level)) AS level, is_excluded, "
            f"toInt64({start}) AS start_ms, at_ms, {self._chosen_value()} AS value "
            f"FROM (SELECT *, {at} AS at_ms FROM ({sql}))"
        )

    def _chosen_value(self) -> str:
        funnel = self._funnel
        if self._value is None:
            return "CAST(NULL, 'Nullable(String)')"
        match funnel.attribution:
            case "all_steps":
                return "toNullable(all_value)"
            case "first_touch":
                found = f"arrayFirst((v, m) -> v != '' AND {self._is_step()}, vals, masks)"
            case "last_touch":
                found = f"arrayLast((v, m) -> v != '' AND {self._is_step()}, vals, masks)"
            case "step":
                place = f"taken[{funnel.by_step}]"
                return f"if({place} = 0, NULL, toNullable(vals[{place}]))"
        return f"toNullable({found})"

    def _is_step(self) -> str:
        if self._funnel.order == "any" or self._are_apart:
            return f"m != {_NO_STEP}"
        return "m != 0"

    def _events(self, mask: str) -> str:
        """Return actors with the arrays of their events: masks, marks, ats, codes, places, vals.

        They are sorted as one number each: the time, and what they fulfil in the bits below it.
        """
        funnel = self._funnel
        mark_size = 1 << len(self._exclusions)
        mask_size = mark_size if self._is_one_step else mark_size << self._count
        size = mask_size * (_NO_STEP + 1)
        parts = [f"{self._first_step()} * {mask_size}"]
        if not self._is_one_step:
            parts.append(f"({mask}) * {mark_size}")
        parts += [f"if({test}, {1 << n}, 0)" for n, test in enumerate(self._exclusions)]
        bits = self._span_ms.bit_length() + size.bit_length()
        kind = "UInt64" if bits <= _BITS else "UInt128"
        key = f"to{kind}({self._since(INSTANT)}) * {size} + {' + '.join(parts)}"
        has_values = self._value is not None and not self._has_many
        if has_values:
            # Of one instant and one step, in the order of receipt.
            key = f"({key}, raw_partition, raw_offset, raw_index, {self._value})"
        keys = {}
        if self._has_many:
            keys["all_value"] = f"{self._value}"
        if self._constant is not None:
            keys["constant"] = self._constant
        sql = self._sorted(key, keys)
        keys = {"who": "", **keys}
        numbers = "sorted.1" if has_values else "sorted"
        mask_of = f"k % {size}" if self._is_one_step else f"k % {mask_size}"
        arrays = [
            f"arrayMap(k -> toUInt32(intDiv({mask_of}, {mark_size})), {numbers}) AS masks",
            f"arrayMap(k -> toUInt16(k % {mark_size}), {numbers}) AS marks",
            f"arrayMap(k -> toInt64(intDiv(k, {size})), {numbers}) AS ats",
            f"arrayEnumerate({numbers}) AS places",
        ]
        if has_values:
            arrays.append("sorted.5 AS vals")
        sql = f"SELECT {', '.join([*keys, *arrays])} FROM ({sql})"
        codes = f"arrayMap((a, p) -> toInt64(a * {self._place} + p), ats, places)"
        sql = f"SELECT *, {codes} AS codes FROM ({sql})"
        if funnel.first_time:
            sql = (
                f"SELECT *, arrayFirstIndex(m -> {self._hit(1)}, masks) AS first_place FROM ({sql})"
            )
        return sql

    def _sorted(self, key: str, keys: Mapping[str, str]) -> str:
        """Return who, the keys, and the sorted array of each one's events.

        Who a person is, is looked up once for each id instead of once for each event.
        """
        scope = self._scope
        since = scope.binder.instant(scope.since_ms)
        is_first = self._funnel.first_time
        gathered = (
            f"groupArrayIf({key}, timestamp >= {since})" if is_first else f"groupArray({key})"
        )
        first = f"minIf(timestamp, {self._steps[0]})" if is_first else ""
        names = "".join(f", {name}" for name in keys)
        made = "".join(f", {key} AS {name}" for name, key in keys.items())
        source = f"{TABLE} WHERE {self._where()}"
        if self._is_person:
            columns = f"{gathered} AS part" + (f", {first} AS first_at" if is_first else "")
            began = f"countIf({self._steps[0]}) > 0" if is_first else "1"
            columns += f", {began} AS began"
            sql = f"SELECT actor{made}, {columns} FROM {source} GROUP BY actor{names}"
            source, made = f"({sql}) WHERE true", names
            gathered, first = "groupArrayArray(part)", "minIf(first_at, began)"
        having = "notEmpty(sorted)" + (f" AND {first} >= {since}" if is_first else "")
        return (
            f"SELECT {scope.actor} AS who{made}, arraySort({gathered}) AS sorted FROM {source} "
            f"AND who != 0 GROUP BY who{names} HAVING {having}"
        )

    @property
    def _is_person(self) -> bool:
        return self._funnel.actor == "person"

    @property
    def _is_one_step(self) -> bool:
        """Whether an event is of one step at most, whose number is its mask."""
        return self._are_apart or self._funnel.order == "any"

    def _hit(self, level: int) -> str:
        return f"m = {level}" if self._is_one_step else f"bitTest(m, {level - 1})"

    def _first_step(self) -> str:
        parts = [f"{test}, {number}" for number, test in enumerate(self._tests(), 1)]
        return f"toUInt32(multiIf({', '.join(parts)}, {_NO_STEP}))"

    def _mask(self) -> str:
        return " + ".join(
            f"if({test}, {1 << number}, 0)" for number, test in enumerate(self._tests())
        )

    def _tests(self) -> list[str]:
        """Return whether an event fulfils each step; an attempt begins before `until`."""
        if self._funnel.order == "any":
            return self._steps
        return [f"({self._steps[0]} AND {self._begins})", *self._steps[1:]]

    def _since(self, instant: str) -> str:
        return f"({instant} - {self._scope.since_ms})"

    def _where(self) -> str:
        scope, funnel = self._scope, self._funnel
        chosen = [*self._steps, *self._exclusions]
        listed = f"({' OR '.join(chosen)})"
        events = [*(one for step in funnel.steps for one in choices_of(step)), *funnel.exclusions]
        names = sorted({one.event for one in events if one.event is not None})
        if all(one.event is not None for one in events):
            # The events are sorted by their names.
            is_bare = not any(one.type or one.query.strip() for one in events)
            named = f"event IN {scope.binder.texts(names)}"
            listed = named if is_bare else f"{named} AND {listed}"
        if funnel.order == "strict":
            listed = "1"
        since_ms: int | None = scope.since_ms
        if funnel.first_time:
            since = scope.binder.instant(scope.since_ms)
            listed = f"({self._steps[0]} OR timestamp >= {since}) AND {listed}"
            since_ms = None
        where = _within(scope, since_ms, self._until_ms)
        parts = [where, listed]
        if self._constant is not None:
            parts.append(f"{self._constant} != ''")
        if funnel.order == "strict":
            began = f"SELECT {scope.actor} FROM {TABLE} WHERE {scope.within()} AND {self._steps[0]}"
            parts.append(f"{scope.actor} IN ({began})")
        return " AND ".join(parts)


def _within(scope: Scope, since_ms: int | None, until_ms: int) -> str:
    if since_ms is not None:
        return scope.within(since_ms=since_ms, until_ms=until_ms)
    return f"timestamp < {scope.binder.instant(until_ms)} AND {scope.condition}"


def _shifted(array: str) -> str:
    """Return an array as it was before each event."""
    return f"arrayPopBack(arrayPushFront({array}, 0))"


def _alive(name: str, place: int, window_ms: int) -> str:
    return f"{name} > 0 AND a <= intDiv({name}, {place}) + {window_ms}"
