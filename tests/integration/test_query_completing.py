"""What may come next in a query, from real events; questions asked in KQL and in zones."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from search_cases import NOW, documents
from stored_events import StoredEvents, stored_events
from tailrace.errors import QueryError
from tailrace.query import Histogram, Search, Values
from tailrace.query.completing import Complete, Suggestion
from tailrace.query.insights.asking import Events, Question, scope_of


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("completing"), now=NOW) as opened:
        opened.add(documents())
        yield opened


def suggested(stored: StoredEvents, question: Complete) -> list[Suggestion]:
    return stored.questions.complete(question).suggestions


def written(query: str, **more: object) -> Complete:
    """Return what is asked at the `|` of a query."""
    position = query.index("|")
    text = query.replace("|", "")
    return Complete(query=text, position=position, since="3y", **more)  # type: ignore[arg-type]


def test_fields_come_with_their_type_and_how_common_they_are(stored: StoredEvents) -> None:
    [first, *others] = suggested(stored, written("properties.pri|"))

    assert first.text == "properties.price:"
    assert (first.kind, first.type) == ("field", "number")
    assert first.share is not None
    assert 0 < first.share < 1
    assert others == []


def test_a_field_is_found_by_a_part_of_its_name(stored: StoredEvents) -> None:
    labels = [each.label for each in suggested(stored, written("nam|"))]

    assert labels[0] == "name"
    assert {"properties.user.name", "properties.host.name"} <= set(labels)


def test_values_come_with_their_events_the_commonest_first(stored: StoredEvents) -> None:
    answer = stored.questions.complete(written("event:|"))

    assert answer.field == "event"
    assert [answer.start, answer.end] == [6, 6]
    counts = [each.events or 0 for each in answer.suggestions]
    assert counts == sorted(counts, reverse=True)
    assert {each.text for each in answer.suggestions} >= {'"Order Completed"', "Search", '"not"'}


def test_values_are_those_that_hold_what_is_written(stored: StoredEvents) -> None:
    answer = stored.questions.complete(written('event:"ord|er" AND user_id:ada'))

    labels = [each.label for each in answer.suggestions]
    assert set(labels) == {"Order Completed", "Order Refunded", "order completed", "order", "Ordre"}
    assert [answer.start, answer.end] == [6, 13]


@pytest.mark.parametrize(
    "query", ["properties.tags:|", "properties.ok:|", "properties.price:|", "is_bot:f|"]
)
def test_each_value_that_is_suggested_finds_its_events(stored: StoredEvents, query: str) -> None:
    answer = stored.questions.complete(written(query))

    assert answer.suggestions
    for each in answer.suggestions:
        asked = query.replace("|", "")[: answer.start] + each.text
        assert stored.questions.search(Search(query=asked, since="3y")).total == each.events


@pytest.mark.parametrize(
    ("query", "language", "texts"),
    [
        ("event:Login |", "lucene", ["AND ", "OR ", "NOT "]),
        ("event:Login |", "kql", ["and ", "or ", "not "]),
        ("event |", "lucene", [":", ":*", ":>", ":>=", ":<", ":<="]),
        ("event |", "kql", [":", ":*", " > ", " >= ", " < ", " <= "]),
        ("no|", "kql", ["not "]),
    ],
)
def test_operators_come_where_they_may_stand(
    stored: StoredEvents, query: str, language: str, texts: list[str]
) -> None:
    found = suggested(stored, written(query, language=language))

    operators = [each.text for each in found if each.kind == "operator"]
    assert operators == texts


def test_times_are_suggested_for_a_time(stored: StoredEvents) -> None:
    found = suggested(stored, written("timestamp:>now-7|"))

    assert [each.text for each in found] == ["now-7d"]


def test_fields_stand_after_exists(stored: StoredEvents) -> None:
    found = suggested(stored, written("_exists_:properties.coup|"))

    assert [each.text for each in found] == ["properties.coupon"]


@pytest.mark.parametrize(
    "query", ["nosuch:|", "properties.\\*:|", "properties:|", 'a:"\\|', "{[(:|"]
)
def test_where_nothing_is_known_nothing_is_suggested_and_nothing_fails(
    stored: StoredEvents, query: str
) -> None:
    found = suggested(stored, written(query))

    assert [each for each in found if each.kind == "value"] == []


def test_no_more_is_suggested_than_asked_for(stored: StoredEvents) -> None:
    assert len(suggested(stored, written("|", limit=3))) == 3


def test_questions_are_asked_in_kql(stored: StoredEvents) -> None:
    text = "event: Order Completed and not properties.ok:false"

    found = stored.questions.search(Search(query=text, language="kql", since="3y"))
    buckets = stored.questions.histogram(Histogram(query=text, language="kql", since="90d"))
    values = stored.questions.values(
        Values(field="user_id", query=text, language="kql", since="3y")
    )

    assert sorted(event.message_id for event in found.events) == ["D1", "D10", "D11"]
    assert buckets.total == 3
    assert {value.value for value in values.values} == {"bob", "dora"}
    with pytest.raises(QueryError, match="Expected AND, OR"):
        stored.questions.search(Search(query="a:1 b:2", language="kql"))


def test_a_cursor_belongs_to_its_language(stored: StoredEvents) -> None:
    first = stored.questions.search(Search(query="user_id:ada", since="3y", limit=1))

    with pytest.raises(QueryError, match="another question"):
        stored.questions.search(
            Search(query="user_id:ada", language="kql", since="3y", limit=1, cursor=first.cursor)
        )


def test_an_insight_reads_its_events_in_its_language_or_theirs(stored: StoredEvents) -> None:
    question = Question(query="user_id:ada", language="kql", since="3y")
    scope = scope_of(question, now=NOW)
    in_kql = scope.matches(Events(query="event: Product Viewed or event:Login"))
    in_lucene = scope.matches(Events(query='event:(+"Product Viewed")', language="lucene"))
    with stored.runner.turn() as client:
        [row] = stored.runner.rows(
            client,
            f"SELECT countIf({in_kql}), countIf({in_lucene}) FROM events_data "
            f"WHERE {scope.within()}",
            scope.binder.parameters,
        )

    assert row == (2, 1)


def test_days_of_an_insight_are_those_of_its_zone() -> None:
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)
    question = Question(since="2026-03-29", until="2026-03-29||+1d", zone="Europe/Berlin")

    scope = scope_of(question, now=now)

    # The clocks went forward, so this day has 23 hours.
    assert scope.until_ms - scope.since_ms == 23 * 3_600_000
