"""Questions about the stored events: searches, counts over time and by value, SQL.

`lucene` parses the search language into a `tree`, which `compile` turns into SQL and `evaluate`
into a Python function that says the same of one event; `fields` says what a field's name means and
`conditions` what a value means for it, both for both. `Questions` answers, within the limits of
`QueryConfig`. `sqlcheck` decides which SQL of people may run.
"""

from tailrace.query.past import Past, PastEvent, PastPage, PastPlace, first_place
from tailrace.query.questions import Questions
from tailrace.query.shapes import (
    Bucket,
    EventOut,
    FieldInfo,
    Fields,
    Histogram,
    HistogramResult,
    Search,
    SearchResult,
    Sql,
    SqlColumn,
    SqlPlan,
    SqlResult,
    ValueCount,
    Values,
    ValuesResult,
)

__all__ = [
    "Bucket",
    "EventOut",
    "FieldInfo",
    "Fields",
    "Histogram",
    "HistogramResult",
    "Past",
    "PastEvent",
    "PastPage",
    "PastPlace",
    "Questions",
    "Search",
    "SearchResult",
    "Sql",
    "SqlColumn",
    "SqlPlan",
    "SqlResult",
    "ValueCount",
    "Values",
    "ValuesResult",
    "first_place",
]
