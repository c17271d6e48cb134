"""Slack: the text of a message, its pace, and a channel that is gone."""

import json
from dataclasses import replace

import pytest

from tailrace.destinations import check
from tailrace.destinations.api import Delivered, Rejected, Retry
from tailrace.destinations.slack import (
    DESTINATION,
    MESSAGE_EVERY_S,
    PACED,
    TEXT_CHARACTERS_MAX,
    ChatMessage,
    Settings,
    post_message,
    text_of,
)
from tailrace.errors import SettingsError
from tool_server import Answer, ToolServer, event_json, loopback_tools


def settings(url: str, **given: object) -> Settings:
    made: Settings = check(DESTINATION, {"webhook_url": f"{url}/services/x", **given}).settings
    return made


MESSAGE = ChatMessage(event=event_json("m-1"))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{event}} by {{userId}}", "Order Completed by u-1"),
        ("{{ properties.total }} EUR", "12.5 EUR"),
        ("{{context.library.name}}", "test"),
        ("{{context.library}}", '{"name":"test"}'),
        ("[{{nope}}{{properties.nope.deeper}}{{event.nope}}{{anonymousId}}]", "[]"),
        ("{{properties.note}}", "Zürich \u2028 &amp; &lt;b&gt;"),
        ("<!here> {not} {{}} }} {{event", "<!here> {not} {{}} }} {{event"),
    ],
)
def test_a_text_has_what_the_paths_lead_to(template: str, expected: str) -> None:
    assert text_of(template, MESSAGE.event) == expected


def test_an_event_cannot_call_the_whole_channel() -> None:
    event = event_json("m-1", event="<!channel> <https://evil.example|bank>")

    assert text_of("{{event}}", event) == "&lt;!channel&gt; &lt;https://evil.example|bank&gt;"


def test_a_long_text_is_cut() -> None:
    event = event_json("m-1", event="x" * 10_000)

    assert text_of("{{event}}", event) == "x" * TEXT_CHARACTERS_MAX


def test_paths_in_an_event_are_only_text() -> None:
    event = event_json("m-1", event="{{userId}}")

    assert text_of("{{event}}", event) == "{{userId}}"


async def test_a_message_is_posted_to_the_webhook() -> None:
    with ToolServer(lambda _: Answer(body=b"ok")).running() as server:
        async with loopback_tools() as tools:
            outcomes = await post_message([MESSAGE], settings(server.url), tools)

    assert outcomes == [Delivered(200)]
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/services/x")
    assert request.json() == {"text": "Order Completed by u-1"}


async def test_the_next_message_waits_for_its_second() -> None:
    with ToolServer(lambda _: Answer(body=b"ok")).running() as server:
        async with loopback_tools() as tools:
            await post_message([MESSAGE], settings(server.url), tools)
            [second] = await post_message([MESSAGE], settings(server.url), tools)

    assert isinstance(second, Retry)
    assert second.reason == PACED
    assert second.after_s is not None
    assert 0.0 < second.after_s <= MESSAGE_EVERY_S
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (410, b"channel_is_archived"),
        (404, b"channel_not_found"),
        (404, b""),
        (400, b"no_active_hooks"),
        (403, b"action_prohibited"),
    ],
)
async def test_a_channel_that_is_gone_suspends(status: int, body: bytes) -> None:
    with ToolServer(lambda _: Answer(status=status, body=body)).running() as server:
        async with loopback_tools() as tools:
            with pytest.raises(SettingsError, match="change webhook_url"):
                await post_message([MESSAGE], settings(server.url), tools)


async def test_a_text_that_slack_refuses_is_rejected() -> None:
    with ToolServer(lambda _: Answer(status=400, body=b"no_text")).running() as server:
        async with loopback_tools() as tools:
            outcomes = await post_message([MESSAGE], settings(server.url, text="{{nope}}"), tools)

    assert outcomes == [Rejected("http-400", "no_text", 400)]


@pytest.mark.parametrize(
    "url",
    [
        "hooks.slack.com/services/x",
        "ftp://hooks.slack.com/x",
        "https://user:pw@hooks.slack.com/x",
        "https://hooks.slack.org",
        "https://hooks.slack.com:99999/x",
        "https://hooks.slack.com/a b",
        "https://hooks.slack.com/x#y",
    ],
)
def test_what_is_no_address_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(SettingsError, match="webhook_url") as refused:
        check(DESTINATION, {"webhook_url": url})

    assert url not in str(refused.value)


def test_the_webhook_is_a_secret_and_messages_go_one_by_one() -> None:
    found = settings("https://hooks.slack.com", text="x")
    [action] = DESTINATION.actions

    batching = action.batching(found)

    assert "hooks.slack.com" not in repr(replace(found, text="y"))
    assert batching is not None
    assert (batching.events_max, batching.lanes) == (1, 1)
    assert action.trigger == 'type = "track"'


async def test_a_mapping_may_say_the_text_and_calls_nobody() -> None:
    message = ChatMessage(event=event_json("m-1"), text="Total {{x}} <!channel> & more")
    with ToolServer(lambda _: Answer(body=b"ok")).running() as server:
        async with loopback_tools() as tools:
            outcomes = await post_message([message], settings(server.url), tools)

    assert outcomes == [Delivered(200)]
    [request] = server.requests
    assert json.loads(request.body) == {"text": "Total {{x}} &lt;!channel&gt; &amp; more"}
