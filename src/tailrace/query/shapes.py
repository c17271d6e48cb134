"""Questions and answers: the exact JSON of the API."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from tailrace.query.parsed import Language

QueryText = Annotated[
    str,
    Meta(description="Query text in the language asked in (Lucene); blank asks for everything."),
]
QueryLanguage = Annotated[
    Language, Meta(description="Language of the query text: lucene (default) or kql.")
]
Since = Annotated[
    str, Meta(description="First instant: a duration before now (24h), ISO 8601 or date math.")
]
Until = Annotated[str, Meta(description="Instant after the last, in the same forms.")]
EventType = Annotated[
    str,
    Meta(extra_json_schema={"enum": ["track", "identify", "page", "screen", "group", "alias"]}),
]
BUCKETS_MAX = 2_000
VALUES_MAX = 1_000


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for events, page by page."""

    query: QueryText = ""
    language: QueryLanguage = "lucene"
    since: Since = "24h"
    until: Until = "now"
    limit: Annotated[int, Meta(ge=1)] = 50
    cursor: str | None = None
    sort: Literal["newest", "oldest"] = "newest"


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """One event as stored; the four objects are JSON, exactly as sent where the store has it so.

    `original` is the whole event as the client sent it, only where one event was asked for.
    """

    message_id: str
    type: EventType
    event: str
    name: str
    user_id: str
    anonymous_id: str
    group_id: str
    previous_id: str
    source: str
    timestamp: datetime
    original_timestamp: datetime | None
    sent_at: datetime | None
    received_at: datetime
    properties: Raw
    traits: Raw
    context: Raw
    integrations: Raw
    ip: str
    browser: str
    os: str
    device: str
    is_bot: bool
    campaign_name: str
    campaign_source: str
    campaign_medium: str
    campaign_term: str
    campaign_content: str
    library: str
    original: str | UnsetType = UNSET


class SearchResult(msgspec.Struct, frozen=True, kw_only=True):
    """One page; `cursor` asks for the next one and is None on the last."""

    total: int
    events: list[EventOut]
    cursor: str | None
    took_ms: float
    notes: list[str]


class Histogram(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask how many events happened when, in all and by the commonest values of a field."""

    query: QueryText = ""
    language: QueryLanguage = "lucene"
    since: Since = "24h"
    until: Until = "now"
    buckets_max: Annotated[int, Meta(ge=1, le=BUCKETS_MAX)] = 120
    interval_s: Annotated[int, Meta(ge=1)] | None = None
    by: str | None = None


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """Events from `at` on for the interval; `by` counts them per value of `values`, in order."""

    at: datetime
    events: int
    by: list[int] | UnsetType = UNSET


class HistogramResult(msgspec.Struct, frozen=True, kw_only=True):
    """Every bucket of the time asked for, empty ones too, aligned to UTC (weeks to Monday)."""

    interval_s: int
    buckets: list[Bucket]
    values: list[str] | UnsetType = UNSET
    total: int
    took_ms: float
    notes: list[str]


class Values(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for the commonest values of a field."""

    field: str
    query: QueryText = ""
    language: QueryLanguage = "lucene"
    since: Since = "24h"
    until: Until = "now"
    limit: Annotated[int, Meta(ge=1, le=VALUES_MAX)] = 10


class ValueCount(msgspec.Struct, frozen=True, kw_only=True):
    """So many events have this value."""

    value: str
    events: int


class ValuesResult(msgspec.Struct, frozen=True, kw_only=True):
    """`other` is how often further values occur, `missing` how many events have none.

    An event whose field is a list counts for each of its values. `distinct` is about right.
    """

    values: list[ValueCount]
    other: int
    missing: int
    distinct: int
    took_ms: float
    notes: list[str]


class FieldInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A field that may be searched; `share` of the sampled events have it (0 to 1)."""

    name: str
    type: Literal["text", "number", "boolean", "time", "mixed"]
    share: float


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields, as found in the newest `sampled` events."""

    fields: list[FieldInfo]
    sampled: int


SqlScalar = str | int | float | bool | None
SqlValue = str | int | float | bool | list[SqlScalar] | None


class Sql(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask in SQL; `parameters` fill the placeholders `{name:Type}`."""

    sql: Annotated[str, Meta(min_length=1, max_length=100_000)]
    parameters: dict[str, SqlValue] = {}


class SqlColumn(msgspec.Struct, frozen=True):
    """A column of the answer, with its ClickHouse type."""

    name: str
    type: str


class SqlPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement would do: `rows_to_read` is the engine's estimate, `steps` its plan.

    Where it may not run, `reason` says which limit it would reach. It may reach another all the
    same: of time, memory, or rows of its result.
    """

    rows_to_read: int
    rows_read_max: int
    may_run: bool
    reason: str
    steps: list[str]
    took_ms: float


class SqlResult(msgspec.Struct, frozen=True, kw_only=True):
    """`rows` are JSON arrays in the order of `columns`."""

    columns: list[SqlColumn]
    rows: list[Raw]
    took_ms: float
