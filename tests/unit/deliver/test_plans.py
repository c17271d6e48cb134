"""What a destination gets of an event, and what its subscriptions make of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest

from tailrace.deliver.blocks import Entry
from tailrace.deliver.plans import (
    CONSENT,
    DISABLED,
    INTEGRATIONS,
    NO_MATCH,
    NO_SOURCE,
    Plan,
    Target,
    plans_of,
    refusal,
)
from tailrace.deliver.sights import Asked, screen_of
from tailrace.destinations import Destination, load_catalog
from tailrace.destinations import api as contract
from tailrace.destinations.payloads import payload_fields
from tailrace.errors import SettingsError
from tailrace.filters import compile_filter
from tailrace.mappings import MappingFailedError

EVENT: dict[str, Any] = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "m-1",
    "timestamp": "2026-11-21T09:30:00.000Z",
    "receivedAt": "2026-11-21T09:30:00.000Z",
    "userId": "u-1",
    "anonymousId": None,
    "properties": {"total": "30", "email": "ann@example.com", "tags": ["a"]},
    "context": {"ip": "10.0.0.1"},
    "integrations": {},
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A payload of several fields."""

    total: Annotated[float, contract.Mapped("Sum.", default={"@path": "$.properties.total"})]
    name: Annotated[str, contract.Mapped("What.", default={"@path": "$.event"})] = "unnamed"
    tags: Annotated[
        Sequence[str] | None, contract.Mapped("Tags.", default={"@path": "$.properties.tags"})
    ] = None
    extra: Annotated[Mapping[str, Any] | None, contract.Mapped("More.")] = None
    source: Annotated[str, contract.SourceSlug()]


@dataclass(frozen=True, kw_only=True)
class NoSettings:
    """Nothing to set."""


async def send_nothing(*_: Any) -> Sequence[contract.Outcome]:
    """Answer nothing, as nothing is sent here."""
    return []


ROWS = Destination(
    slug="rows",
    name="Rows",
    description="Rows.",
    settings=NoSettings,
    actions=(
        contract.Action(
            slug="insert", name="Insert", description="Inserts.", fields=Row, send=send_nothing
        ),
    ),
)
WEBHOOK = load_catalog().types["webhook"]


def entry_of(**changes: object) -> Entry:
    return Entry.of(msgspec.json.encode({**EVENT, **changes}), "shop", 0)


def subscription(**changes: object) -> dict[str, Any]:
    return {"slug": "s", "action": "send", "name": "", "trigger": "all", "mapping": {}, **changes}


def plan_of(kind: Destination = WEBHOOK, *, filters: Any = (), **changes: object) -> Plan:
    action = kind.actions[0].slug
    target = Target(
        slug="t",
        version=1,
        type=kind,
        settings=None,
        filters=filters,
        subscriptions=[subscription(action=action, **changes)],
    )
    [plan] = plans_of(target, is_batching=False)
    return plan


def drop(text: str, **fields: object) -> dict[str, Any]:
    return {"if": text, "actions": [{"type": "DROP"}], **fields}


def hide(text: str, **fields: list[str]) -> dict[str, Any]:
    return {"if": text, "actions": [{"type": "DROP_PROPERTIES", "fields": fields}]}


def is_decoded(entry: Entry) -> bool:
    return entry._event is not None


def test_without_subscriptions_there_is_one_to_each_action_with_its_trigger() -> None:
    slack = load_catalog().types["slack"]
    target = Target(slug="t", version=1, type=slack, settings=None)

    [plan] = plans_of(target, is_batching=False)

    assert (plan.slug, plan.name) == ("post", "Post")
    assert plan.refusal(entry_of()) == ""
    assert plan.refusal(entry_of(type="identify")) == NO_MATCH


def test_the_whole_event_is_passed_on_as_its_bytes_and_never_decoded() -> None:
    plan = plan_of(trigger='type = "track" and event = "Order Completed"')
    entry = entry_of()

    assert plan.refusal(entry) == ""
    payload = plan.make(entry)

    assert payload.data is entry.body
    assert not is_decoded(entry)


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        ("all", ""),
        ('type = "track"', ""),
        ('type = "page"', NO_MATCH),
        ('event = "Order Refunded"', NO_MATCH),
        ('userId = "u-1"', ""),
        ("userId = null", NO_MATCH),
        ('contains(event, "Order")', ""),
        ('properties.total = "30"', ""),
        ("properties.total = 30", NO_MATCH),
        ("context.ip != null", ""),
        ('name = "x"', NO_MATCH),
    ],
)
def test_a_trigger_chooses_events(trigger: str, why: str) -> None:
    assert plan_of(trigger=trigger).refusal(entry_of()) == why


