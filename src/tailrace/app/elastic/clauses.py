"""Elasticsearch's queries as a filter tree.

What only changes the score (`boost`, `tie_breaker`, `_name`...) is passed over: nothing is scored
here. A query or an option that would change what matches, and is not known, is refused.

Source: Elasticsearch 8 reference, Query DSL.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from itertools import combinations
from math import comb
from typing import Any, Final

from tailrace.app.elastic.errors import ElasticError, bad_request, parsing_error, query_failed
from tailrace.app.elastic.indices import covers_events
from tailrace.app.elastic.names import exact_name, field_name, renamed
from tailrace.app.elastic.simple import simple_tree
from tailrace.errors import QueryError
from tailrace.query.aggregations.when import zone_of
from tailrace.query.fields import Column, resolve
from tailrace.query.lucene import parse
from tailrace.query.parsed import LEAVES_MAX, LENGTH_MAX
from tailrace.query.times import from_ms, is_time, span_of
from tailrace.query.tree import (
    All,
    And,
    Bound,
    Exists,
    Fuzzy,
    Nested,
    Not,
    Or,
    Phrase,
    Range,
    Regex,
    Term,
    Tree,
    Wildcard,
    leaves,
)

NOTHING: Final = Not(All())
_DEPTH_MAX: Final = 30
_WAYS_MAX: Final = 200
_UNSCORED: Final = frozenset({"boost", "_name", "tie_breaker", "lenient", "rewrite"})
_UNIT_OF_FORMAT: Final = {"epoch_millis": 1, "epoch_second": 1000}

Given = Mapping[str, Any]


def tree_of(given: object, *, now: datetime) -> Tree:
    """Return the tree of a query; without one, of everything.

    Raises:
        ElasticError: it is not valid, or asks for what is not offered here.
    """
    tree = All() if given is None else _Reader(now).query(given, 1)
    if sum(1 for _ in leaves(tree)) > LEAVES_MAX:
        raise bad_request(
            f"the query has more than {LEAVES_MAX} conditions", kind="too_many_nested_clauses"
        )
    return tree


def text_tree(text: str, options: Given | None = None, *, now: datetime) -> Tree:
    """Return the tree of a query text, as `query_string` takes it.

    Raises:
        ElasticError: it is not valid.
    """
    if not text.strip():
        return NOTHING
    given = options or {}
    joins_all = str(given.get("default_operator", "or")).lower() == "and"
    try:
        parsed = parse(text, joins_all=joins_all)
    except QueryError as error:
        raise query_failed(text, error) from error
    names = _text_list(given.get("fields") or given.get("default_field") or [], "fields")
    fields = [field_name(name.partition("^")[0]) for name in names]
    tree = renamed(parsed.tree)
    _require_times(tree, now)
    return tree if not fields or None in fields else _in_fields(tree, fields)


def _require_times(tree: Tree, now: datetime) -> None:
    """Refuse what is no time where a text asks for one, as Elasticsearch says it."""
    for leaf in leaves(tree):
        match leaf:
            case Range(name, low, high) if _is_time_field(name):
                texts = [bound.text for bound in (low, high) if bound is not None]
            case Term(str(name), text) | Phrase(str(name), text) if _is_time_field(name):
                texts = [text]
            case _:
                continue
        for text in texts:
            try:
                span_of(text, now=now)
            except QueryError as error:
                cause = {"type": "parse_exception", "reason": str(error)}
                reason = f"failed to create query: failed to parse date field [{text[:100]}]"
                raise ElasticError(400, "query_shard_exception", reason, cause=cause) from error


class _Reader:
    def __init__(self, now: datetime) -> None:
        self._now = now
        self._kinds: dict[str, Callable[[Any, int], Tree]] = {
            "match_all": lambda _, __: All(),
            "match_none": lambda _, __: NOTHING,
            "bool": self._bool,
            "constant_score": lambda given, depth: self.query(_need(given, "filter"), depth),
            "dis_max": lambda given, depth: _any(self._queries(_need(given, "queries"), depth)),
            "boosting": lambda given, depth: self.query(_need(given, "positive"), depth),
            "nested": self._nested,
            "query_string": lambda given, _: self._query_string(given),
            "simple_query_string": lambda given, _: _simple_query_string(given),
            "exists": lambda given, _: Exists(_exists_name(_text(given, "field"))),
            "ids": lambda given, _: _any(_ids(given)),
            "term": lambda given, _: self._term(given),
            "terms": lambda given, _: self._terms(given),
            "range": lambda given, _: self._range(given),
            "prefix": lambda given, _: _prefix(given),
            "wildcard": lambda given, _: _wildcard(given),
            "regexp": lambda given, _: _regexp(given),
            "fuzzy": lambda given, _: _fuzzy(given),
            "match": lambda given, _: self._match(given),
            "match_phrase": lambda given, _: self._match_phrase(given),
            "multi_match": lambda given, _: self._multi_match(given),
        }

    def query(self, given: object, depth: int) -> Tree:
        """Return the tree of one query."""
        if depth > _DEPTH_MAX:
            raise bad_request(f"the query is nested deeper than {_DEPTH_MAX} levels")
        if not isinstance(given, dict) or len(given) != 1:
            raise parsing_error(
                '[query] malformed query, expected one query such as {"match_all": {}} in an object'
            )
        [(kind, body)] = given.items()
        reader = self._kinds.get(kind)
        if reader is None:
            known = ", ".join(sorted(self._kinds))
            raise parsing_error(f"unknown query [{kind[:100]}]; there are {known}")
        if not isinstance(body, dict):
            raise parsing_error(f"[{kind}] query malformed, no start_object after query name")
        return reader(body, depth + 1)

    def _queries(self, given: object, depth: int) -> list[Tree]:
        many = given if isinstance(given, list) else [given]
        return [self.query(one, depth) for one in many]

    # Queries of queries.

    def _bool(self, given: Given, depth: int) -> Tree:
        _only(
            given,
            "bool",
            "must",
            "filter",
            "should",
            "must_not",
            "minimum_should_match",
            "adjust_pure_negative",
        )
        all_of = [
            tree
            for key in ("must", "filter")
            if key in given
            for tree in self._queries(given[key], depth)
        ]
        should = self._queries(given["should"], depth) if given.get("should") else []
        least = given.get("minimum_should_match")
        wanted = (0 if all_of else 1) if least is None else _count_of(least, len(should))
        if should and wanted > 0:
            all_of.append(_some(should, wanted))
        if wanted > len(should) and least is not None:
            return NOTHING
        none_of = self._queries(given["must_not"], depth) if "must_not" in given else []
        return _all([*all_of, *(Not(tree) for tree in none_of)])

    def _nested(self, given: Given, depth: int) -> Tree:
        path = field_name(_text(given, "path"))
        if path is None:
            raise parsing_error("[nested] needs the path of objects")
        inside = self.query(_need(given, "query"), depth)

        def key(name: str | None) -> str | None:
            if name is None or not name.startswith(f"{path}."):
                raise bad_request(f"[nested] asks of [{name}], which is not below [{path}]")
            return name.removeprefix(f"{path}.")

        return Nested(path, renamed(inside, key))

    def _query_string(self, given: Given) -> Tree:
        text = _text(given, "query")
        tree = text_tree(text, given, now=self._now)
        zone = given.get("time_zone")
        if zone is None:
            return tree
        return self._at_zone(tree, _zone(zone))

    def _at_zone(self, tree: Tree, zone: tzinfo) -> Tree:
        """Return the tree with its times as instants; days of another zone begin at others."""
        match tree:
            case Not(part):
                return Not(self._at_zone(part, zone))
            case And(parts):
                return And(tuple(self._at_zone(part, zone) for part in parts))
            case Or(parts):
                return Or(tuple(self._at_zone(part, zone) for part in parts))
            case Range(name, low, high):
                ends = [bound.text for bound in (low, high) if bound is not None]
                if _is_time_field(name) or all(is_time(text) for text in ends):
                    return Range(name, self._low(low, zone), self._high(high, zone))
            case Term(str(name), text) | Phrase(str(name), text) if _is_time_field(name):
                bound = Bound(text, is_inclusive=True)
                return Range(name, self._low(bound, zone), self._high(bound, zone))
        return tree

    # Queries of one field.

    def _term(self, given: Given) -> Tree:
        name, options = _field_of(given, "term", "value", "case_insensitive")
        return self._equals(name, options.get("value"))

    def _terms(self, given: Given) -> Tree:
        named = {key: value for key, value in given.items() if key not in _UNSCORED}
        if len(named) != 1:
            raise parsing_error("[terms] query requires one field name with a list of values")
        [(name, values)] = named.items()
        if not isinstance(values, list):
            raise parsing_error("[terms] needs a list of values; lookups are not offered")
        if len(values) > LEAVES_MAX:
            raise bad_request(f"[terms] has more than {LEAVES_MAX} values")
        return _any([self._equals(name, value) for value in values])

    def _equals(self, name: str, value: object) -> Tree:
        if name == "_index":
            return All() if covers_events(_scalar(value), ignores_unknown=True) else NOTHING
        field = exact_name(name)
        if field is not None and _is_time_field(field):
            bound = Bound(self._time_text(value, None), is_inclusive=True)
            return Range(field, self._low(bound, UTC), self._high(bound, UTC))
        return Phrase(field, _scalar(value))

    def _range(self, given: Given) -> Tree:
        name, options = _field_of(
            given,
            "range",
            *("gte", "gt", "lte", "lt", "from", "to", "include_lower", "include_upper"),
            *("format", "time_zone", "relation"),
        )
        low = _end(options, "gte", "gt", "from", "include_lower")
        high = _end(options, "lte", "lt", "to", "include_upper")
        field = field_name(name)
        if field is None:
            raise bad_request("[range] needs the name of one field")
        if low is None and high is None:
            return Exists(field)
        zone = _zone(options["time_zone"]) if options.get("time_zone") else UTC
        texts = [end[0] for end in (low, high) if end is not None]
        form = options.get("format")
        is_dates = form is not None or all(isinstance(x, str) and is_time(x) for x in texts)
        if not _is_time_field(field) and not is_dates:
            return Range(field, _bound(low, _scalar), _bound(high, _scalar))

        def text(value: object) -> str:
            return self._time_text(value, form)

        return Range(
            field, self._low(_bound(low, text), zone), self._high(_bound(high, text), zone)
        )

    def _match(self, given: Given) -> Tree:
        name, options = _field_of(
            given,
            "match",
            *("query", "operator", "fuzziness", "minimum_should_match", "analyzer"),
            *("zero_terms_query", "prefix_length", "max_expansions", "fuzzy_transpositions"),
            *("auto_generate_synonyms_phrase_query", "value"),
        )
        return self._matching(name, options)

    def _matching(self, name: str, options: Given) -> Tree:
        value = options.get("query", options.get("value"))
        field = field_name(name)
        if field is not None and _is_time_field(field):
            return self._equals(name, value)
        text = _scalar(value)
        if not text.strip():
            return NOTHING
        words = text.split()
        if options.get("fuzziness") not in (None, 0, "0"):
            parts: list[Tree] = [Fuzzy(field, word, _edits(options["fuzziness"])) for word in words]
        else:
            parts = [Term(field, word) for word in words]
        if str(options.get("operator", "or")).lower() == "and":
            wanted = len(parts)
        else:
            wanted = max(1, _count_of(options.get("minimum_should_match", 1), len(parts)))
        # The value as a whole is what a field of keywords is asked for.
        whole: list[Tree] = [] if field is None else [Phrase(exact_name(name), text)]
        if len(parts) == 1:
            return parts[0]
        if field is not None and isinstance(resolve(field), Column):
            return whole[0]
        return _any([*whole, _some(parts, min(wanted, len(parts)))])

    def _match_phrase(self, given: Given) -> Tree:
        name, options = _field_of(
            given, "match_phrase", "query", "slop", "analyzer", "zero_terms_query", "value"
        )
        return self._phrase(name, options)

    def _phrase(self, name: str, options: Given) -> Tree:
        value = options.get("query", options.get("value"))
        field = field_name(name)
        if field is not None and _is_time_field(field):
            return self._equals(name, value)
        slop = options.get("slop", 0)
        if not isinstance(slop, int) or not 0 <= slop <= 1_000:
            raise bad_request("[match_phrase] slop is no number from 0 to 1000")
        return Phrase(field, _scalar(value), slop)

    def _multi_match(self, given: Given) -> Tree:
        kind = given.get("type", "best_fields")
        names = _text_list(given.get("fields", ["*"]), "fields")
        fields = [name.partition("^")[0] for name in names]
        if kind == "phrase":
            return _any([self._phrase(name, given) for name in fields])
        if kind not in ("best_fields", "most_fields", "cross_fields"):
            raise parsing_error(
                f"[multi_match] type [{kind}] is not offered; there are best_fields, most_fields, "
                "cross_fields and phrase"
            )
        return _any([self._matching(name, given) for name in fields])

    # Times.

    def _time_text(self, value: object, form: object) -> str:
        """Return a time of a request as text: a number is one since 1970."""
        unit = 1
        if isinstance(form, str):
            units = [_UNIT_OF_FORMAT[one] for one in form.split("||") if one in _UNIT_OF_FORMAT]
            unit = units[0] if units else 1
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, str) and form is not None and value.lstrip("-").isdigit():
            # Four digits are a year, unless the format says what they are.
            is_number = isinstance(form, str) and "epoch" in form
        if is_number:
            return _instant_text(float(value) * unit)  # type: ignore[arg-type]
        return _scalar(value)

    def _low(self, bound: Bound | None, zone: tzinfo) -> Bound | None:
        if bound is None:
            return None
        span = self._span(bound.text, zone)
        return Bound(_instant_text(span[0] if bound.is_inclusive else span[1]), is_inclusive=True)

    def _high(self, bound: Bound | None, zone: tzinfo) -> Bound | None:
        if bound is None:
            return None
        span = self._span(bound.text, zone)
        return Bound(_instant_text(span[1] if bound.is_inclusive else span[0]), is_inclusive=False)

    def _span(self, text: str, zone: tzinfo) -> tuple[int, int]:
        try:
            return span_of(text, now=self._now, zone=zone)
        except QueryError as error:
            raise bad_request(
                f"failed to parse date field [{text[:100]}]: {error}", kind="parse_exception"
            ) from error


def _simple_query_string(given: Given) -> Tree:
    joins_all = str(given.get("default_operator", "or")).lower() == "and"
    tree = simple_tree(_text(given, "query")[:LENGTH_MAX], joins_all=joins_all)
    if tree is None:
        return NOTHING
    names = _text_list(given.get("fields", ["*"]), "fields")
    fields = [field_name(name.partition("^")[0]) for name in names]
    return tree if None in fields else _in_fields(tree, fields)


def _prefix(given: Given) -> Tree:
    name, options = _field_of(given, "prefix", "value", "case_insensitive")
    return Wildcard(exact_name(name), _escaped(_scalar(options.get("value"))) + "*")


def _wildcard(given: Given) -> Tree:
    name, options = _field_of(given, "wildcard", "value", "wildcard", "case_insensitive")
    pattern = _scalar(options.get("value", options.get("wildcard")))
    return Wildcard(exact_name(name), pattern + "\\" if _ends_in_escape(pattern) else pattern)


def _regexp(given: Given) -> Tree:
    name, options = _field_of(
        given, "regexp", "value", "flags", "case_insensitive", "max_determinized_states"
    )
    return Regex(exact_name(name), _scalar(options.get("value")))


def _fuzzy(given: Given) -> Tree:
    name, options = _field_of(
        given, "fuzzy", "value", "fuzziness", "prefix_length", "max_expansions", "transpositions"
    )
    return Fuzzy(
        exact_name(name), _scalar(options.get("value")), _edits(options.get("fuzziness", "AUTO"))
    )


def _ids(given: Given) -> list[Tree]:
    values = given.get("values", [])
    many = values if isinstance(values, list) else [values]
    if len(many) > LEAVES_MAX:
        raise bad_request(f"[ids] has more than {LEAVES_MAX} values")
    return [Phrase("message_id", _scalar(value)) for value in many]


def _field_of(given: Given, kind: str, *known: str) -> tuple[str, Given]:
    """Return the field of a query and its options; a bare value is one of them, `value`."""
    named = {key: value for key, value in given.items() if key not in _UNSCORED}
    if len(named) != 1:
        raise parsing_error(f"[{kind}] query doesn't support {len(named)} fields; name one")
    [(name, options)] = named.items()
    if not isinstance(options, dict):
        return name, {"value": options, "query": options}
    _only(options, kind, *known)
    if options.get("case_insensitive"):
        raise bad_request(f"[{kind}] case_insensitive is not offered; use a regexp")
    return name, options


def _end(options: Given, inclusive: str, exclusive: str, old: str, flag: str) -> Any:
    """Return a bound's value and whether it is inclusive, None for an open end."""
    for key, is_inclusive in (
        (inclusive, True),
        (exclusive, False),
        (old, bool(options.get(flag, True))),
    ):
        if options.get(key) is not None:
            return options[key], is_inclusive
    return None


