"""Dry runs over blocks, and what a preview tells of each step, without a server."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pytest

from tailrace.deliver.dry_run import OTHER_REASONS, REASONS_MAX, RUN_S_MAX, DryRun, dry_run
from tailrace.deliver.previewing import Draft, left_out, preview
from tailrace.destinations import api, load_catalog
from tailrace.event import Block

CATALOG = load_catalog().types
WEBHOOK = CATALOG["webhook"]


@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """Nothing to set."""


@dataclass(frozen=True, kw_only=True)
class Row:
    total: Annotated[float, api.Mapped("Sum.", default={"@path": "$.properties.total"})]


async def send_nothing(*_: Any) -> Sequence[api.Outcome]:
    return []


ROWS = api.Destination(
    slug="rows",
    name="Rows",
    description="Rows.",
    settings=NoSettings,
    actions=(
        api.Action(
            slug="insert", name="Insert", description="Inserts.", fields=Row, send=send_nothing
        ),
    ),
)


def line(number: int, **changes: object) -> dict[str, object]:
    at = f"2026-11-21T09:30:{number % 60:02d}.000000Z"
    return {
        "message_id": f"m-{number}",
        "type": "track",
        "event": "Order Completed",
        "source": "web-shop",
        "timestamp": at,
        "received_at": at,
        "properties": {"total": number, "email": "ann@example.com"},
        "traits": {},
        "context": {"ip": "10.0.0.1"},
        "integrations": {},
        "raw_partition": 0,
        "raw_offset": 0,
        "raw_index": number,
        **changes,
    }


def block(*lines: Mapping[str, object]) -> Block:
    text = "\n".join(json.dumps(each) for each in lines).encode()
    return Block(1, [], b"", (0, 0), len(lines), text, 0, b"")


def run(draft: Draft, *lines: Mapping[str, object], events: int = 100) -> DryRun:
    return dry_run(draft, [block(*lines)], events_max=events, samples_max=2)


def drop(text: str, title: str = "") -> dict[str, Any]:
    return {"if": text, "actions": [{"type": "DROP"}], "title": title}


def test_each_step_is_counted_and_shown() -> None:
    draft = Draft(
        type=WEBHOOK,
        slug="hook",
        sources=["web-shop"],
        consent_categories=["Marketing"],
        filters=[drop("properties.total = 2", "No twos")],
        subscriptions=[
            {"slug": "a", "action": "send", "trigger": 'event = "Order Completed"'},
            {"slug": "off", "action": "send", "trigger": "all", "enabled": False},
        ],
    )
    refuses = {"consent": {"categoryPreferences": {"Marketing": False}}}

    found = run(
        draft,
        line(1),
        line(2),
        line(3, source="app"),
        line(4, integrations={"All": False}),
        line(5, context=refuses),
        line(6, event="Cart Viewed"),
        line(7),
    )

    assert (found.events, found.is_complete) == (7, True)
    assert (found.oldest_at, found.newest_at) == (
        "2026-11-21T09:30:01.000Z",
        "2026-11-21T09:30:07.000Z",
    )
    first, off = found.subscriptions
    assert (first.sent, first.filtered, first.rejected) == (2, 5, 0)
    assert {(each.step, each.reason): each.events for each in first.reasons} == {
        ("", ""): 2,
        ("sources", "source not connected"): 1,
        ("integrations", "integrations"): 1,
        ("consent", "consent"): 1,
        ("filters", "filter: No twos"): 1,
        ("trigger", "not subscribed"): 1,
    }
    sent = first.reasons[0]
    assert [each.message_id for each in sent.samples] == ["m-7", "m-1"]
    assert sent.samples[0].payload is not None
    assert sent.samples[0].payload["data"]["properties"]["total"] == 7
    assert ("subscription", "subscription disabled") in {
        (each.step, each.reason) for each in off.reasons
    }


def test_only_the_newest_events_are_looked_at() -> None:
    found = run(Draft(type=WEBHOOK, slug="hook"), *(line(number) for number in range(9)), events=3)

    [only] = found.subscriptions
    assert (found.events, only.sent, found.oldest_at) == (3, 3, "2026-11-21T09:30:06.000Z")


def test_without_events_there_is_nothing_to_tell() -> None:
    found = run(Draft(type=WEBHOOK, slug="hook"))

    assert (found.events, found.oldest_at, found.is_complete) == (0, None, True)
    assert [each.reasons for each in found.subscriptions] == [[]]


def test_rejected_events_of_one_field_are_one_reason_with_their_problems() -> None:
    lines = [line(number, properties={"total": f"x{number}"}) for number in range(3)]

    [only] = run(Draft(type=ROWS, slug="rows"), *lines, line(9)).subscriptions

    assert (only.sent, only.rejected) == (1, 3)
    reason = only.reasons[0]
    assert (reason.step, reason.reason, reason.events) == ("mapping", "mapping: total", 3)
    problems = [each.problems[0] for each in reason.samples]
    assert [each.field for each in problems] == ["total", "total"]
    assert [each.message for each in problems] == [
        "is 'x2'; expected a number",
        "is 'x1'; expected a number",
    ]


def test_batches_are_as_many_as_the_bounds_of_the_settings_make() -> None:
    lines = [line(number) for number in range(25)]
    one_by_one = Draft(type=WEBHOOK, slug="hook")
    in_tens = Draft(type=WEBHOOK, slug="hook", settings={"batch_events_max": 10})
    action = replace(ROWS.actions[0], batching=lambda settings: settings.missing)
    unknown = Draft(type=replace(ROWS, actions=(action,)), slug="rows")

    assert run(one_by_one, *lines).subscriptions[0].batches == 25
    assert run(in_tens, *lines).subscriptions[0].batches == 3
    assert run(unknown, *lines).subscriptions[0].batches is None


def test_bytes_are_those_of_the_payloads() -> None:
    mapping = {"data": {"n": {"@path": "$.properties.total"}}}
    draft = Draft(
        type=WEBHOOK,
        slug="hook",
        subscriptions=[{"slug": "a", "action": "send", "trigger": "all", "mapping": mapping}],
    )

    [only] = run(draft, line(1), line(22)).subscriptions

    assert (only.payload_bytes, only.payload_bytes_max) == (len('{"n":1}{"n":22}'), 8)


def test_a_run_ends_in_time_and_says_so() -> None:
    clock = itertools.count(0.0, RUN_S_MAX / 10)
    lines = [line(number) for number in range(100)]

    found = dry_run(
        Draft(type=WEBHOOK, slug="hook"),
        [block(*lines)],
        events_max=100,
        samples_max=0,
        monotonic=lambda: next(clock),
    )

    assert not found.is_complete
    assert 0 < found.events < 100


def test_reasons_are_bounded() -> None:
    mapping = {"data": {"@path": {"@path": "$.event"}}}
    subscriptions = [
        {"slug": "a", "action": "send", "trigger": "all", "mapping": mapping},
    ]
    filters = [
        drop(f"properties.total = {number}", f"No {number}") for number in range(REASONS_MAX)
    ]
    draft = Draft(type=WEBHOOK, slug="hook", filters=filters, subscriptions=subscriptions)
    lines = [line(number) for number in range(REASONS_MAX)]

    [only] = run(draft, *lines, line(60, event="nothing"), line(61, event="userId")).subscriptions

    assert len(only.reasons) <= REASONS_MAX + 1
    assert sum(each.events for each in only.reasons) == REASONS_MAX + 2
    assert OTHER_REASONS in {each.reason for each in only.reasons}


def test_payloads_that_are_too_long_to_show_are_left_out() -> None:
    lines = [line(number, properties={"text": "x" * 300_000}) for number in range(3)]
    draft = Draft(
        type=WEBHOOK,
        slug="hook",
        subscriptions=[
            {"slug": slug, "action": "send", "trigger": "all", "mapping": {}} for slug in "abc"
        ],
    )

    found = run(draft, *lines)

    shown = [
        sample.payload
        for each in found.subscriptions
        for reason in each.reasons
        for sample in reason.samples
    ]
    assert len(shown) == 6
    assert sum(payload is not None for payload in shown) == 3


def test_a_preview_names_what_filters_leave_out() -> None:
    hide = {
        "if": "all",
        "actions": [
            {
                "type": "DROP_PROPERTIES",
                "fields": {"context": ["ip"], "properties.items": ["price"], "": ["userId"]},
            }
        ],
    }
    event = {
        "type": "track",
        "event": "x",
        "userId": "u",
        "context": {"ip": "10.0.0.1", "page": {"url": "/"}},
        "properties": {"items": [{"price": 1, "n": 1}, {"n": 2}, {"price": 3}]},
    }

    [found] = preview(Draft(type=WEBHOOK, slug="hook", filters=[hide]), event)

    assert found.left_out == [
        "context.ip",
        "properties.items[0].price",
        "properties.items[2].price",
        "userId",
    ]
    assert found.payload is not None
    assert found.payload["data"]["context"] == {"page": {"url": "/"}}


def test_a_preview_asks_the_sources_only_where_one_is_named() -> None:
    draft = Draft(type=WEBHOOK, slug="hook", sources=["app"])
    event = {"type": "track", "event": "x"}

    [of_any] = preview(draft, event)
    [of_other] = preview(draft, event, source="web-shop")
    [of_app] = preview(draft, event, source="app")

    assert [each.step for each in (of_any, of_other, of_app)] == ["", "sources", ""]


def test_a_preview_says_which_field_is_wrong() -> None:
    [found] = preview(
        Draft(type=ROWS, slug="rows"), {"type": "track", "event": "x", "properties": {}}
    )

    assert (found.outcome, found.step) == ("rejected", "mapping")
    assert [(each.field, each.message) for each in found.problems] == [
        ("total", "is required and has no value")
    ]


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": {"c": 2}}, {"b": {}}, ["a", "b.c"]),
        ({"a": [{"b": 1}, 2]}, {"a": [{}, 2]}, ["a[0].b"]),
        ({str(n): n for n in range(200)}, {}, sorted(str(n) for n in range(200))[:100]),
    ],
)
def test_what_is_left_out_is_told_by_its_path(before: Any, after: Any, paths: list[str]) -> None:
    assert left_out(before, after) == paths
