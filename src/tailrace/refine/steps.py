"""What happens to an event between the raw log and the events log: the steps, in order."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tailrace.config import CollectConfig, Config, RefineConfig, Source
from tailrace.event import Block
from tailrace.ledger import REFINED
from tailrace.log.contract import Count, Record
from tailrace.refine.aside import Aside
from tailrace.refine.context import read_context
from tailrace.refine.deduplicate import KnownIds, drop_duplicates
from tailrace.refine.draft import Draft
from tailrace.refine.enrich import enrich
from tailrace.refine.ids import assign_ids
from tailrace.refine.ip import apply_ip_setting
from tailrace.refine.merge import merge_envelope
from tailrace.refine.pack import pack
from tailrace.refine.split import split
from tailrace.refine.timestamps import correct_times
from tailrace.refine.validate import keep_valid


class Rules(NamedTuple):
    """The settings that refine obeys."""

    sources: Mapping[str, Source]
    collect: CollectConfig
    refine: RefineConfig


class Refined(NamedTuple):
    """What a number of raw records became; `counts` balance what they were accepted with.

    `reasons` counts the invalid events by reason code.
    """

    blocks: list[Block]
    counts: list[Count]
    reasons: Mapping[str, int]


def rules_of(config: Config) -> Rules:
    """Return the part of the settings that refine obeys."""
    return Rules(
        sources={source.slug: source for source in config.sources},
        collect=config.collect,
        refine=config.refine,
    )


def refine_calls(records: Sequence[Record], rules: Rules, known: KnownIds) -> Refined:
    """Return what the raw records become; changes nothing but the drafts it makes.

    Invariant: each accepted event ends as exactly one of refined, duplicate and invalid, whatever
    it contains. So a step either passes a draft on or puts it into `aside`, and raises for none.
    """
    aside = Aside()
    limits = rules.collect
    drafts = split(
        records,
        aside,
        sources=rules.sources,
        limits=limits,
        merge_bytes_max=rules.refine.block_bytes_max,
    )
    drafts = keep_valid(drafts, aside)
    drafts = merge_envelope(drafts, aside, event_bytes_max=limits.event_bytes_max)
    assign_ids(drafts)
    drafts = drop_duplicates(drafts, aside, known)
    correct_times(drafts)
    read_contexts(drafts)
    apply_ip_setting(drafts)
    enrich(drafts)
    blocks = pack(
        drafts,
        aside.rows,
        block_events_max=rules.refine.block_events_max,
        block_bytes_max=rules.refine.block_bytes_max,
    )
    return Refined(blocks, _counts(blocks, aside), aside.reasons)


def read_contexts(drafts: Sequence[Draft]) -> None:
    """Fill in `known`, which the steps after this one read."""
    for draft in drafts:
        draft.known = read_context(draft.context)


def _counts(blocks: Sequence[Block], aside: Aside) -> list[Count]:
    refined: dict[tuple[str, int], int] = {}
    for block in blocks:
        for source, minute, events in block.counts:
            refined[source, minute] = refined.get((source, minute), 0) + events
    counts = [Count(source, minute, REFINED, n) for (source, minute), n in refined.items()]
    counts += [Count(*key, events) for key, events in aside.counts.items()]
    return counts