def _bound(end: Any, text: Callable[[object], str]) -> Bound | None:
    return None if end is None else Bound(text(end[0]), is_inclusive=end[1])


def _exists_name(name: str) -> str:
    return field_name(name) or "message_id"


def _in_fields(tree: Tree, fields: list[str | None]) -> Tree:
    """Return the tree with what names no field asked of these."""
    match tree:
        case Not(part):
            return Not(_in_fields(part, fields))
        case And(parts):
            return And(tuple(_in_fields(part, fields) for part in parts))
        case Or(parts):
            return Or(tuple(_in_fields(part, fields) for part in parts))
        case All() | Range() | Exists() | Nested():
            return tree
    if tree.field is not None:
        return tree
    return _any([renamed(tree, lambda _, field=field: field) for field in fields])  # type: ignore[misc]


def _some(trees: list[Tree], wanted: int) -> Tree:
    """Return what matches where at least so many of the trees do."""
    if wanted <= 1:
        return _any(trees)
    if wanted >= len(trees):
        return _all(trees)
    if comb(len(trees), wanted) > _WAYS_MAX:
        raise bad_request(
            f"minimum_should_match {wanted} of {len(trees)} has more than {_WAYS_MAX} ways"
        )
    return _any([_all(list(some)) for some in combinations(trees, wanted)])