def test_a_trigger_of_another_type_does_not_decode_the_event() -> None:
    plan = plan_of(trigger='type = "page" and properties.total = "30"')
    entry = entry_of()

    assert plan.refusal(entry) == NO_MATCH
    assert not is_decoded(entry)


def test_a_disabled_subscription_takes_nothing() -> None:
    assert plan_of(enabled=False).refusal(entry_of()) == DISABLED


def test_a_filter_that_drops_says_its_title_or_its_number() -> None:
    titled = screen_of([drop('event = "Other"'), drop("properties.total > 5", title="Dear")])
    numbered = screen_of([drop("type = 'page'"), drop("type = 'track'")])

    assert titled.seen(entry_of(properties={"total": 30}))[1] == "filter: Dear"
    assert titled.seen(entry_of(properties={"total": 3}))[1] == ""
    assert numbered.seen(entry_of())[1] == "filter: 2"


def test_a_filter_that_cannot_be_decided_lets_nothing_through() -> None:
    screen = screen_of([drop("contains(properties.total, 'x')", title="Odd")])

    assert screen.seen(entry_of(properties={"total": 3}))[1] == "filter failed: Odd"


def test_a_disabled_filter_does_nothing() -> None:
    entry = entry_of()

    assert screen_of([drop("all", enabled=False)]).seen(entry) == (entry, "")


def test_what_a_filter_hides_is_gone_from_trigger_mapping_and_body_of_this_destination() -> None:
    plan = plan_of(
        filters=[hide("type = 'track'", properties=["email"], context=["ip"])],
        trigger="properties.email != null",
    )
    mapped = plan_of(
        filters=[hide("type = 'track'", properties=["email"])],
        mapping={"data": {"@merge": {"objects": [{"@path": "$.properties"}], "direction": "left"}}},
    )
    entry = entry_of()

    sight, refused = plan.screen.seen(entry)

    assert refused == ""
    assert plan.refusal(sight) == NO_MATCH
    assert b"ann@example.com" not in plan.make(sight).data
    assert b"10.0.0.1" not in plan.build(entry).data
    assert msgspec.json.decode(mapped.build(entry).data) == {"total": "30", "tags": ["a"]}
    assert entry.event == EVENT
    assert b"ann@example.com" in entry.body


def test_an_event_that_was_accepted_before_is_hidden_from_but_not_dropped() -> None:
    plan = plan_of(filters=[drop("all"), hide("all", properties=["email"])])

    payload = plan.build(entry_of())

    assert b"ann@example.com" not in payload.data
    assert b"Order Completed" in payload.data


def test_an_accepted_event_is_not_sent_where_it_cannot_be_said_what_is_hidden() -> None:
    plan = plan_of(filters=[hide("contains(properties.total, 'x')", properties=["email"])])

    with pytest.raises(MappingFailedError, match="cannot be decided"):
        plan.build(entry_of(properties={"total": 3, "email": "ann@example.com"}))


def test_a_sample_by_chance_asks_the_chance_and_one_by_a_value_asks_the_value() -> None:
    chances = iter([0.1, 0.9])
    sample: dict[str, Any] = {"type": "SAMPLE", "percent": 0.5}
    by_chance = screen_of(
        [{"if": "all", "actions": [sample], "title": "Half"}], random=lambda: next(chances)
    )
    by_user = screen_of([{"if": "all", "actions": [{**sample, "path": "userId"}]}])
    users = [entry_of(userId=f"u-{number}") for number in range(200)]

    assert [by_chance.seen(entry_of())[1] for _ in range(2)] == ["", "filter: Half"]
    kept = [by_user.seen(each)[1] for each in users]
    assert 60 < kept.count("") < 140
    assert [by_user.seen(each)[1] for each in users] == kept


