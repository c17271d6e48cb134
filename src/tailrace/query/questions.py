"""The one object that answers questions; its methods may be called from any thread."""

import time

from tailrace.config import QueryConfig
from tailrace.errors import LimitError
from tailrace.query import counting, searching
from tailrace.query.asked import Clock, now_of
from tailrace.query.past import Past, PastPage, PastPlace, count_past, page_of_past
from tailrace.query.running import Runner
from tailrace.query.shapes import (
    EventOut,
    Fields,
    Histogram,
    HistogramResult,
    Search,
    SearchResult,
    Sql,
    SqlResult,
    Values,
    ValuesResult,
)
from tailrace.query.sql import SqlRunner
from tailrace.query.sqlclients import ClientRows, ClientRunner, ClientSql
from tailrace.store import Store


class Questions:
    """Answers questions about the stored events, each within the limits.

    Every method raises `QueryError` for a question that is not valid, `LimitError` for one that was
    stopped, and `TransientError` when too many are asked at once or the store is away. `clock`
    gives seconds since 1970 UTC.
    """

    def __init__(self, store: Store, *, limits: QueryConfig, clock: Clock = time.time) -> None:
        self._limits = limits
        self._clock = clock
        self._runner = Runner(store, limits)
        self._sql = SqlRunner(
            store, limits, turns=self._runner.turns, know_people=self._runner.know_people
        )
        self._client_sql = ClientRunner(
            store, limits, turns=self._runner.turns, know_people=self._runner.know_people
        )

    def search(self, question: Search) -> SearchResult:
        """Return one page of matching events, and how many match in all."""
        if question.limit > self._limits.result_rows_max:
            raise LimitError(
                f"limit is {question.limit}; at most {self._limits.result_rows_max} events come "
                "with one page (query.result_rows_max): ask for less and follow the cursor"
            )
        return searching.search(self._runner, question, now=now_of(self._clock))

    def histogram(self, question: Histogram) -> HistogramResult:
        """Return how many events happened when."""
        return counting.histogram(self._runner, question, now=now_of(self._clock))

    def values(self, question: Values) -> ValuesResult:
        """Return the commonest values of a field."""
        return counting.values(self._runner, question, now=now_of(self._clock))

    def fields(self, since: str = "24h", until: str = "now") -> Fields:
        """Return what may be searched, as found in a sample of the newest events."""
        return counting.fields(self._runner, since=since, until=until, now=now_of(self._clock))

    def event(self, message_id: str, source: str | None = None) -> EventOut | None:
        """Return one event with its `original`, or None."""
        return searching.find_event(self._runner, message_id, source)

    def count_past(self, past: Past) -> int:
        """Return how many events of the past match."""
        return count_past(self._runner, past)

    def page_of_past(self, past: Past, *, after: PastPlace, limit: int) -> PastPage:
        """Return the next events of the past, in the order of receipt."""
        return page_of_past(self._runner, past, after=after, limit=limit)

    def sql(self, question: Sql) -> SqlResult:
        """Return the rows of one read-only SELECT on the view `events`."""
        return self._sql.run(question)

    def client_sql(self, question: ClientSql) -> ClientRows:
        """Return the rows of a statement of a ClickHouse client, in the format that it names."""
        return self._client_sql.answer(question)
