"""The one object that answers questions; its methods may be called from any thread."""

import time

from tailrace.config import QueryConfig
from tailrace.errors import LimitError
from tailrace.query import counting, searching
from tailrace.query.aggregations import Aggregate, AggregateResult
from tailrace.query.aggregations import question as aggregating
from tailrace.query.asked import Clock, now_of
from tailrace.query.completing import Complete, Completed, complete
from tailrace.query.documents import Documents, Found, find_documents
from tailrace.query.insights import (
    attribution,
    experiments,
    explore,
    funnels,
    lifecycle,
    paths,
    retention,
    sessions,
    stickiness,
    timeline,
    trends,
)
from tailrace.query.insights.attribution import (
    Attribution,
    AttributionPeople,
    AttributionResult,
)
from tailrace.query.insights.behind import PeopleResult
from tailrace.query.insights.experimentshapes import (
    Experiment,
    ExperimentResult,
    SampleSize,
    SampleSizeResult,
)
from tailrace.query.insights.explore import (
    ExploredEvents,
    ExploredProperties,
    ExploreEvents,
    ExploreProperties,
)
from tailrace.query.insights.funnelshapes import Funnel, FunnelPeople, FunnelResult
from tailrace.query.insights.lifecycle import Lifecycle, LifecyclePeople, LifecycleResult
from tailrace.query.insights.pathshapes import Paths, PathsPeople, PathsResult
from tailrace.query.insights.retention import Retention, RetentionPeople, RetentionResult
from tailrace.query.insights.sessions import Sessions, SessionsPeople, SessionsResult
from tailrace.query.insights.stickiness import (
    ActiveRatio,
    ActiveRatioResult,
    Stickiness,
    StickinessPeople,
    StickinessResult,
)
from tailrace.query.insights.subjects import Kind
from tailrace.query.insights.timeline import (
    PeopleFound,
    PeopleSearch,
    Profile,
    SessionsOf,
    Timeline,
    TimelineResult,
)
from tailrace.query.insights.trendshapes import TrendPeople, Trends, TrendsResult
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
    SqlPlan,
    SqlResult,
    Values,
    ValuesResult,
)
from tailrace.query.sql import DOWNLOAD_ROWS, SqlRunner, for_downloads
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
        self._downloads = SqlRunner(
            store,
            for_downloads(limits),
            turns=self._runner.turns,
            know_people=self._runner.know_people,
            rows_setting=DOWNLOAD_ROWS,
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

    def aggregate(self, question: Aggregate) -> AggregateResult:
        """Return metrics and buckets of the matching events."""
        return aggregating.answer(self._runner, question, now=now_of(self._clock))

    def documents(self, question: Documents) -> Found:
        """Return a page of events by a filter tree, in any order, with aggregations beside them."""
        wanted = question.offset + question.size
        if wanted > self._limits.result_rows_max:
            raise LimitError(
                f"{wanted} events are asked for; at most {self._limits.result_rows_max} come at "
                "once (query.result_rows_max): ask for less, page by page"
            )
        return find_documents(self._runner, question, now=now_of(self._clock))

    def fields(self, since: str = "24h", until: str = "now") -> Fields:
        """Return what may be searched, as found in a sample of the newest events."""
        return counting.fields(self._runner, since=since, until=until, now=now_of(self._clock))

    def complete(self, question: Complete) -> Completed:
        """Return what may come next at a place in a query."""
        return complete(self._runner, question, now=now_of(self._clock))

    def event(self, message_id: str, source: str | None = None) -> EventOut | None:
        """Return one event with its `original`, or None."""
        return searching.find_event(self._runner, message_id, source)

    def funnel(self, question: Funnel) -> FunnelResult:
        """Return how many people reached each step of a funnel."""
        return funnels.answer(self._runner, question, now=now_of(self._clock))

    def funnel_people(self, question: FunnelPeople) -> PeopleResult:
        """Return the people behind a bar of a funnel."""
        return funnels.people(self._runner, question, now=now_of(self._clock))

    def paths(self, question: Paths) -> PathsResult:
        """Return which item follows which within sessions."""
        return paths.answer(self._runner, question, now=now_of(self._clock))

    def paths_people(self, question: PathsPeople) -> PeopleResult:
        """Return the people behind a node or an edge of paths."""
        return paths.people(self._runner, question, now=now_of(self._clock))

    def experiment(self, question: Experiment) -> ExperimentResult:
        """Return how variants compare with the control."""
        return experiments.answer(self._runner, question, now=now_of(self._clock))

    def sample_size(self, question: SampleSize) -> SampleSizeResult:
        """Return how many people an experiment needs."""
        return experiments.sample_size(question)

    def count_past(self, past: Past) -> int:
        """Return how many events of the past match."""
        return count_past(self._runner, past)

    def page_of_past(self, past: Past, *, after: PastPlace, limit: int) -> PastPage:
        """Return the next events of the past, in the order of receipt."""
        return page_of_past(self._runner, past, after=after, limit=limit)

    def trends(self, question: Trends) -> TrendsResult:
        """Return how something develops."""
        return trends.trends(self._runner, question, now=now_of(self._clock))

    def trend_people(self, question: TrendPeople) -> PeopleResult:
        """Return who is behind a point of a trend."""
        return trends.trend_people(self._runner, question, now=now_of(self._clock))

    def stickiness(self, question: Stickiness) -> StickinessResult:
        """Return in how many intervals people did something."""
        return stickiness.stickiness(self._runner, question, now=now_of(self._clock))

    def stickiness_people(self, question: StickinessPeople) -> PeopleResult:
        """Return who did something in so many intervals."""
        return stickiness.stickiness_people(self._runner, question, now=now_of(self._clock))

    def active_ratio(self, question: ActiveRatio) -> ActiveRatioResult:
        """Return what part of the people of a week or a month come on a day."""
        return stickiness.active_ratio(self._runner, question, now=now_of(self._clock))

    def lifecycle(self, question: Lifecycle) -> LifecycleResult:
        """Return who is new, comes again, is back or stays away."""
        return lifecycle.lifecycle(self._runner, question, now=now_of(self._clock))

    def lifecycle_people(self, question: LifecyclePeople) -> PeopleResult:
        """Return who was in a state of the lifecycle."""
        return lifecycle.lifecycle_people(self._runner, question, now=now_of(self._clock))

    def retention(self, question: Retention) -> RetentionResult:
        """Return how many people came back."""
        return retention.retention(self._runner, question, now=now_of(self._clock))

    def retention_people(self, question: RetentionPeople) -> PeopleResult:
        """Return the people of one cell."""
        return retention.retention_people(self._runner, question, now=now_of(self._clock))

    def sessions(self, question: Sessions) -> SessionsResult:
        """Return figures of the sessions, over time and in all."""
        return sessions.sessions(self._runner, question, now=now_of(self._clock))

    def sessions_people(self, question: SessionsPeople) -> PeopleResult:
        """Return who had the sessions of a bar."""
        return sessions.sessions_people(self._runner, question, now=now_of(self._clock))

    def attribution(self, question: Attribution) -> AttributionResult:
        """Return what conversions are owed to."""
        return attribution.attribution(self._runner, question, now=now_of(self._clock))

    def attribution_people(self, question: AttributionPeople) -> PeopleResult:
        """Return who converted thanks to a row's touches."""
        return attribution.attribution_people(self._runner, question, now=now_of(self._clock))

    def find_people(self, kind: Kind, question: PeopleSearch) -> PeopleFound:
        """Return people or groups that match, those seen last first."""
        return timeline.find_people(self._runner, kind, question, now=now_of(self._clock))

    def profile(self, kind: Kind, name: str) -> Profile | None:
        """Return what is known of who has an id, or None for nobody."""
        return timeline.profile(self._runner, kind, name, now=now_of(self._clock))

    def sessions_of(
        self, kind: Kind, name: str, *, since: str, until: str, limit: int
    ) -> SessionsOf | None:
        """Return the sessions of who has an id, or None for nobody."""
        return timeline.sessions_of(
            self._runner,
            kind,
            name,
            since=since,
            until=until,
            limit=limit,
            now=now_of(self._clock),
        )

    def timeline(self, kind: Kind, name: str, question: Timeline) -> TimelineResult | None:
        """Return a page of the events of who has an id, or None for nobody."""
        return timeline.timeline(self._runner, kind, name, question, now=now_of(self._clock))

    def explore_events(self, question: ExploreEvents) -> ExploredEvents:
        """Return which events there are."""
        return explore.explore_events(self._runner, question, now=now_of(self._clock))

    def explore_properties(self, question: ExploreProperties) -> ExploredProperties:
        """Return the properties and traits of the newest events of a name."""
        return explore.explore_properties(self._runner, question, now=now_of(self._clock))

    def sql(self, question: Sql) -> SqlResult:
        """Return the rows of one read-only SELECT on the view `events`."""
        return self._sql.run(question)

    def sql_csv(self, question: Sql) -> bytes:
        """Return the rows of one read-only SELECT as comma-separated values."""
        return self._downloads.csv(question)

    def explain_sql(self, question: Sql) -> SqlPlan:
        """Return what a SELECT would read, without reading it."""
        return self._sql.explain(question)

    def client_sql(self, question: ClientSql) -> ClientRows:
        """Return the rows of a statement of a ClickHouse client, in the format that it names."""
        return self._client_sql.answer(question)
