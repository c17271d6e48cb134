"""What types say of their actions, and whether their presets can be saved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest

from tailrace.control.destination_filters import SubscriptionDraft, kept_subscriptions
from tailrace.deliver.previewing import Draft, preview
from tailrace.destinations import api, load_catalog
from tailrace.destinations.describing import ActionBatching, described, presets_of

CATALOG = load_catalog().types
DOCS = Path(__file__).parents[3] / "docs"
EVENTS: Sequence[Mapping[str, object]] = (
    {
        "type": "track",
        "event": "Order Completed",
        "userId": "u-1",
        "properties": {
            "order_id": "o-1",
            "total": 79.9,
            "currency": "EUR",
            "products": [{"product_id": "p-1", "name": "Cup", "quantity": 2}],
        },
    },
    {"type": "track", "event": "Signed Up", "userId": "u-1"},
    {"type": "identify", "userId": "u-1", "traits": {"email": "ann@example.com"}},
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    size: Annotated[int, api.Setting("How many go together.")]
    wait_s: Annotated[float, api.Setting("How long to wait.")] = 2.0


@dataclass(frozen=True, kw_only=True)
class Row:
    user_id: Annotated[str, api.Mapped("Who.", default={"@path": "$.userId"})]
    mood: Annotated[
        str, api.Mapped("How they are.", label="Mood of the day", choices=("good", "bad"))
    ] = "good"
    tags: Annotated[Sequence[str] | None, api.Mapped("Tags.")] = None


async def nothing(_: Sequence[Any], __: Any, ___: api.Tools) -> Sequence[api.Outcome]:
    return []


def of(**action: Any) -> api.Destination:
    made = api.Action(
        slug="put", name="Put", description="Puts.", fields=Row, send=nothing, **action
    )
    return api.Destination(
        slug="made", name="Made", description="", settings=Settings, actions=(made,)
    )


@pytest.mark.parametrize("slug", sorted(CATALOG))
def test_a_type_describes_what_it_does(slug: str) -> None:
    found = described(CATALOG[slug])

    assert (DOCS / found.docs).is_file()
    assert found.actions
    for action in found.actions:
        assert action.fields
        assert all(each.description and each.label for each in action.fields)
    msgspec.json.encode(found)


@pytest.mark.parametrize("slug", sorted(CATALOG))
def test_every_preset_can_be_saved_and_is_for_some_event(slug: str) -> None:
    kind = CATALOG[slug]
    presets = presets_of(kind)
    drafts = [
        SubscriptionDraft(
            slug=each.slug,
            name=each.name,
            action=each.action,
            trigger=each.trigger,
            mapping=dict(each.mapping),
        )
        for each in presets
    ]

    kept = kept_subscriptions(drafts, kind)

    assert len({each.name for each in presets}) == len(presets)
    assert all(each.description for each in presets)
    draft = Draft(type=kind, slug=slug, subscriptions=kept)
    made = [preview(draft, event) for event in EVENTS]
    for one_preset in zip(*made, strict=True):
        outcomes = {each.outcome for each in one_preset}
        assert "sent" in outcomes, one_preset
        assert "rejected" not in outcomes, one_preset


def test_an_action_is_a_preset_as_it_is_by_default() -> None:
    first = described(CATALOG["slack"]).presets[0]

    assert (first.slug, first.trigger, first.mapping) == ("post", 'type = "track"', {})


def test_fields_say_what_they_take() -> None:
    [action] = described(of()).actions

    user, mood, tags = action.fields
    assert (user.name, user.label, user.required) == ("user_id", "User id", True)
    assert user.default == {"@path": "$.userId"}
    assert (mood.label, mood.choices, mood.required) == ("Mood of the day", ["good", "bad"], False)
    assert (tags.type, tags.multiple) == ("string", True)


def test_batching_is_that_of_the_defaults() -> None:
    by_default = of(batching=lambda s: api.Batching(events_max=5, bytes_max=9, age_s=s.wait_s))
    by_setting = of(batching=lambda s: api.Batching(events_max=s.size, bytes_max=9))

    assert described(by_default).actions[0].batching == ActionBatching(
        events_max=5, bytes_max=9, age_s=2.0
    )
    assert described(by_setting).actions[0].batching is None
    assert described(CATALOG["webhook"]).actions[0].batching is None


def test_a_text_outside_the_choices_is_rejected() -> None:
    subscription = {"slug": "a", "action": "put", "trigger": "all", "mapping": {"mood": "odd"}}

    draft = Draft(type=of(), slug="made", subscriptions=[subscription])

    [found] = preview(draft, EVENTS[0])

    assert found.outcome == "rejected"
    assert "good, bad" in found.reason
