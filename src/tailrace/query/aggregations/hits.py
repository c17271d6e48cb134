"""The first events of each bucket in an order: `top_hits` and `top_metrics`."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from tailrace.errors import LimitError, QueryError
from tailrace.query.aggregations import reading, tree
from tailrace.query.aggregations.reading import FLAG, NUMBER, TIME
from tailrace.query.aggregations.rows import Key, Rows
from tailrace.query.aggregations.tree import Agg
from tailrace.query.asked import TABLE
from tailrace.query.bind import Binder
from tailrace.query.fields import COLUMNS, OBJECTS, TEXT_OBJECTS
from tailrace.query.times import from_ms

INDEX: Final = "events"
HITS_MAX: Final = 10_000
_POSITION: Final = ("raw_partition", "raw_offset", "raw_index")
Ask = Callable[[str, Rows], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Hits:
    """The rows of each bucket, by the keys on the way to it."""

    by_path: Mapping[tuple[Key, ...], Sequence[dict[str, Any]]]
    agg: Agg

    def answer(self, path: tuple[Key, ...], count: int) -> dict[str, Any]:
        """Return the answer for a bucket."""
        found = list(self.by_path.get(path, ()))
        if isinstance(self.agg.options, tree.TopMetrics):
            if not found:
                # Clients read the first one without a look at how many there are.
                found = [{"sort": [None], "metrics": dict.fromkeys(_metrics(self.agg.options))}]
            return {"top": found}
        return {
            "hits": {
                "total": {"value": count, "relation": "eq"},
                "max_score": None,
                "hits": found,
            }
        }


@dataclass(frozen=True)
class _Sort:
    field: str
    is_descending: bool


def hits_of(agg: Agg, rows: Rows, ask: Ask) -> Hits:
    """Return the first events of each bucket of the rows.

    Raises:
        QueryError: an option does not fit.
        LimitError: there are too many in all buckets together.
    """
    options = agg.options
    assert isinstance(options, tree.TopHits | tree.TopMetrics)  # noqa: S101
    default = [_Sort("timestamp", is_descending=True)]
    sorts = default if options.sort is None else _sorts(options.sort, f"{agg.path}.{agg.kind}.sort")
    columns: list[str] = []
    order: list[str] = []
    for sort in sorts:
        value, kind, number, text = _sort_columns(rows, sort.field)
        columns += [value, kind]
        direction = "DESC" if sort.is_descending else "ASC"
        order += [f"{number} {direction} NULLS LAST", f"{text} {direction}"]
    # Events of one instant: the newest first, as they came.
    order += [f"{rows.add(name)} DESC" for name in ("timestamp", *_POSITION)]
    is_hits = isinstance(options, tree.TopHits)
    start = options.from_ if isinstance(options, tree.TopHits) else 0
    size = options.size + start
    if not size:
        return Hits({}, agg)
    if isinstance(options, tree.TopHits):
        selected = [f"toUnixTimestamp64Milli({rows.add('timestamp')})"]
        selected += [rows.add(name) for name in _POSITION]
    else:
        selected = [_metric_value(rows, name) for name in _metrics(options)]
    keys = rows.keys
    by = f" BY {', '.join(keys)}" if keys else ""
    sql = (
        f"SELECT {', '.join([*keys, *columns, *selected])} FROM ({rows.sql()}) "
        f"ORDER BY {', '.join(order)} LIMIT {size}{by}"
    )
    answered = ask(f"{sql} LIMIT {HITS_MAX + 1}" if by else sql, rows)
    if len(answered) > HITS_MAX:
        raise LimitError(
            f"{agg.path} asks for more than {HITS_MAX} events in all buckets together; ask for "
            "fewer with each bucket, or for fewer buckets"
        )
    events = _events(options, answered, rows, ask) if isinstance(options, tree.TopHits) else {}
    found: defaultdict[tuple[Key, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in answered:
        path, values = tuple(row[: len(keys)]), row[len(keys) :]
        pairs = zip(values[: len(columns) : 2], values[1 : len(columns) : 2], strict=True)
        sorted_by = [_sort_value(value, kind) for value, kind in pairs]
        rest = values[len(columns) :]
        if is_hits:
            found[path].append({**events[tuple(rest[1:])], "sort": sorted_by})
        elif isinstance(options, tree.TopMetrics):
            names = _metrics(options)
            metrics = {name: _json(value) for name, value in zip(names, rest, strict=True)}
            found[path].append({"sort": sorted_by, "metrics": metrics})
    return Hits({path: hits[start:] for path, hits in found.items()}, agg)


def _events(
    options: tree.TopHits, answered: Sequence[tuple[Any, ...]], rows: Rows, ask: Ask
) -> dict[tuple[int, ...], dict[str, Any]]:
    """Return the events of the rows by their places.

    They are read by themselves: their JSON is most of what there is to read, and the statement that
    finds them would read it of all events.
    """
    if not answered:
        return {}
    wanted = _columns_of(options)
    instants = [int(row[-len(_POSITION) - 1]) for row in answered]
    places = ", ".join(
        sorted({f"({', '.join(map(str, row[-len(_POSITION) :]))})" for row in answered})
    )
    place = f"({', '.join(_POSITION)})"
    low, high = (rows.binder.instant(ms) for ms in (min(instants), max(instants)))
    selected = [*_POSITION, "message_id", *map(_selected, wanted)]
    sql = (
        f"SELECT {', '.join(selected)} FROM {TABLE} PREWHERE {place} IN ({places}) "
        f"WHERE timestamp >= {low} AND timestamp <= {high}"
    )
    events: dict[tuple[int, ...], dict[str, Any]] = {}
    for row in ask(sql, rows):
        hit: dict[str, Any] = {"_index": INDEX, "_id": row[len(_POSITION)], "_score": None}
        source = _source_of(dict(zip(wanted, row[len(_POSITION) + 1 :], strict=True)), options)
        if source is not None:
            hit["_source"] = source
        events[tuple(row[: len(_POSITION)])] = hit
    return events


def _sorts(given: tree.SortGiven, path: str) -> list[_Sort]:
    found = []
    for one in given if isinstance(given, list) else [given]:
        named = {one: "desc" if one == "_score" else "asc"} if isinstance(one, str) else one
        for name, how in named.items():
            direction = how if isinstance(how, str) else str(how.get("order", "asc"))
            if direction not in ("asc", "desc"):
                raise QueryError(f"{path}.{name} is '{direction}'; expected asc or desc")
            if name not in ("_doc", "_shard_doc", "_score"):
                found.append(_Sort(name, direction == "desc"))
    return found


def _sort_columns(rows: Rows, name: str) -> tuple[str, str, str, str]:
    """Return columns for the value as text, its kind, and to order by: a number and a text."""
    if reading.is_time(name):
        at = reading.instants(name, rows.binder)
        value = rows.add(str(at.value))
        kind = rows.add(f"toUInt8(if({at.present}, {TIME}, 0))")
        return value, kind, value if at.present == "1" else f"if({kind} = 0, NULL, {value})", kind
    read = reading.texts(name, rows.binder)
    if read.kind:
        value = rows.add(f"if({read.present}, toString({read.value}), '')")
        kind = rows.add(f"toUInt8(if({read.present}, {read.kind}, 0))")
    else:
        value = rows.add(f"{read.array}[1].1")
        kind = rows.add(f"{read.array}[1].2")
    number = (
        f"if({kind} IN ({NUMBER}, {TIME}), toFloat64OrNull({value}), if({kind} = 0, NULL, inf))"
    )
    return value, kind, number, value


def _sort_value(value: str | int, kind: int) -> Any:
    if not kind:
        return None
    if kind == TIME:
        return int(value)
    if kind == NUMBER:
        return json.loads(str(value))
    return value == "true" if kind == FLAG else value


def _metrics(options: tree.TopMetrics) -> list[str]:
    listed = options.metrics if isinstance(options.metrics, list) else [options.metrics]
    return [one.field for one in listed]


def _metric_value(rows: Rows, name: str) -> str:
    read = reading.raws(name, rows.binder)
    if read.is_single:
        return rows.add(f"if({read.present}, toString({read.value}), '')")
    return rows.add(f"{read.array}[1]")


def _json(text: str) -> Any:
    return json.loads(text) if text else None


def _columns_of(options: tree.TopHits) -> list[str]:
    names = [*COLUMNS, *OBJECTS]
    includes, excludes = _patterns(options.source)
    if options.source is False:
        return []
    if not includes:
        return [name for name in names if not _is_any(name, excludes)]
    return [
        name
        for name in names
        if any(_may_have(name, pattern) for pattern in includes) and not _is_any(name, excludes)
    ]


def _selected(name: str) -> str:
    if name in TEXT_OBJECTS:
        return f"if({name} = '', '{{}}', {name})"
    if name in OBJECTS:
        return f"toJSONString({name})"
    kind = COLUMNS[name]
    if kind == "time":
        read = reading.instants(name, Binder())
        return f"if({read.present}, toString({read.value}), '')"
    return name if kind == "text" else f"toUInt8({name})"


def _source_of(columns: Mapping[str, Any], options: tree.TopHits) -> dict[str, Any] | None:
    if options.source is False:
        return None
    includes, excludes = _patterns(options.source)
    source: dict[str, Any] = {}
    for name, value in columns.items():
        if name in OBJECTS:
            value = _chosen(name, json.loads(value), includes, excludes)
            if value == {} and includes and not _is_any(name, includes):
                continue
        elif COLUMNS[name] == "time":
            value = None if value == "" else _written(int(value))
        elif COLUMNS[name] == "flag":
            value = bool(value)
        source[name] = value
    return source


def _written(ms: int) -> str:
    at = from_ms(ms)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _patterns(given: Any) -> tuple[list[str], list[str]]:
    if isinstance(given, bool):
        return [], []
    if isinstance(given, dict):
        unknown = set(given) - {"includes", "include", "excludes", "exclude"}
        if unknown:
            raise QueryError(
                f"_source has {', '.join(sorted(unknown))}; expected includes, excludes"
            )
        includes = given.get("includes", given.get("include", []))
        excludes = given.get("excludes", given.get("exclude", []))
        return _listed(includes), _listed(excludes)
    return _listed(given), []


def _listed(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _may_have(name: str, pattern: str) -> bool:
    """Tell whether a column may have what a pattern of a path names."""
    return fnmatchcase(name, pattern) or fnmatchcase(name, pattern.partition(".")[0])


def _is_any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) or name.startswith(f"{pattern}.") for pattern in patterns)


def _chosen(path: str, value: Any, includes: Sequence[str], excludes: Sequence[str]) -> Any:
    """Return the object with the keys that are wanted."""
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, inner in value.items():
        name = f"{path}.{key}"
        if _is_any(name, excludes):
            continue
        is_wanted = not includes or _is_any(name, includes)
        if isinstance(inner, dict):
            below = _chosen(name, inner, [] if is_wanted else includes, excludes)
            if below or is_wanted:
                kept[key] = below
        elif is_wanted:
            kept[key] = inner
    return kept
