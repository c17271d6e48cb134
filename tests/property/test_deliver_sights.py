"""Short cuts of filters and triggers never change what they decide."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tailrace.deliver.blocks import Entry
from tailrace.deliver.sights import is_triggered, screen_of, trigger_of
from tailrace.filters import apply_filters, compile_trigger, read_filter

CONDITIONS = (
    *('type = "track"', 'type != "page"', 'event = "a"', "event = null", 'name != "a"'),
    *("userId = null", 'userId = "1"', 'contains(event, "a")', '!match(name, "a*")'),
    *("properties.n > 1", "properties.n = null", 'context.a = "a"', 'traits.a != "a"'),
)
FULL_CONDITIONS = (
    *CONDITIONS,
    *('type in ["track", "page"]', "length(userId) < 1", 'typeof(event) = "null"'),
    *('!(type = "track")', 'messageId = "m"', "!properties.yes", "false"),
)


def joined(conditions: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda word, parts: f" {word} ".join(parts),
        st.sampled_from(["and", "or"]),
        st.lists(st.sampled_from(conditions), min_size=1, max_size=3),
    )


texts = st.sampled_from(["", "a", "ab", "1"])
events = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]),
        "messageId": st.just("m"),
        "timestamp": st.just("2026-11-21T09:30:00.000Z"),
        "receivedAt": st.just("2026-11-21T09:30:00.000Z"),
        "userId": st.none() | texts.filter(bool),
        "anonymousId": st.none(),
        "context": st.sampled_from([{}, {"a": "a"}]),
        "integrations": st.just({}),
    },
    optional={
        "event": texts.filter(bool),
        "name": texts.filter(bool),
        "properties": st.sampled_from([{}, {"n": 2}, {"yes": True}]),
        "traits": st.sampled_from([{}, {"a": "a"}]),
    },
)


def entry_of(event: dict[str, Any]) -> Entry:
    return Entry.of(msgspec.json.encode(event), "shop", 0)


@given(text=joined(CONDITIONS), event=events)
def test_a_trigger_decides_as_it_would_of_the_whole_event(text: str, event: dict[str, Any]) -> None:
    decided = is_triggered(trigger_of(text, where="here"), entry_of(event))

    assert decided is compile_trigger(text).matches(event)


@given(
    filters=st.lists(
        st.builds(
            lambda text, action: {"if": text, "actions": [action]},
            joined(FULL_CONDITIONS) | st.just("all"),
            st.sampled_from(
                [
                    {"type": "DROP"},
                    {"type": "SAMPLE", "percent": 0.5, "path": "userId"},
                    {"type": "DROP_PROPERTIES", "fields": {"": ["event"], "context": ["a"]}},
                    {"type": "ALLOW_PROPERTIES", "fields": {"properties": ["yes"]}},
                ]
            ),
        ),
        max_size=3,
    ),
    event=events,
)
def test_filters_leave_what_they_would_of_the_whole_event(
    filters: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    applied = apply_filters([read_filter(each) for each in filters], event)

    sight, refused = screen_of(filters).seen(entry_of(event))

    assert bool(refused) is (applied.event is None)
    if applied.event is not None:
        assert sight.event == applied.event
        assert msgspec.json.decode(sight.body) == applied.event
