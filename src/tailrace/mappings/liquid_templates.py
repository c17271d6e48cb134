"""The directive `@liquid`: a template over the event, within bounds.

Nothing loops: the tags and filters that do, or load other templates, are not there. What is left
takes time by the size of texts, so each filter is given and gives no more than `VALUE_LENGTH_MAX`,
those that may take the square of it less, and between any two of them the time is looked at.

Source: Segment, "Mapping Kit", @liquid, and @segment/actions-core 3.170 (LiquidJS without some tags
and filters, 1,000 characters, 500 ms); numbers and objects become text as there.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, ClassVar, Final, TextIO

from liquid import Environment
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoNode, EchoTag
from liquid.context import RenderContext
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.template import BoundTemplate

from tailrace.jsontext import json_text, number_text
from tailrace.mappings.faults import MappingFailedError
from tailrace.mappings.running import MISSING, Run

TEMPLATE_LENGTH_MAX: Final = 1_000
OUTPUT_LENGTH_MAX: Final = 65_536
VALUE_LENGTH_MAX: Final = 65_536
SQUARE_LENGTH_MAX: Final = 4_096
DATE_LENGTH_MAX: Final = 200
NUMBER_MAX: Final = 10.0**30
RUN_S_MAX: Final = 0.5

TAGS_LEFT_OUT: Final = frozenset({"case", "for", "include", "layout", "render", "tablerow"})
FILTERS_LEFT_OUT: Final = frozenset(
    {
        "array_to_sentence_string",
        "concat",
        "find",
        "find_exp",
        "find_index",
        "find_index_exp",
        "group_by",
        "group_by_exp",
        "has",
        "has_exp",
        "map",
        "newline_to_br",
        "reject",
        "reject_exp",
        "reverse",
        "sort",
        "sort_natural",
        "uniq",
        "where_exp",
    }
)
_SQUARE: Final = frozenset({"escapejs", "sum", "strip_html", "where"})
"""Filters whose time may grow with the square of their text, or that are not worth more."""

_run: Final = threading.local()


class TemplateError(Exception):
    """The text is no template that may be used; says why."""


def template_of(text: str) -> Callable[[Any, Run], str]:
    """Return what fills in a template.

    Raises:
        TemplateError: it is none, too long, or has what is not allowed.
    """
    if len(text) > TEMPLATE_LENGTH_MAX:
        raise TemplateError(
            f"the template has {len(text)} characters; the limit is {TEMPLATE_LENGTH_MAX}"
        )
    try:
        template = _environment().from_string(text)
    except LiquidError as error:
        raise TemplateError(_told(error, text)) from error
    except RecursionError as error:
        raise TemplateError("the template is nested too deep") from error
    _require_allowed(template)
    return lambda root, run: run.text(_rendered(template, root))


@lru_cache(maxsize=1)
def words() -> tuple[list[str], list[str]]:
    """Return the names of the tags and filters that there are."""
    environment = _environment()
    inner = {"content", "illegal", "output", "break", "continue"}
    return sorted(set(environment.tags) - inner), sorted(environment.filters)


def _rendered(template: BoundTemplate, root: Any) -> str:
    _run.ends_at = time.monotonic() + RUN_S_MAX
    try:
        return template.render(_values(root) if isinstance(root, Mapping) else {})
    except LiquidError as error:
        raise MappingFailedError(f"@liquid: {_message(error)}") from error
    except MappingFailedError:
        raise
    except RecursionError as error:
        raise MappingFailedError("@liquid: the event is nested too deep") from error
    # The filters are the library's, and an event may hold anything.
    except Exception as error:
        raise MappingFailedError(f"@liquid: {type(error).__name__}: {error}"[:300]) from error


class _Environment(Environment):
    loop_iteration_limit: ClassVar[int | None] = 1
    local_namespace_limit: ClassVar[int | None] = 10 * VALUE_LENGTH_MAX
    output_stream_limit: ClassVar[int | None] = OUTPUT_LENGTH_MAX


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = _Environment()
    for name in TAGS_LEFT_OUT:
        environment.tags.pop(name, None)
    for name in FILTERS_LEFT_OUT:
        environment.filters.pop(name, None)
    environment.add_tag(_Output)
    environment.add_tag(_Echo)
    environment.filters["divided_by"] = _divided_by
    environment.filters["json"] = json_text
    environment.filters["round"] = _round
    for name, function in environment.filters.items():
        environment.filters[name] = _bounded(name, function)
    return environment


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is given no more than it can do in a moment, and gives no more."""
    longest = SQUARE_LENGTH_MAX if name in _SQUARE else VALUE_LENGTH_MAX
    longest = DATE_LENGTH_MAX if name == "date" else longest

    @wraps(function)
    def filtered(value: Any, *args: Any, **kwargs: Any) -> Any:
        _require_time()
        given = [value, *args]
        for each in given:
            _require_size(name, each, longest)
        _require_product(name, given)
        return _as_in_javascript(_sized(name, function(value, *args, **kwargs)))

    return filtered


def _require_time() -> None:
    if time.monotonic() > _run.ends_at:
        raise MappingFailedError(f"@liquid: it takes longer than {RUN_S_MAX * 1_000:.0f} ms")


