"""A search as a client sends it, checked and bounded; what is not known is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tailrace.app.elastic.clauses import text_tree, tree_of
from tailrace.app.elastic.errors import as_elastic_error, bad_request, parsing_error
from tailrace.app.elastic.names import field_name, with_known_fields
from tailrace.app.elastic.requests import Ask, Json
from tailrace.errors import QueryError
from tailrace.query.aggregations import Aggs, parse_aggs
from tailrace.query.cursor import Place
from tailrace.query.documents import PLACE, TIME, Order, SortValue
from tailrace.query.times import span_of
from tailrace.query.tree import And, Tree

WINDOW_MAX: Final = 10_000
SORTS_MAX: Final = 10
_PLACES: Final = frozenset({"_doc", "_shard_doc"})
_PLACE_TEXT = re.compile(r"(-?[0-9]{1,14}):([0-9]{1,10}):([0-9]{1,19}):([0-9]{1,10})")
_KNOWN: Final = frozenset(
    {
        *("query", "size", "from", "sort", "search_after", "aggs", "aggregations", "_source"),
        *("fields", "docvalue_fields", "stored_fields", "script_fields", "highlight", "pit"),
        *("track_total_hits", "runtime_mappings"),
    }
)
# What changes neither which events match nor what is told of them.
_IGNORED: Final = frozenset(
    {
        *("timeout", "version", "seq_no_primary_term", "explain", "profile", "track_scores"),
        *("stats", "indices_boost", "ext", "terminate_after"),
    }
)
# Nothing of these may be asked for, which clients say with an empty value.
_EMPTY: Final = ("script_fields", "runtime_mappings")
Wanted = tuple[str, str | None]


@dataclass(frozen=True)
class SortField:
    """One field to sort by: as the client calls it, and as it is called here."""

    given: str
    order: Order


@dataclass(frozen=True, kw_only=True)
class Search:
    """One search. `sort` is None where the client gave none; `pit` names a point in time."""

    tree: Tree
    size: int = 10
    offset: int = 0
    sort: tuple[SortField, ...] | None = None
    after: tuple[SortValue, ...] | None = None
    after_place: Place | None = None
    aggs: Aggs | None = None
    aggs_given: Json = field(default_factory=dict)
    source: Any = True
    fields: tuple[Wanted, ...] = ()
    highlight: Json | None = None
    tells_total: bool = True
    pit_id: str | None = None
    pit_keep_alive: str | None = None

    @property
    def orders(self) -> tuple[Order, ...]:
        """How the events are sorted: the newest first, unless the client says otherwise."""
        if self.sort is None and self.pit_id is not None:
            return (Order(PLACE, is_descending=False),)
        if self.sort is None:
            return (Order(TIME, is_descending=True),)
        return tuple(one.order for one in self.sort)


def read_search(body: Json, ask: Ask, *, now: datetime) -> Search:
    """Return a search from its body and the parameters of the address, which come first.

    Raises:
        ElasticError: it is not valid, or asks for what is not offered.
    """
    for key in body:
        if key not in _KNOWN and key not in _IGNORED:
            raise parsing_error(f"unknown key [{key[:100]}] in the search; it is not offered here")
    for key in _EMPTY:
        if body.get(key):
            raise bad_request(f"[{key}] is not offered: scripts do not run here")
    size, offset = _window(body, ask)
    sort = read_sort(_sort_given(body, ask))
    after, place = _after(body.get("search_after"), sort, now)
    if after is not None and offset:
        raise bad_request("`from` parameter must be set to 0 when `search_after` is used")
    given = body.get("aggs", body.get("aggregations"))
    pit = body.get("pit")
    return Search(
        tree=_tree(body, ask, now),
        size=size,
        offset=offset,
        sort=sort,
        after=after,
        after_place=place,
        aggs=_aggs(given, now),
        aggs_given=given if isinstance(given, dict) else {},
        source=_source_of(body, ask),
        fields=(*_wanted(body.get("fields")), *_wanted(body.get("docvalue_fields"))),
        highlight=body.get("highlight"),
        tells_total=_tells_total(body, ask),
        pit_id=_pit(pit).get("id"),
        pit_keep_alive=_pit(pit).get("keep_alive"),
    )


def place_text(place: Place) -> str:
    """Return a place as the value that `_doc` sorts by."""
    return ":".join(map(str, place))


def read_sort(given: Any) -> tuple[SortField, ...] | None:
    """Return what to sort by, None where nothing is given.

    An object is one list of fields; `_doc` is the last tie-break wherever it stands.

    Raises:
        ElasticError: it cannot be read.
    """
    if given is None or given == []:
        return None
    many = given if isinstance(given, list) else [given]
    found: list[SortField] = []
    for one in many:
        items = [(one, None)] if isinstance(one, str) else _items(one)
        for name, options in items:
            found.append(_sort_field(name, options))
    if len(found) > SORTS_MAX:
        raise bad_request(f"at most {SORTS_MAX} fields may be sorted by")
    ends = [one for one in found if one.order.field == PLACE]
    kept = [one for one in found if one.order.field != PLACE and one.given != "_score"]
    return (*kept, *ends[:1]) or None


def _items(given: Any) -> list[tuple[str, Any]]:
    if not isinstance(given, dict):
        raise bad_request("[sort] is neither a text, an object nor a list of them")
    return list(given.items())


def _sort_field(name: str, options: Any) -> SortField:
    way = options.get("order") if isinstance(options, dict) else options
    if way is None:
        way = "desc" if name == "_score" else "asc"
    if way not in ("asc", "desc"):
        raise bad_request(f"[sort] order [{str(way)[:50]}] is neither asc nor desc")
    missing = options.get("missing", "_last") if isinstance(options, dict) else "_last"
    if missing != "_last":
        raise bad_request("[sort] missing is always _last here")
    if name in _PLACES or name == "_score":
        return SortField(name, Order(PLACE, is_descending=way == "desc"))
    known = field_name(name)
    if known is None:
        raise bad_request(f"No mapping found for [{name[:200]}] in order to sort on")
    return SortField(name, Order(known.removesuffix(".keyword"), is_descending=way == "desc"))


def _sort_given(body: Json, ask: Ask) -> Any:
    text = ask.parameters.get("sort")
    if text is None:
        return body.get("sort")
    pairs = [one.partition(":") for one in text.split(",") if one]
    return [{name: {"order": way or None}} for name, _, way in pairs]


def _after(
    given: Any, sort: tuple[SortField, ...] | None, now: datetime
) -> tuple[tuple[SortValue, ...] | None, Place | None]:
    """Return the values after which the page begins, and the place where one of them is that."""
    if given is None:
        return None, None
    if not isinstance(given, list) or not 1 <= len(given) <= SORTS_MAX + 1:
        raise bad_request("[search_after] is no list of the values of a sort")
    if sort is None:
        raise bad_request("Sort must contain at least one field.")
    fields = [one for one in sort if one.order.field != PLACE]
    values, ends = given[: len(fields)], given[len(fields) :]
    if len(values) < len(fields) or len(ends) > 1:
        raise bad_request(f"search_after has {len(given)} value(s) but sort has {len(sort)}.")
    for value in values:
        if value is not None and not isinstance(value, str | int | float):
            raise bad_request("[search_after] has a value that nothing is sorted by")
    values = [_after_time(one, value, now) for one, value in zip(fields, values, strict=True)]
    return tuple(values), _place(ends[0]) if ends else None


def _after_time(one: SortField, value: SortValue, now: datetime) -> SortValue:
    """Return the milliseconds that a time in text means; clients send what they were told."""
    if one.order.field != TIME or not isinstance(value, str):
        return value
    if value.lstrip("-").isdigit():
        return int(value[:20])
    try:
        return span_of(value, now=now).start_ms
    except QueryError as error:
        raise as_elastic_error(error) from error


def _place(given: Any) -> Place:
    found = _PLACE_TEXT.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise bad_request("[search_after] has no place of an event where _doc or _shard_doc sorts")
    return Place(*map(int, found.groups()))


def _window(body: Json, ask: Ask) -> tuple[int, int]:
    size = ask.number("size")
    size = _whole(body.get("size", 10), "size") if size is None else size
    offset = ask.number("from")
    offset = _whole(body.get("from", 0), "from") if offset is None else offset
    if size < 0 or offset < 0:
        raise bad_request(f"[size] and [from] cannot be negative, found [{size}] and [{offset}]")
    if size + offset > WINDOW_MAX:
        raise bad_request(
            f"Result window is too large, from + size must be less than or equal to: [{WINDOW_MAX}]"
            f" but was [{size + offset}]. Use the scroll API or search_after to go further."
        )
    return size, offset


def _whole(value: Any, name: str) -> int:
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) < 20:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise parsing_error(f"[{name}] is no whole number")
    return value


def _tree(body: Json, ask: Ask, now: datetime) -> Tree:
    trees = []
    text = ask.parameters.get("q")
    if text is not None:
        options = {"default_operator": ask.parameters.get("default_operator", "or")}
        if ask.parameters.get("df"):
            options["default_field"] = ask.parameters["df"]
        trees.append(text_tree(text, options, now=now))
    if body.get("query") is not None or not trees:
        trees.append(tree_of(body.get("query"), now=now))
    return trees[0] if len(trees) == 1 else And(tuple(trees))


def _aggs(given: Any, now: datetime) -> Aggs | None:
    if given is None or given == {}:
        return None

    def read_query(query: object, path: str) -> Tree:
        if isinstance(query, str):
            return text_tree(query, now=now)
        return tree_of(query, now=now)

    try:
        return parse_aggs(with_known_fields(given), read_query=read_query)
    except QueryError as error:
        raise parsing_error(str(error)) from error


def _source_of(body: Json, ask: Ask) -> Any:
    text = ask.parameters.get("_source")
    if text in ("true", "false"):
        return text == "true"
    if text is not None:
        return text.split(",")
    includes = ask.parameters.get("_source_includes", ask.parameters.get("_source_include"))
    excludes = ask.parameters.get("_source_excludes", ask.parameters.get("_source_exclude"))
    if includes or excludes:
        return {
            "includes": includes.split(",") if includes else [],
            "excludes": excludes.split(",") if excludes else [],
        }
    # Who asks for stored fields alone wants no source.
    return body.get("_source", body.get("stored_fields") is None)


def _wanted(given: Any) -> list[Wanted]:
    """Return fields with their formats."""
    if given is None:
        return []
    many = given if isinstance(given, list) else [given]
    found: list[Wanted] = []
    for one in many[:1_000]:
        if isinstance(one, str):
            found.append((one, None))
        elif isinstance(one, dict) and isinstance(one.get("field"), str):
            form = one.get("format")
            found.append((one["field"], form if isinstance(form, str) else None))
        else:
            raise parsing_error("[fields] has what is neither a name nor an object with [field]")
    return found


def _tells_total(body: Json, ask: Ask) -> bool:
    given = ask.parameters.get("track_total_hits", body.get("track_total_hits", True))
    text = str(given).lower()
    if text in ("false", "-1"):
        return False
    # A number is up to where is counted; here everything is.
    if text in ("true", "") or text.isdigit():
        return True
    raise bad_request(
        f"[track_total_hits] is [{str(given)[:50]}]; expected true, false or a number"
    )


def _pit(given: Any) -> Mapping[str, str]:
    if given is None:
        return {}
    texts = isinstance(given, dict) and all(isinstance(one, str) for one in given.values())
    if not texts or "id" not in given or set(given) - {"id", "keep_alive"}:
        raise parsing_error("[pit] is no object with [id] and [keep_alive]")
    return given  # type: ignore[no-any-return]  # checked just now
