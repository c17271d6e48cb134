"""What every type of destination keeps to, over the wire: one suite for all that send by HTTP."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import pytest
import pytest_asyncio

from tailrace.deliver.tools import DestinationTools
from tailrace.destinations import check, load_catalog
from tailrace.destinations.api import Action, Delivered, Outcome, Rejected, Retry
from tailrace.destinations.sending import DETAIL_CHARACTERS_MAX
from tailrace.errors import SettingsError, TransientError
from tool_server import Answer, Request, ToolServer, event_json, loopback_tools

SECRET = "planted-secret-0123456789"
SHORT_S = 0.3
CATALOG = load_catalog().types
AT_AWS = {"firehose", "kinesis", "s3"}
"""They speak protocols of their own, to which other answers belong."""
NOT_BY_HTTP = {"clickhouse", "file", "kafka", "nats", "postgres", "redis-streams"}
SETTINGS: dict[str, dict[str, Any]] = {
    "aggregations-io": {"api_key": SECRET, "ingest_id": "abc"},
    "elasticsearch": {"index": "events", "api_key": SECRET, "manage_template": False},
    "slack": {},
    "tailrace": {"write_key": SECRET},
    "webhook": {"auth_value": f"Bearer {SECRET}", "shared_secret": SECRET, "batch_events_max": 10},
}


@dataclass(frozen=True, kw_only=True)
class Sending:
    """A type that sends to a server whose answers the test chooses."""

    action: Action
    settings: Any
    server: ToolServer
    tools: DestinationTools

    async def send(self, *message_ids: str) -> Sequence[Outcome]:
        field = fields(self.action.fields)[0]
        payloads = [
            self.action.fields(**{field.name: event_json(message_id)}) for message_id in message_ids
        ]
        return await self.action.send(payloads, self.settings, self.tools)

    async def send_most(self) -> Sequence[Outcome]:
        """Send as many events together as the type takes, three at most."""
        batching = self.action.batching(self.settings)
        count = 1 if batching is None else min(3, batching.events_max)
        return await self.send(*(f"m-{number}" for number in range(count)))


def accepting(request: Request) -> Answer:
    """Answer as the tool does that takes everything."""
    if request.path.startswith("/_bulk"):
        operations = [json.loads(line) for line in request.body.splitlines()[::2]]
        items = [{name: {"status": 201}} for each in operations for name in each]
        return Answer(body=json.dumps({"items": items}).encode())
    return Answer(body=b"ok")


@pytest_asyncio.fixture(params=sorted(SETTINGS))
async def sending(request: pytest.FixtureRequest) -> AsyncIterator[Sending]:
    kind = CATALOG[request.param]
    [action] = kind.actions
    with ToolServer(accepting).running() as server:
        given = {**SETTINGS[kind.slug], "timeout_s": 5.0}
        if kind.slug == "slack":
            given["webhook_url"] = f"{server.url}/services/{SECRET}"
        else:
            given["url"] = server.url
        async with loopback_tools() as tools:
            settings = check(kind, given).settings
            yield Sending(action=action, settings=settings, server=server, tools=tools)


def with_timeout(sending: Sending, timeout_s: float) -> Sending:
    values = {each.name: getattr(sending.settings, each.name) for each in fields(sending.settings)}
    settings = type(sending.settings)(**{**values, "timeout_s": timeout_s})
    return Sending(
        action=sending.action, settings=settings, server=sending.server, tools=sending.tools
    )


@contextmanager
def refused(kind: type[Exception]) -> Iterator[None]:
    """Expect an exception that tells no secret, in its causes neither."""
    with pytest.raises(kind) as caught:
        yield
    error: BaseException | None = caught.value
    assert str(error)
    while error is not None:
        assert SECRET not in repr(error)
        error = error.__cause__ or error.__context__


def answer(sending: Sending, **how: Any) -> None:
    sending.server.answer = lambda _: Answer(**how)


def test_every_type_that_can_send_is_in_this_suite_or_has_its_own() -> None:
    able = {slug for slug, kind in CATALOG.items() if kind.actions}

    assert able - AT_AWS == SETTINGS.keys() | NOT_BY_HTTP


def test_no_secret_is_in_the_repr_of_settings() -> None:
    for slug, given in SETTINGS.items():
        url = {"webhook_url" if slug == "slack" else "url": f"https://example.com/{SECRET}"}
        checked = check(CATALOG[slug], {**given, **url})
        public = {**checked.public, "url": ""}

        assert checked.secrets
        assert SECRET not in repr(checked.secrets)
        assert SECRET not in repr(public)


async def test_each_payload_has_its_outcome(sending: Sending) -> None:
    outcomes = await sending.send_most()

    batching = sending.action.batching(sending.settings)
    assert len(outcomes) == (3 if batching and batching.events_max > 1 else 1)
    assert all(isinstance(outcome, Delivered) for outcome in outcomes)
    [request] = sending.server.requests
    assert request.headers["user-agent"].startswith("Tailrace/")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_busy_tool_is_tried_again_when_it_says(sending: Sending, status: int) -> None:
    answer(sending, status=status, headers={"Retry-After": "7"}, body=b"busy")

    outcomes = await sending.send_most()

    assert {type(outcome) for outcome in outcomes} == {Retry}
    for outcome in outcomes:
        assert isinstance(outcome, Retry)
        assert outcome.after_s == 7.0
        assert outcome.status == status
        assert "busy" in outcome.detail
    assert SECRET not in repr(outcomes)


@pytest.mark.parametrize("status", [401, 403, 301, 308])
async def test_wrong_credentials_and_addresses_suspend(sending: Sending, status: int) -> None:
    answer(sending, status=status, headers={"Location": f"/{SECRET}"}, body=b"no")

    with refused(SettingsError):
        await sending.send_most()


async def test_what_is_refused_alone_is_rejected_with_the_reason(sending: Sending) -> None:
    answer(sending, status=422, body=b"what is this? " * 10_000)

    [outcome] = await sending.send("m-1")

    assert isinstance(outcome, Rejected)
    assert outcome.status == 422
    assert outcome.detail.startswith("what is this?")
    assert len(outcome.detail) <= DETAIL_CHARACTERS_MAX


async def test_a_refused_batch_is_not_given_up_whole(sending: Sending) -> None:
    answer(sending, status=413, body=b"too large")

    outcomes = await sending.send_most()

    batching = sending.action.batching(sending.settings)
    if len(outcomes) > 1:
        # Either way the engine goes on to smaller batches.
        assert batching is not None
        is_halved = not batching.answers_each
        assert {type(outcome) for outcome in outcomes} == {Rejected if is_halved else Retry}


@pytest.mark.parametrize("manner", ["reset", "half", "endless"])
async def test_without_a_whole_answer_nothing_is_known(sending: Sending, manner: str) -> None:
    answer(sending, manner=manner)

    with refused(TransientError):
        await sending.send_most()


@pytest.mark.parametrize("manner", ["held", "dripping"])
async def test_an_answer_that_does_not_end_is_not_waited_for(sending: Sending, manner: str) -> None:
    answer(sending, manner=manner)

    with refused(TransientError):
        await with_timeout(sending, SHORT_S).send_most()


async def test_nobody_listening_is_no_answer(sending: Sending) -> None:
    sending.server._server.shutdown()
    sending.server._server.server_close()

    with refused(TransientError):
        await sending.send_most()
