"""Parameters of the query string that several routes take."""

from typing import Annotated

from litestar.params import QueryParameter

Since = Annotated[
    str,
    QueryParameter(max_length=64, description="From when: a time, or a duration before now."),
]
Until = Annotated[
    str, QueryParameter(max_length=64, description="Until when; now when it is empty.")
]
Matching = Annotated[
    str, QueryParameter(max_length=2_000, description="Lucene query text that events must match.")
]
SourceName = Annotated[
    str, QueryParameter(max_length=63, description="Only this source; every one when empty.")
]
MessageId = Annotated[
    str, QueryParameter(max_length=4_096, min_length=1, description="The event's messageId.")
]
