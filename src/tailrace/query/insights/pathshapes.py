"""Questions about paths and their answers: the exact JSON of the API."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from tailrace.query.insights.asking import Events, Question
from tailrace.query.insights.behind import PeopleLimit

STEPS_MAX: Final = 20
EDGES_MAX: Final = 500
RULES_MAX: Final = 50

ItemName = Annotated[str, Meta(min_length=1, max_length=1_000, description="An item, as cleaned.")]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How items are cleaned.

    Those that match the `wildcard` as a whole (`*` is any text) are called by `name`, or else by
    the wildcard. What the regular expression `regex` (RE2) finds in one becomes `name`, in which
    `\\\\1` is what its first parentheses found.
    """

    wildcard: Annotated[str, Meta(max_length=500)] | None = None
    regex: Annotated[str, Meta(max_length=500)] | None = None
    name: Annotated[str, Meta(max_length=500)] | None = None


class Paths(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask which way people go: what follows what within a session, step by step.

    A session ends where nothing happens for more than `gap_minutes`. `items` are the names of
    `events`, the `pages` and screens seen, or `both`; `only` narrows the events that count.
    `rules` clean them, one after the other, then those of `leave_out` (with `*` for any text) are
    left out and repeats with nothing in between are one. Of a session, `steps` items are looked at:
    from the first `start` on, up to the first `end`, or from the beginning. `weight` counts
    transitions or different people. Of the edges that weigh at least `weight_min` and at most
    `weight_max`, the heaviest are told.
    """

    items: Literal["events", "pages", "both"] = "events"
    only: Events = Events()
    rules: Annotated[list[Rule], Meta(max_length=RULES_MAX)] = []
    leave_out: Annotated[list[ItemName], Meta(max_length=100)] = []
    gap_minutes: Annotated[int, Meta(ge=1, le=1_440)] = 30
    steps: Annotated[int, Meta(ge=2, le=STEPS_MAX)] = 5
    start: ItemName | None = None
    end: ItemName | None = None
    weight: Literal["transitions", "people"] = "transitions"
    weight_min: Annotated[int, Meta(ge=1)] = 1
    weight_max: Annotated[int, Meta(ge=1)] | None = None
    edges_max: Annotated[int, Meta(ge=1, le=EDGES_MAX)] = 50


class PathsPeople(Paths, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for the people who had `item` at `step`, and `next` after it; `""` is the end."""

    step: Annotated[int, Meta(ge=1, le=STEPS_MAX, description="A step, from 1.")]
    item: ItemName
    next: Annotated[str, Meta(max_length=1_000)] | None = None
    limit: PeopleLimit = 100


class PathNode(msgspec.Struct, frozen=True, kw_only=True):
    """An item at a step: `weight` were there, `ended` of them went no further in the session."""

    step: int
    item: str
    weight: int
    ended: int


class PathEdge(msgspec.Struct, frozen=True, kw_only=True):
    """From an item at a step to an item at the next one; `mean_s` is how long that took."""

    step: int
    item: str
    next: str
    weight: int
    mean_s: float


class PathsResult(msgspec.Struct, frozen=True, kw_only=True):
    """The heaviest edges and the nodes that they join, in layers: an edge goes to the next step.

    `sessions` and `people` are those that have a path; `edges_left_out` edges are not told, as they
    weigh less, or not what was asked for.
    """

    nodes: list[PathNode]
    edges: list[PathEdge]
    edges_left_out: int
    sessions: int
    people: int
    definition: str
    took_ms: float
    notes: list[str]
