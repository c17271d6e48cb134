"""The queries of `cases/search`, in Python and on the real store: both find what the case says.

What they should find was worked out apart from both: by a real OpenSearch for Lucene
(`test_search_opensearch`), by hand for the reference, words and what KQL alone can say; other KQL
is paired with Lucene text.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from search_cases import NOW, Case, cases_of, documents, name_of, zone_of
from stored_events import StoredEvents, stored_events
from tailrace.errors import QueryError
from tailrace.query.bind import Binder
from tailrace.query.compile import compile_tree
from tailrace.query.evaluate import matcher
from tailrace.query.reading import read
from tailrace.query.tree import Tree

LUCENE = [{**case, "language": "lucene"} for case in cases_of("lucene")]
KQL = [{**case, "language": "kql"} for case in cases_of("kql")]
WORDS = [{**case, "language": "lucene", "has_words": True} for case in cases_of("words")]
REFERENCE = cases_of("reference")
FOUND = [*LUCENE, *KQL, *WORDS, *(case for case in REFERENCE if "found" in case)]
REFUSED = [*cases_of("errors"), *(case for case in REFERENCE if "error" in case)]
# The queries that one statement asks at once.
AT_ONCE: Final = 25
OF_REFERENCE: Final = frozenset({"D1", "D2", "D3", "D4"})


def tree_of(case: Case) -> Tree:
    return read(case["query"], case["language"]).tree


def wanted(case: Case, found: set[str]) -> set[str]:
    """Return what of the documents found counts: those of the reference know of four."""
    return found & OF_REFERENCE if "number" in case else found


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredEvents]:
    with stored_events(tmp_path_factory.mktemp("search"), now=NOW) as opened:
        opened.add(documents())
        yield opened


@pytest.fixture(scope="module")
def in_store(stored: StoredEvents) -> Mapping[int, set[str]]:
    """Return what the store finds, by the case's place in FOUND."""
    found: dict[int, set[str]] = {}
    with stored.runner.turn() as client:
        for start in range(0, len(FOUND), AT_ONCE):
            binder = Binder()
            cases = FOUND[start : start + AT_ONCE]
            conditions = [
                compile_tree(
                    tree_of(case),
                    binder,
                    now=NOW,
                    zone=zone_of(case),
                    has_words=case.get("has_words", False),
                )
                for case in cases
            ]
            columns = ", ".join(f"groupArrayIf(message_id, {each})" for each in conditions)
            [row] = stored.runner.rows(
                client, f"SELECT {columns} FROM events_data", binder.parameters
            )
            found |= {start + number: set(ids) for number, ids in enumerate(row)}
    return found


@pytest.mark.parametrize("case", FOUND, ids=name_of)
def test_python_finds(case: Case) -> None:
    matches = matcher(
        tree_of(case), now=NOW, zone=zone_of(case), has_words=case.get("has_words", False)
    )

    found = {event["message_id"] for event in documents() if matches(event)}

    assert wanted(case, found) == set(case["found"])


@pytest.mark.parametrize("place", range(len(FOUND)), ids=lambda place: name_of(FOUND[place]))
def test_the_store_finds(in_store: Mapping[int, set[str]], place: int) -> None:
    case = FOUND[place]

    assert wanted(case, in_store[place]) == set(case["found"])


@pytest.mark.parametrize("case", [case for case in KQL if "lucene" in case], ids=name_of)
def test_kql_finds_what_its_lucene_finds(case: Case) -> None:
    other = matcher(read(case["lucene"], "lucene").tree, now=NOW)

    found = {event["message_id"] for event in documents() if other(event)}

    assert found == set(case["found"])


@pytest.mark.parametrize("case", REFUSED, ids=name_of)
def test_a_text_is_refused_with_its_place(case: Case) -> None:
    with pytest.raises(QueryError) as refused:
        compile_tree(tree_of(case), Binder(), now=NOW)

    assert str(refused.value).splitlines()[0] == case.get("error", case.get("message"))
    assert refused.value.position == case["position"]


def test_what_differs_has_its_reason() -> None:
    told = [case["opensearch"] for case in (*LUCENE, *REFUSED) if "opensearch" in case]
    told += [case["differs"] for case in REFERENCE if "differs" in case]

    assert len(told) > 10
    assert [each for each in told if isinstance(each, dict) and not each["why"]] == []
