"""Paths: which item follows which, step by step, within the sessions of people."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from clickhouse_connect.driver.client import Client

from tailrace.errors import QueryError, TransientError
from tailrace.query.asked import INSTANT, TABLE
from tailrace.query.insights.asking import Scope, scope_of
from tailrace.query.insights.behind import PeopleResult, people_of
from tailrace.query.insights.pathshapes import (
    PathEdge,
    PathNode,
    Paths,
    PathsPeople,
    PathsResult,
    Rule,
)
from tailrace.query.insights.visits import PAGE, cuts_sql
from tailrace.query.running import Runner
from tailrace.query.text import like_pattern
from tailrace.query.times import from_ms

ITEM_CHARACTERS_MAX: Final = 1_000
_BAD_REGEX: Final = frozenset({36, 427})  # BAD_ARGUMENTS, CANNOT_COMPILE_REGEXP

__all__ = ["answer", "people"]


def answer(runner: Runner, question: Paths, *, now: datetime) -> PathsResult:
    """Return the heaviest edges of all paths.

    Raises:
        QueryError: the question is not valid; says which part.
        LimitError: it was stopped.
    """
    started = time.monotonic()
    _require_sense(question)
    scope = scope_of(question, now=now)
    parts = _parts_sql(scope, question)
    weight = "count()" if question.weight == "transitions" else "uniqExact(who)"
    ended = "countIf(is_end)" if question.weight == "transitions" else "uniqExactIf(who, is_end)"
    heavy = f"weight >= {question.weight_min}"
    if question.weight_max is not None:
        heavy += f" AND weight <= {question.weight_max}"
    edges_sql = (
        f"SELECT step, item, next, {weight} AS weight, avg(wait_ms), count() OVER (), "
        f"{heavy} AS is_told FROM ({parts}) WHERE next != '' GROUP BY step, item, next "
        f"ORDER BY is_told DESC, weight DESC, step, item, next LIMIT {question.edges_max}"
    )
    with runner.turn() as client:
        _require_regexes(runner, client, question.rules)
        found = runner.rows(
            client, edges_sql, scope.binder.parameters, max_result_rows=question.edges_max
        )
        edges = int(found[0][5]) if found else 0
        rows = [row for row in found if row[6]]
        joined = {(int(row[0]), str(row[1])) for row in rows}
        joined |= {(int(row[0]) + 1, str(row[2])) for row in rows}
        wanted = scope.binder.texts([f"{step}:{item}" for step, item in sorted(joined)])
        nodes_sql = (
            "SELECT grouping(item) AS is_total, step, item, "
            f"{weight} AS weight, {ended} AS ended, uniqExact(who) AS people, "
            f"countIf(is_first) AS sessions FROM ({parts}) "
            "GROUP BY GROUPING SETS ((), (step, item)) "
            f"HAVING is_total OR concat(toString(step), ':', item) IN {wanted} "
            "ORDER BY step, weight DESC, item"
        )
        found = runner.rows(
            client, nodes_sql, scope.binder.parameters, max_result_rows=len(joined) + 1
        )
    total = next((row for row in found if row[0]), None)
    return PathsResult(
        nodes=[
            PathNode(step=int(step), item=str(item), weight=int(weight), ended=int(ended))
            for is_total, step, item, weight, ended, *_ in found
            if not is_total
        ],
        edges=[
            PathEdge(
                step=int(step),
                item=str(item),
                next=str(following),
                weight=int(weight),
                mean_s=round(float(wait) / 1000, 3),
            )
            for step, item, following, weight, wait, *_ in rows
        ],
        edges_left_out=edges - len(rows),
        sessions=int(total[6]) if total else 0,
        people=int(total[5]) if total else 0,
        definition=_definition(question, scope),
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def people(runner: Runner, question: PathsPeople, *, now: datetime) -> PeopleResult:
    """Return the people behind a node or an edge, the latest first.

    Raises:
        QueryError: the question is not valid; says which part.
        LimitError: it was stopped.
    """
    started = time.monotonic()
    _require_sense(question)
    scope = scope_of(question, now=now)
    test = f"step = {question.step} AND item = {scope.binder.text(question.item)}"
    if question.next == "":
        test += " AND is_end"
    elif question.next is not None:
        test += f" AND next = {scope.binder.text(question.next)}"
    sql = (
        f"SELECT who, max(at_ms) AS at, count() OVER () FROM ({_parts_sql(scope, question)}) "
        f"WHERE {test} GROUP BY who ORDER BY at DESC, who LIMIT {question.limit}"
    )
    with runner.turn() as client:
        _require_regexes(runner, client, question.rules)
        found = runner.rows(client, sql, scope.binder.parameters, max_result_rows=question.limit)
        listed = people_of(runner, client, scope, {int(who): int(at) for who, at, _ in found})
    return PeopleResult(
        people=listed,
        total=int(found[0][2]) if found else 0,
        took_ms=round((time.monotonic() - started) * 1000, 1),
        notes=scope.notes,
    )


def _require_sense(question: Paths) -> None:
    """Refuse what the shape alone cannot.

    Raises:
        QueryError: says what does not fit together.
    """
    for number, rule in enumerate(question.rules):
        if (rule.wildcard is None) == (rule.regex is None):
            raise QueryError(f"rules[{number}] needs either wildcard or regex, and not both")
        if rule.wildcard == "" or rule.regex == "":
            raise QueryError(f"rules[{number}] matches nothing as it is empty")
        if rule.regex is not None and rule.name is None:
            raise QueryError(f'rules[{number}] has a regex and no name; "" takes out what it finds')
    if question.weight_max is not None and question.weight_max < question.weight_min:
        raise QueryError(
            f"weight_max is {question.weight_max} and weight_min is {question.weight_min}; "
            "expected the larger one as weight_max"
        )


def _require_regexes(runner: Runner, client: Client, rules: Sequence[Rule]) -> None:
    """Refuse expressions that the engine does not read.

    Raises:
        QueryError: names the rule.
    """
    for number, rule in enumerate(rules):
        if rule.regex is None:
            continue
        sql = "SELECT replaceRegexpAll('', {regex:String}, {name:String})"
        try:
            runner.rows(client, sql, {"regex": rule.regex, "name": rule.name or ""})
        except TransientError as error:
            if getattr(error.__cause__, "code", None) not in _BAD_REGEX:
                raise
            raise QueryError(
                f"rules[{number}].regex is '{rule.regex[:200]}' with the name "
                f"'{(rule.name or '')[:200]}', which is no regular expression of RE2 and its "
                "replacement"
            ) from error


def _parts_sql(scope: Scope, question: Paths) -> str:
    """Return a SELECT with a row for each item of each path.

    Its columns: who; the step; item and next ('' for the last one); wait_ms until the next; at_ms;
    whether the session has no item after it (is_end) and whether it is the path's first.
    """
    counted = scope.matches(question.only)
    item = _item_sql(scope, question)
    sql = (
        f"SELECT {scope.actor} AS who, arraySort(groupArray(({INSTANT}, raw_partition, raw_offset, "
        f"raw_index, if({counted}, {item}, '')))) AS sorted "
        f"FROM {TABLE} WHERE {scope.within()} AND {scope.actor} != 0 GROUP BY who"
    )
    sql = f"SELECT who, sorted.1 AS times, arrayZip(sorted.1, sorted.5) AS happened FROM ({sql})"
    cuts = cuts_sql("times", question.gap_minutes * 60_000)
    sql = f"SELECT who, arrayJoin(arraySplit((e, cut) -> cut, happened, {cuts})) AS e FROM ({sql})"
    sql = f"SELECT who, arrayFilter(e -> e.2 != '', e) AS named FROM ({sql}) WHERE notEmpty(named)"
    changes = "arrayMap((a, b) -> a.2 != b.2, named, arrayPushFront(arrayPopBack(named), (0, '')))"
    sql = f"SELECT who, arrayFilter((e, is_new) -> is_new, named, {changes}) AS named FROM ({sql})"
    sql = (
        f"SELECT who, named, {_first_sql(scope, question)} AS first, "
        f"{_last_sql(scope, question)} AS last FROM ({sql})"
    )
    shift = "0"
    kept = "first > 0 AND last >= first"
    if question.end is not None and question.start is not None:
        kept += f" AND last - first < {question.steps}"
    elif question.end is not None:
        # So that all paths end in the last layer.
        shift = f"{question.steps} - length(path)"
    sql = (
        "SELECT who, arraySlice(named, first, last - first + 1) AS path, "
        f"last = length(named) AS is_whole FROM ({sql}) WHERE {kept}"
    )
    columns = (
        f"arrayMap(p -> toUInt8(p + {shift}), arrayEnumerate(path))",
        "path.2",
        "arrayPushBack(arrayPopFront(path.2), '')",
        "arrayPopFront(arrayPushBack(arrayDifference(path.1), 0))",
        "path.1",
        "arrayMap(p -> p = length(path) AND is_whole, arrayEnumerate(path))",
        "arrayMap(p -> p = 1, arrayEnumerate(path))",
    )
    names = ("step", "item", "next", "wait_ms", "at_ms", "is_end", "is_first")
    sql = f"SELECT who, arrayJoin(arrayZip({', '.join(columns)})) AS part FROM ({sql})"
    parts = ", ".join(f"part.{number} AS {name}" for number, name in enumerate(names, 1))
    return f"SELECT who, {parts} FROM ({sql})"


def _first_sql(scope: Scope, question: Paths) -> str:
    """Return SQL for the place of a path's first item in its session; 0 for no path."""
    if question.start is not None:
        return f"indexOf(named.2, {scope.binder.text(question.start)})"
    if question.end is not None:
        end = scope.binder.text(question.end)
        return f"greatest(1, toInt64(indexOf(named.2, {end})) - {question.steps - 1})"
    return "1"