def _require_size(name: str, value: Any, longest: int) -> None:
    if isinstance(value, str | list | tuple | Mapping) and len(value) > longest:
        raise MappingFailedError(f"@liquid: {name} takes {longest} characters or values at most")
    if isinstance(value, int | float) and abs(value) > NUMBER_MAX:
        raise MappingFailedError(f"@liquid: {name} was given a number that is too large")
    if name in {"round", "slice", "truncate", "truncatewords"} and isinstance(value, str):
        return
    if isinstance(value, str) and name in _OF_NUMBERS and len(value) > 100:
        raise MappingFailedError(f"@liquid: {name} was given a text that is no number")


_OF_NUMBERS: Final = frozenset(
    {
        "abs",
        "at_least",
        "at_most",
        "ceil",
        "divided_by",
        "floor",
        "minus",
        "modulo",
        "plus",
        "times",
    }
)


def _require_product(name: str, given: list[Any]) -> None:
    """Return where a filter that puts one text into another many times stays small."""
    if name == "join":
        between = str(given[1]) if len(given) > 1 else " "
        size = len(given[0]) * len(between) if isinstance(given[0], list | str) else 0
    elif name in {"replace", "replace_first", "replace_last"} and len(given) > 2:
        size = (str(given[0]).count(str(given[1])) + 1) * len(str(given[2]))
    elif name == "round" and len(given) > 1:
        size = 0 if str(given[1]).lstrip("-").isdigit() and abs(int(given[1])) <= 20 else 10**9
    else:
        return
    if size > VALUE_LENGTH_MAX:
        raise MappingFailedError(f"@liquid: {name} makes more than {VALUE_LENGTH_MAX} characters")


def _sized(name: str, value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > VALUE_LENGTH_MAX:
        raise MappingFailedError(f"@liquid: {name} makes more than {VALUE_LENGTH_MAX} characters")
    return value


def _as_in_javascript(value: Any) -> Any:
    """Return a whole number for a fraction that is one: 30.0 is 30 there."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    return value


class _Object(dict[str, Any]):
    """An object of the event, which becomes text as in JavaScript."""

    def __str__(self) -> str:
        return "[object Object]"


class _List(list[Any]):
    """A list of the event; as a part of another one it becomes text as in LiquidJS."""

    def __str__(self) -> str:
        return _text(self)


def _values(value: Any) -> Any:
    """Return the event with its values as the templates see them."""
    if isinstance(value, Mapping):
        return _Object({key: _values(part) for key, part in value.items()})
    if isinstance(value, list):
        return _List(_values(part) for part in value)
    return _as_in_javascript(value)


def _text(value: Any) -> str:
    """Return a value as LiquidJS writes it: lists without anything between."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return "".join(map(_text, value))
    return str(value)


class _OutputNode(OutputNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """See the library."""
        _require_time()
        return buffer.write(_text(self.expression.evaluate(context)))


class _Output(Output):
    node_class = _OutputNode


class _EchoNode(EchoNode):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """See the library."""
        _require_time()
        return buffer.write(_text(self.expression.evaluate(context)))


class _Echo(EchoTag):
    node_class = _EchoNode


def _divided_by(value: Any, by: Any) -> Any:
    """Return the quotient, with its fraction, as in LiquidJS."""
    try:
        return float(value) / float(by)
    except ZeroDivisionError:
        raise MappingFailedError(f"@liquid: {value} is divided by 0") from None
    except (TypeError, ValueError):
        raise MappingFailedError("@liquid: divided_by takes numbers") from None


def _round(value: Any, digits: Any = 0) -> Any:
    """Return the number with so many digits; halves go up, as in JavaScript."""
    try:
        scale = 10.0 ** int(digits)
        return math.floor(float(value or 0) * scale + 0.5) / scale
    except (TypeError, ValueError):
        raise MappingFailedError("@liquid: round takes numbers") from None


def _require_allowed(template: BoundTemplate) -> None:
    """Return where a template has only filters that there are, and no ranges.

    Raises:
        TemplateError: it has others.
    """
    filters = _environment().filters
    for name, spans in template.analyze(include_partials=False).filters.items():
        if name not in filters:
            what = "is not allowed" if name in FILTERS_LEFT_OUT else "does not exist"
            raise TemplateError(f"at character {spans[0].index + 1}: the filter '{name}' {what}")
    context = RenderContext(template)
    for node in template.nodes:
        for expression in _expressions(node, context):
            if isinstance(expression, RangeLiteral):
                raise TemplateError("a range such as (1..3) is not allowed")


def _expressions(node: Node, context: RenderContext) -> Iterator[Expression]:
    waiting = list(node.expressions())
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting.extend(expression.children())
    for child in node.children(context, include_partials=False):
        yield from _expressions(child, context)


def _told(error: LiquidError, text: str) -> str:
    """Return what is wrong with a template, and where."""
    message = _message(error)
    for name in TAGS_LEFT_OUT:
        if f"'{name}'" in message:
            message = f"the tag '{name}' is not allowed"
    at = error.token.start_index if error.token is not None else -1
    return f"at character {at + 1}: {message}" if 0 <= at < len(text) else message


def _message(error: LiquidError) -> str:
    return str(error.args[0] if error.args else error).partition("\n")[0][:300]
