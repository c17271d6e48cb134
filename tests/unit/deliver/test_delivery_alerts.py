"""Delivery alerts: when they fire, what people are told, and that they are told once."""

import hmac
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tailrace.config import Config, ControlConfig, DeliverConfig, Secret
from tailrace.control.delivery_alert_rules import AlertConditions
from tailrace.control.document import (
    DocumentAlert,
    DocumentDestination,
    DocumentNotify,
    Workspace,
)
from tailrace.control.vault import Vault, alert_place
from tailrace.deliver.alert_conditions import Stand, reasons, seen_of
from tailrace.deliver.alert_state import AlertStanding, Seen, alerts_path, standings
from tailrace.deliver.alerts import GIVEN_UP_S, Alerting, AlertTesting
from tailrace.deliver.outcomes import Failure, Out, Step
from tailrace.deliver.state import State
from tailrace.destinations import load_catalog
from tailrace.testing import MemoryLog
from tool_server import Answer, ToolServer

KEY = bytes(range(32))
VAULT = Vault([KEY])
CATALOG = load_catalog()
SECRET = "planted-signing-secret"
PATH = "/planted/path"


def alert(url: str, *, kind: str = "webhook", **fields: Any) -> DocumentAlert:
    secrets = {"ops.url": url + PATH} | ({"ops.secret": SECRET} if kind == "webhook" else {})
    given = {"slug": "on-call", "version": 1, "when": {"down_for_s": 60}, **fields}
    slug = given["slug"]
    return DocumentAlert(
        notify=(DocumentNotify(slug="ops", type=kind),),
        secrets={
            name: VAULT.seal(Secret(value), place=alert_place(slug, name))
            for name, value in secrets.items()
        },
        **given,
    )


def workspace(*alerts: DocumentAlert, enabled: bool = True, slugs: str = "hook") -> Workspace:
    destinations = tuple(
        DocumentDestination(slug=slug, type="webhook", version=1, enabled=enabled)
        for slug in slugs.split()
    )
    return Workspace(1, (), {}, destinations=destinations, delivery_alerts=alerts)


