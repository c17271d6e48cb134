"""The search bar's language as a filter: Lucene text, asked of one event.

It means what it means in a search, with two differences: an event on its way has no `source`,
`browser`, `os`, `device` and `is_bot`, so these are refused; and free text is looked for in what
the event says, not in the JSON that was sent.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tailrace.errors import QueryError
from tailrace.filters.faults import FilterError, FilterFailedError
from tailrace.filters.filter import Filter
from tailrace.filters.parser import TEXT_BYTES_MAX, Warned
from tailrace.query.evaluate import matcher
from tailrace.query.fields import Unknown, many_of, resolve
from tailrace.query.lucene import parse
from tailrace.query.tree import (
    And,
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
)

Leaf = Term | Phrase | Wildcard | Regex | Fuzzy | Range | Exists | Nested

_TOLD_LATER: Final = frozenset({"source", "browser", "os", "device", "is_bot"})
_NAMES: Final[Mapping[str, str]] = {
    "message_id": "messageId",
    "type": "type",
    "event": "event",
    "name": "name",
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "group_id": "groupId",
    "previous_id": "previousId",
    "timestamp": "timestamp",
    "original_timestamp": "originalTimestamp",
    "sent_at": "sentAt",
    "received_at": "receivedAt",
    "properties": "properties",
    "traits": "traits",
    "context": "context",
    "integrations": "integrations",
}
_IN_CAMPAIGN: Final = ("name", "source", "medium", "term", "content")


def compile_search(text: str) -> Filter:
    """Return the filter that a text of the search language says.

    Raises:
        FilterError: the text is none, or asks for what an event on its way has not; it says where.
    """
    size = len(text.encode(errors="surrogatepass"))
    if size > TEXT_BYTES_MAX:
        raise FilterError(f"this filter is {size} bytes; the limit is {TEXT_BYTES_MAX}")
    if not text.strip():
        raise FilterError("the filter is empty", position=0, hint="to match every event, write *")
    try:
        parsed = parse(text)
        warnings = [Warned(note, 0) for note in parsed.notes]
        for leaf in _leaves(parsed.tree):
            warnings += _checked(leaf, text)
        test = matcher(parsed.tree, now=datetime.now(UTC))
    except QueryError as error:
        raise FilterError(str(error), position=error.position, hint=error.hint) from error
    if "now" in text.lower():
        test = _of_today(parsed.tree)

    def evaluate(event: Mapping[str, Any]) -> bool:
        try:
            return test(_columns(event))
        except QueryError as error:  # a time of the event that is none
            raise FilterFailedError(str(error)) from error

    return Filter(text, None, None, tuple(warnings), evaluate)


def _of_today(tree: Tree) -> Callable[[Mapping[str, object]], bool]:
    """Return what reads `now-1d` in a range anew for each event."""
    return lambda event: matcher(tree, now=datetime.now(UTC))(event)


def _checked(leaf: Leaf, text: str) -> list[Warned]:
    """Return what to know of a condition.

    Raises:
        FilterError: an event on its way has no such field.
    """
    if leaf.field is None:
        return []
    # A leaf stands where its value does.
    position = max(text.rfind(leaf.field, 0, leaf.position), 0)
    if leaf.field in _TOLD_LATER:
        raise FilterError(
            f"an event on its way has no {leaf.field}",
            position=position,
            hint="choose the destination's sources"
            if leaf.field == "source"
            else "look into context.userAgent",
        )
    if many_of(leaf.field) is not None:
        return []
    found = resolve(leaf.field)
    return [Warned(found.note, position)] if isinstance(found, Unknown) else []


def _leaves(tree: Tree) -> Iterator[Leaf]:
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _leaves(part)
        case Not(part):
            yield from _leaves(part)
        case Term() | Phrase() | Wildcard() | Regex() | Fuzzy() | Range() | Exists() | Nested():
            yield tree


def _columns(event: Mapping[str, Any]) -> dict[str, object]:
    """Return an event as searches know it."""
    columns: dict[str, object] = {column: event.get(name) for column, name in _NAMES.items()}
    context = event.get("context")
    if isinstance(context, Mapping):
        columns["ip"] = context.get("ip")
        campaign = context.get("campaign")
        if isinstance(campaign, Mapping):
            columns |= {f"campaign_{name}": campaign.get(name) for name in _IN_CAMPAIGN}
        library = context.get("library")
        if isinstance(library, Mapping) and library.get("name"):
            version = library.get("version")
            columns["library"] = f"{library['name']} {version}" if version else library["name"]
    return columns
