"""Indexes events: the template first, then documents by `_bulk`, then what is kept beside."""

from collections.abc import Sequence
from typing import Final

from tailrace.destinations import api
from tailrace.destinations.elasticsearch import template
from tailrace.destinations.elasticsearch.backup import backed_up
from tailrace.destinations.elasticsearch.bulk import NO_OBJECT, answered, placed
from tailrace.destinations.elasticsearch.checks import check
from tailrace.destinations.elasticsearch.settings import Document, Settings

BATCH_EVENTS_MAX: Final = 500
BATCH_BYTES_MAX: Final = 5_000_000
BATCH_AGE_S: Final = 1.0


async def index(
    documents: Sequence[Document], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Index documents by one call of `_bulk`; the cluster answers for each."""
    await template.put(settings, tools)
    places = [placed(document.source, settings) for document in documents]
    good = [place for place in places if place is not None]
    answers = iter(await answered(good, settings, tools) if good else ())
    outcomes = [NO_OBJECT if place is None else next(answers) for place in places]
    if settings.backup == "none":
        return outcomes
    return await backed_up(documents, places, outcomes, settings, tools)


INDEX = api.Action(
    slug="index",
    name="Index",
    description="Indexes the event as a document whose id is the event's messageId.",
    fields=Document,
    send=index,
    batching=lambda _: api.Batching(
        events_max=BATCH_EVENTS_MAX, bytes_max=BATCH_BYTES_MAX, age_s=BATCH_AGE_S, lanes=2
    ),
)
DESTINATION = api.Destination(
    slug="elasticsearch",
    name="Elasticsearch or OpenSearch",
    description="Indexes each event as a document of an Elasticsearch or OpenSearch cluster.",
    settings=Settings,
    actions=(INDEX,),
    check=check,
)
