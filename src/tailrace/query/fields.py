"""What may be searched: the columns of an event, and paths into its JSON objects."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

from tailrace.query.text import matches

ColumnKind = Literal["text", "time", "flag"]

COLUMNS: dict[str, ColumnKind] = {
    "message_id": "text",
    "type": "text",
    "event": "text",
    "name": "text",
    "user_id": "text",
    "anonymous_id": "text",
    "group_id": "text",
    "previous_id": "text",
    "source": "text",
    "timestamp": "time",
    "original_timestamp": "time",
    "sent_at": "time",
    "received_at": "time",
    "ip": "text",
    "browser": "text",
    "os": "text",
    "device": "text",
    "is_bot": "flag",
    "campaign_name": "text",
    "campaign_source": "text",
    "campaign_medium": "text",
    "campaign_term": "text",
    "campaign_content": "text",
    "library": "text",
}
NULLABLE = frozenset({"original_timestamp", "sent_at"})
# Free text is looked for in these beside the event as sent, which holds what the others hold.
TEXT_COLUMNS = ("type", "event", "source", "browser", "os", "device", "user_id")
# Free text that may be an id is compared with these as a whole.
ID_COLUMNS = ("message_id", "anonymous_id")
OBJECTS = ("properties", "traits", "context", "integrations")
# Kept as JSON text, not in columns by path; these paths of them have a column of their own.
TEXT_OBJECTS = ("context", "integrations")
STORED_PATHS = {
    ("context", "locale"): "context_fields.locale",
    ("context", "page", "path"): "context_fields.page.path",
    ("context", "page", "referrer"): "context_fields.page.referrer",
    ("context", "page", "title"): "context_fields.page.title",
    ("context", "page", "url"): "context_fields.page.url",
    ("context", "timezone"): "context_fields.timezone",
}
KEYWORD_SUFFIX = ".keyword"
PATH_KEYS_MAX = 16
# Quoted or not, ClickHouse reads a path's part that begins so as an operator on the path.
_OPERATORS = ("^`", ":`", "@`")


@dataclass(frozen=True)
class Column:
    """A column of the table."""

    name: str
    kind: ColumnKind


@dataclass(frozen=True)
class Path:
    """A place in one of the JSON objects; no keys: the object itself."""

    column: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Unknown:
    """No such field: nothing matches it, and `note` helps the person who asked."""

    name: str
    note: str


@dataclass(frozen=True)
class Many:
    """All fields whose names match a pattern: `*` is any text, `?` and `\\` are themselves.

    `columns` are those of the table, `objects` the JSON objects that may have such fields.
    """

    pattern: str
    columns: tuple[Column, ...]
    objects: tuple[str, ...]

    def has(self, name: str) -> bool:
        """Tell whether it is a name of such a field."""
        return matches(self.wildcard, name)

    @property
    def wildcard(self) -> str:
        """The pattern as those of values are written."""
        return self.pattern.replace("\\", "\\\\").replace("?", "\\?")


Field = Column | Path | Unknown
# How many lists and objects inside each other such a name is looked for in.
MANY_LEVELS = 8


def resolve(name: str) -> Field:
    """Return what a field's name means; `.keyword` at its end is accepted and changes nothing."""
    bare = name.removesuffix(KEYWORD_SUFFIX)
    kind = COLUMNS.get(bare)
    if kind is not None:
        return Column(bare, kind)
    column, dot, rest = bare.partition(".")
    if column not in OBJECTS:
        return Unknown(name, _unknown_note(name))
    keys = tuple(rest.split(".")) if dot else ()
    if any(not key or "\x00" in key or key.startswith(_OPERATORS) for key in keys):
        return Unknown(name, f"'{name}' cannot be searched by its name; nothing matches it.")
    if len(keys) > PATH_KEYS_MAX:
        return Unknown(name, f"'{name}' is deeper than {PATH_KEYS_MAX} keys; nothing matches it.")
    return Path(column, keys)


def many_of(name: str) -> Many | None:
    """Return the fields that a name with a `*` in it means, or None for the name of one field."""
    pattern = name.removesuffix(KEYWORD_SUFFIX)
    if "*" not in pattern:
        return None
    start = pattern.partition("*")[0]
    objects = tuple(
        each for each in OBJECTS if f"{each}.".startswith(start) or start.startswith(f"{each}.")
    )
    found = Many(pattern, (), objects)
    columns = tuple(Column(column, kind) for column, kind in COLUMNS.items() if found.has(column))
    return replace(found, columns=columns)


def _unknown_note(name: str) -> str:
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    close = [snake] if snake in COLUMNS else get_close_matches(name, COLUMNS, n=1, cutoff=0.8)
    suggestion = close[0] if close else f"properties.{name}"
    return f"There is no field '{name}', so nothing matches it; did you mean {suggestion}?"