class Watched:
    """Destinations of one test, by their real files, and the alerts that watch them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now = 1_800_000_000.0
        self.config = Config(
            data_dir=directory,
            deliver=DeliverConfig(private_networks=("127.0.0.0/8",)),
            control=ControlConfig(),
        )

    def tells(self, slug: str = "hook", **facts: Any) -> None:
        """Say what the process that delivers says of a destination."""
        state = State(self.path(slug))
        known = {"state": "running", "problem": "", "version": 1, "in_flight": 0}
        state.tell({**known, "oldest_at": None, "worked_at": None, **facts})
        state.close()

    def gives_up(self, count: int, slug: str = "hook") -> None:
        state = State(self.path(slug))
        failure = Failure(1, self.now, self.now, "http-400", "", 400)
        outs = [
            Out("send", f"m-{n}", "track", "e", "k", "web", 1, b"{}", failure) for n in range(count)
        ]
        state.commit(Step(bury=outs))
        state.close()

    def path(self, slug: str) -> Path:
        return self.directory / "deliver" / f"{slug}.sqlite"

    @asynccontextmanager
    async def alerting(self) -> AsyncIterator[Alerting]:
        made = Alerting(
            self.config,
            CATALOG,
            VAULT,
            log=MemoryLog(),
            path_of=self.path,
            clock=lambda: self.now,
        )
        try:
            yield made
        finally:
            await made.close()

    async def goes_on(self, alerting: Alerting, space: Workspace, *, by_s: float = 0.0) -> None:
        self.now += by_s
        await alerting.look(space)
        await alerting.tell(space)

    def standing(self) -> AlertStanding:
        return standings(alerts_path(self.config), {"on-call"})["on-call"]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture
def tool() -> Iterator[ToolServer]:
    with ToolServer(lambda _: Answer()).running() as server:
        yield server


def states(tool: ToolServer) -> list[str]:
    return [request.json()["state"] for request in tool.requests]


async def test_trouble_and_its_end_are_told_once_each(watched: Watched, tool: ToolServer) -> None:
    space = workspace(alert(tool.url))
    async with watched.alerting() as alerting:
        watched.tells(state="down", problem="ConnectError", in_flight=5)
        await watched.goes_on(alerting, space)
        await watched.goes_on(alerting, space, by_s=59)
        early = states(tool)
        await watched.goes_on(alerting, space, by_s=2)
        await watched.goes_on(alerting, space, by_s=600)
        fired = watched.standing()
        watched.tells(state="running", worked_at=watched.now + 1)
        await watched.goes_on(alerting, space, by_s=3)
        await watched.goes_on(alerting, space, by_s=600)

    assert early == []
    assert states(tool) == ["firing", "resolved"]
    [firing, resolved] = [request.json() for request in tool.requests]
    assert firing["alert"] == {"slug": "on-call", "name": ""}
    [told] = firing["destinations"]
    assert told["slug"] == "hook"
    assert told["reason"] == "has taken nothing for 1 min: ConnectError"
    assert resolved["destinations"] == [told]
    assert "hook" in firing["text"]
    assert (fired.state, [each.destination for each in fired.firing]) == ("firing", ["hook"])
    assert (watched.standing().state, watched.standing().problem) == ("ok", "")
    assert watched.standing().notified_at is not None


async def test_messages_to_a_webhook_are_signed(watched: Watched, tool: ToolServer) -> None:
    watched.tells(state="suspended", problem="401")
    async with watched.alerting() as alerting:
        space = workspace(alert(tool.url, when={"suspended_for_s": 1}))
        await watched.goes_on(alerting, space)
        await watched.goes_on(alerting, space, by_s=2)

    [request] = tool.requests
    expected = hmac.new(SECRET.encode(), request.body, "sha256").hexdigest()
    assert request.headers["x-tailrace-signature"] == f"sha256={expected}"
    assert request.path == PATH


async def test_slack_gets_the_text(watched: Watched, tool: ToolServer) -> None:
    watched.tells(state="suspended", problem="<!channel> is gone")
    async with watched.alerting() as alerting:
        space = workspace(alert(tool.url, kind="slack", when={"suspended_for_s": 1}))
        await watched.goes_on(alerting, space)
        await watched.goes_on(alerting, space, by_s=2)

    [request] = tool.requests
    text = request.json()["text"]
    assert text.startswith("on-call: 1 destination in trouble\nhook: has been suspended for 1 s")
    assert "&lt;!channel&gt; is gone" in text


async def test_a_start_tells_nothing_again(watched: Watched, tool: ToolServer) -> None:
    space = workspace(alert(tool.url))
    watched.tells(state="down", in_flight=5)
    async with watched.alerting() as first:
        await watched.goes_on(first, space)
        await watched.goes_on(first, space, by_s=61)
    async with watched.alerting() as second:
        # What begins anew says that it runs, until the tool has refused a few times.
        watched.tells(state="running", in_flight=5)
        await watched.goes_on(second, space, by_s=5)
        watched.tells(state="down", in_flight=5)
        await watched.goes_on(second, space, by_s=5)
        await watched.goes_on(second, space, by_s=600)

    assert states(tool) == ["firing"]


async def test_what_was_not_sent_before_an_end_is_sent_after_it(
    watched: Watched, tool: ToolServer
) -> None:
    space = workspace(alert(tool.url))
    watched.tells(state="down", in_flight=5)
    async with watched.alerting() as first:
        await first.look(space)
        watched.now += 61
        await first.look(space)
    async with watched.alerting() as second:
        await watched.goes_on(second, space)

    assert states(tool) == ["firing"]


async def test_messages_wait_for_a_place_that_is_away_and_keep_their_order(
    watched: Watched, tool: ToolServer
) -> None:
    space = workspace(alert(tool.url))
    tool.answer = lambda _: Answer(status=503, body=f"try later {SECRET}".encode())
    async with watched.alerting() as alerting:
        watched.tells(state="down", in_flight=5)
        await watched.goes_on(alerting, space)
        await watched.goes_on(alerting, space, by_s=61)
        waiting = watched.standing()
        watched.tells(state="running", worked_at=watched.now + 1)
        await watched.goes_on(alerting, space, by_s=61)
        tool.answer = lambda _: Answer()
        tool.requests.clear()
        for _ in range(3):
            await watched.goes_on(alerting, space, by_s=61)

    assert (waiting.waiting, waiting.notified_at) == (1, None)
    assert "http-503" in waiting.problem
    assert SECRET not in waiting.problem
    assert states(tool) == ["firing", "resolved"]
    assert (watched.standing().waiting, watched.standing().problem) == (0, "")


async def test_a_message_is_given_up_after_a_day(watched: Watched, tool: ToolServer) -> None:
    space = workspace(alert(tool.url))
    tool.answer = lambda _: Answer(status=503)
    watched.tells(state="down", in_flight=5)
    async with watched.alerting() as alerting:
        await watched.goes_on(alerting, space)
        await watched.goes_on(alerting, space, by_s=61)
        await watched.goes_on(alerting, space, by_s=GIVEN_UP_S + 1)

    assert watched.standing().waiting == 0
    assert watched.standing().problem


async def test_trouble_that_lasts_is_told_again(watched: Watched, tool: ToolServer) -> None:
    space = workspace(alert(tool.url, repeat_every_h=1.0))
    watched.tells(state="down", in_flight=5)
    async with watched.alerting() as alerting:
        await watched.goes_on(alerting, space)
        for by_s in (61, 1_800, 1_801, 1_800, 1_801):
            await watched.goes_on(alerting, space, by_s=by_s)

    assert [request.json()["is_repeat"] for request in tool.requests] == [False, True, True]


async def test_a_mass_of_destinations_is_one_message(watched: Watched, tool: ToolServer) -> None:
    slugs = " ".join(f"d-{n:03}" for n in range(60))
    for slug in slugs.split():
        watched.tells(slug, state="suspended")
    space = workspace(alert(tool.url, when={"suspended_for_s": 1}), slugs=slugs)
    async with watched.alerting() as alerting:
        await watched.goes_on(alerting, space)
        await watched.goes_on(alerting, space, by_s=2)

    [request] = tool.requests
    assert (len(request.json()["destinations"]), request.json()["more"]) == (50, 10)
    assert "60 destinations in trouble" in request.json()["text"]


async def test_dead_letters_count_while_they_are_recent(watched: Watched, tool: ToolServer) -> None:
    when = {"dead_letters_more_than": 2, "dead_letters_within_s": 600}
    space = workspace(alert(tool.url, when=when))
    watched.tells()
    async with watched.alerting() as alerting:
        watched.gives_up(2)
        await watched.goes_on(alerting, space)
        before = states(tool)
        watched.gives_up(1)
        await watched.goes_on(alerting, space, by_s=1)
        await watched.goes_on(alerting, space, by_s=601)

    assert before == []
    assert states(tool) == ["firing", "resolved"]


@pytest.mark.parametrize("how", ["disabled", "deleted", "not watched"])
async def test_what_is_no_longer_watched_is_said_to_end(
    watched: Watched, tool: ToolServer, how: str
) -> None:
    watched.tells(state="suspended")
    given = alert(tool.url, when={"suspended_for_s": 1})
    later = {
        "disabled": workspace(given, enabled=False),
        "deleted": workspace(given, slugs=""),
        "not watched": workspace(
            alert(tool.url, when={"suspended_for_s": 1}, destinations=("other",))
        ),
    }
    async with watched.alerting() as alerting:
        await watched.goes_on(alerting, workspace(given))
        await watched.goes_on(alerting, workspace(given), by_s=2)
        await watched.goes_on(alerting, later[how], by_s=3)
        await watched.goes_on(alerting, later[how], by_s=3)

    assert states(tool) == ["firing", "resolved"]


async def test_an_alert_that_is_gone_tells_nothing(watched: Watched, tool: ToolServer) -> None:
    watched.tells(state="suspended")
    space = workspace(alert(tool.url, when={"suspended_for_s": 1}))
    async with watched.alerting() as alerting:
        await watched.goes_on(alerting, space)
        watched.now += 2
        await alerting.look(space)
        await watched.goes_on(alerting, workspace(), by_s=3)

    assert tool.requests == []
    assert watched.standing() == AlertStanding()


async def test_private_addresses_are_told_nothing(watched: Watched, tool: ToolServer) -> None:
    closed = Config(data_dir=watched.directory)

    [tested] = await AlertTesting(closed, CATALOG, VAULT).send(alert(tool.url))

    assert tested.is_good is False
    assert "deliver.private_networks" in tested.detail
    assert tool.requests == []


async def test_a_test_message_goes_at_once(watched: Watched, tool: ToolServer) -> None:
    testing = AlertTesting(watched.config, CATALOG, VAULT)

    [taken] = await testing.send(alert(tool.url))
    tool.answer = lambda _: Answer(status=401, body=SECRET.encode())
    [refused] = await testing.send(alert(tool.url))

    assert (taken.notify, taken.type, taken.is_good, taken.detail) == ("ops", "webhook", True, "")
    assert states(tool) == ["test", "test"]
    assert refused.is_good is False
    assert SECRET not in refused.detail


def test_the_age_of_the_oldest_event_is_trouble() -> None:
    when = AlertConditions(oldest_older_than_s=60)
    seen = Seen("running", 0.0)

    assert reasons(when, Stand("running", oldest_at=100.0), seen, now=161.0)
    assert not reasons(when, Stand("running", oldest_at=100.0), seen, now=159.0)
    assert not reasons(when, Stand("running"), seen, now=161.0)


def test_a_destination_is_well_again_when_it_took_something_or_nothing_is_left() -> None:
    down = Seen("down", 100.0)

    assert seen_of(Stand("running", is_idle=False, worked_at=99.0), down, now=200.0) == down
    assert seen_of(Stand("starting"), down, now=200.0) == down
    well = Seen("running", 200.0)
    assert seen_of(Stand("running", is_idle=False, worked_at=150.0), down, now=200.0) == well
    assert seen_of(Stand("running", is_idle=True), down, now=200.0) == well
    assert seen_of(Stand("disabled"), down, now=200.0) == Seen("disabled", 200.0)