def test_a_payload_of_several_fields_is_fitted_to_them() -> None:
    made = plan_of(ROWS, mapping={"extra": {"who": {"@path": "$.userId"}}}).make(entry_of())

    assert made == Row(
        total=30, name="Order Completed", tags=["a"], extra={"who": "u-1"}, source="shop"
    )


def test_a_field_without_a_value_has_its_default_and_a_needed_one_rejects_the_event() -> None:
    plan = plan_of(ROWS)

    made = plan.make(entry_of(event="", properties={"total": 1}))

    assert (made.name, made.tags, made.extra) == ("unnamed", None, None)
    with pytest.raises(MappingFailedError, match="total: is required and has no value"):
        plan.make(entry_of(properties={}))
    with pytest.raises(MappingFailedError, match="total: is 'much'; expected a number"):
        plan.make(entry_of(properties={"total": "much"}))


def test_a_mapping_that_gives_nothing_for_a_needed_json_field_rejects_the_event() -> None:
    plan = plan_of(mapping={"data": {"@path": "$.properties.order"}})

    with pytest.raises(MappingFailedError, match="data: is required"):
        plan.make(entry_of())
    assert plan.make(entry_of(properties={"order": {"id": 7}})).data == b'{"id":7}'


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "fax"},
        {"trigger": "type ="},
        {"trigger": "properties.total in [1]"},
        {"mapping": {"data": {"@lqd": "x"}}},
    ],
)
def test_what_this_release_does_not_understand_suspends_the_destination(
    changes: dict[str, Any],
) -> None:
    target = Target(
        slug="t", version=1, type=WEBHOOK, settings=None, subscriptions=[subscription(**changes)]
    )

    with pytest.raises(SettingsError):
        plans_of(target, is_batching=False)


def test_a_filter_that_this_release_does_not_understand_suspends_the_destination() -> None:
    with pytest.raises(SettingsError, match=r"filters\[0\]"):
        screen_of([drop("type =")])


def test_sources_and_the_integrations_object_come_before_filters() -> None:
    target = Target(slug="t", version=1, type=WEBHOOK, settings=None, sources=frozenset({"app"}))
    everywhere = Target(slug="t", version=1, type=WEBHOOK, settings=None)

    assert refusal(target, entry_of()) == NO_SOURCE
    assert refusal(everywhere, entry_of(integrations={"All": False})) == INTEGRATIONS
    assert refusal(everywhere, entry_of(integrations={"All": False, "t": True})) == ""


def test_consent_comes_after_integrations_and_before_filters() -> None:
    target = Target(
        slug="t",
        version=1,
        type=WEBHOOK,
        settings=None,
        filters=[drop("all")],
        consent_categories=["Marketing"],
    )
    refused = {"consent": {"categoryPreferences": {"Marketing": False}}}
    agreed = {"consent": {"categoryPreferences": {"Marketing": True}}}

    assert refusal(target, entry_of(context=refused, integrations={"All": False})) == INTEGRATIONS
    assert refusal(target, entry_of(context=refused)) == CONSENT
    assert refusal(target, entry_of(context=agreed)) == ""
    assert refusal(target, entry_of()) == ""


@pytest.mark.parametrize("slug", ["clickhouse", "postgres"])
def test_a_warehouse_goes_by_warehouses(slug: str) -> None:
    target = Target(slug="w1", version=1, type=load_catalog().types[slug], settings=None)
    named = {"All": False, "Warehouses": {"warehouseIds": ["w1"]}}

    assert refusal(target, entry_of(integrations={"All": False})) == ""
    assert refusal(target, entry_of(integrations={"Warehouses": {"all": False}})) == INTEGRATIONS
    assert refusal(target, entry_of(integrations=named)) == ""


@pytest.mark.parametrize(
    ("text", "needs_event"),
    [
        ("all", False),
        ("type = 'track' or event = 'x'", False),
        ("length(userId) < 1", False),
        ("userId in ['a', messageId]", False),
        ("event.name = 'x'", True),
        ("!(context.ip = null)", True),
        ("typeof(anonymousId) = 'null'", True),
    ],
)
def test_it_is_known_which_filters_need_the_whole_event(text: str, *, needs_event: bool) -> None:
    assert Asked.of(compile_filter(text)).needs_event is needs_event


def test_a_payload_whose_field_says_nothing_is_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Silent:
        text: str

    with pytest.raises(TypeError, match="'text' has no Mapped"):
        payload_fields(Silent)