def _last_sql(scope: Scope, question: Paths) -> str:
    """Return SQL for the place of a path's last item in its session; 0 for no path."""
    if question.end is None:
        return f"least(first + {question.steps - 1}, length(named))"
    end = scope.binder.text(question.end)
    if question.start is None:
        return f"indexOf(named.2, {end})"
    after = "arraySlice(named.2, greatest(first, 1))"
    return f"if(has({after}, {end}), first - 1 + indexOf({after}, {end}), 0)"


def _item_sql(scope: Scope, question: Paths) -> str:
    binder = scope.binder
    item = {
        "events": "toString(event)",
        "pages": PAGE,
        "both": f"if(event != '', toString(event), {PAGE})",
    }[question.items]
    for rule in question.rules:
        if rule.wildcard is not None:
            like = binder.text(like_pattern(rule.wildcard))
            name = binder.text(rule.wildcard if rule.name is None else rule.name)
            item = f"arrayMap(i -> if(i LIKE {like}, {name}, i), [{item}])[1]"
        else:
            regex, name = binder.text(rule.regex or ""), binder.text(rule.name or "")
            item = f"replaceRegexpAll({item}, {regex}, {name})"
    if question.leave_out:
        tests = [f"i LIKE {binder.text(like_pattern(name))}" for name in question.leave_out]
        item = f"arrayMap(i -> if({' OR '.join(tests)}, '', i), [{item}])[1]"
    return f"substringUTF8({item}, 1, {ITEM_CHARACTERS_MAX})"


def _definition(question: Paths, scope: Scope) -> str:
    items = {"events": "Events", "pages": "Pages and screens", "both": "Events and pages"}
    begin, end = from_ms(scope.since_ms), from_ms(scope.until_ms)
    part = f"the first {question.steps}"
    if question.start is not None:
        part = f"up to {question.steps} from the first {question.start} on"
        if question.end is not None:
            part += f" to the first {question.end} after it, of sessions that have both so close"
    elif question.end is not None:
        part = f"the last {question.steps} up to the first {question.end}"
    weight = "transitions" if question.weight == "transitions" else "different people"
    return (
        f"{items[question.items]} in the order of each session from {begin:%Y-%m-%d %H:%M} to "
        f"{end:%Y-%m-%d %H:%M} UTC, without repeats: {part}. A session ends after "
        f"{question.gap_minutes} minutes without events; edges weigh their {weight}."
    )