def _any(trees: list[Tree]) -> Tree:
    if not trees:
        return NOTHING
    return trees[0] if len(trees) == 1 else Or(tuple(trees))


def _all(trees: list[Tree]) -> Tree:
    if not trees:
        return All()
    return trees[0] if len(trees) == 1 else And(tuple(trees))


def _count_of(given: object, of: int) -> int:
    """Return how many of so many `minimum_should_match` wants: a number, or a share."""
    text = str(given).strip()
    try:
        if text.endswith("%"):
            share = int(text[:-1])
            return of * share // 100 if share >= 0 else of - of * -share // 100
        number = int(text)
    except ValueError as error:
        raise bad_request(f"minimum_should_match is [{text[:50]}]; expected 2 or 75%") from error
    return number if number >= 0 else max(0, of + number)


def _edits(given: object) -> int | None:
    text = str(given).upper()
    if text.startswith("AUTO"):
        return None
    if text not in ("0", "1", "2"):
        raise bad_request(f"fuzziness is [{text[:50]}]; expected AUTO, 0, 1 or 2")
    return int(text)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    raise bad_request("value cannot be null" if value is None else "a value is no text or number")


def _text(given: Given, key: str) -> str:
    value = _need(given, key)
    if not isinstance(value, str):
        raise parsing_error(f"[{key}] is no text")
    return value


def _text_list(given: object, key: str) -> list[str]:
    many = [given] if isinstance(given, str) else given
    if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
        raise parsing_error(f"[{key}] is no list of texts")
    return many


def _need(given: Given, key: str) -> Any:
    if key not in given:
        raise parsing_error(f"requires '{key}' to be set")
    return given[key]


def _only(given: Given, kind: str, *known: str) -> None:
    for key in given:
        if key not in known and key not in _UNSCORED:
            raise parsing_error(f"[{kind}] query does not support [{key[:100]}]")


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in "\\*?" else one for one in text)


def _ends_in_escape(pattern: str) -> bool:
    return (len(pattern) - len(pattern.rstrip("\\"))) % 2 == 1


def _is_time_field(name: str | None) -> bool:
    field = None if name is None else resolve(name)
    return isinstance(field, Column) and field.kind == "time"


def _zone(given: object) -> tzinfo:
    try:
        return zone_of(str(given), "time_zone")
    except QueryError as error:
        raise bad_request(str(error)) from error


def _instant_text(ms: float) -> str:
    """Return an instant in ISO 8601; one that no calendar here has is moved into it."""
    moment = from_ms(round(min(max(ms, -2_208_988_800_000), 10_413_791_999_999)))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
