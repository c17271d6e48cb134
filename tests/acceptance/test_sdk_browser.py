"""The unmodified browser SDK in Chromium: snippet and npm form, one by one and batching."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import (
    BATCHING,
    BROWSER_CALLS,
    STANDARD,
    chromium_arguments,
    page_html,
    sdk_script,
    visit,
)
from expecting import check_stored
from playwright.sync_api import Browser, sync_playwright
from proxying import Fault, Recording, recording_proxy
from running import Tailrace, wait_until

VERSION = "1.84.3"
EVENTS = len(BROWSER_CALLS) - 1
FORMS = ("snippet", "npm")
OF_USER = "user_id = {user:String}"
DELIVERIES = pytest.mark.parametrize("delivery", [STANDARD, BATCHING], ids=["single", "batching"])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give Debian's Chromium."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=chromium_arguments())
        yield browser
        browser.close()


@pytest.mark.parametrize("form", FORMS)
@DELIVERIES
def test_every_call_of_the_browser_sdk_is_stored_as_it_was_sent(
    running: Tailrace, chromium: Browser, form: str, delivery: dict[str, Any]
) -> None:
    before = running.count()

    with recording_proxy(running.collect_url) as recording:
        html = page_html(
            form, collect_url=recording.url, write_key=running.write_key, delivery=delivery
        )
        with visit(chromium, html) as page:
            page.call(BROWSER_CALLS[:4])
            page.wait_loaded()
            page.call(BROWSER_CALLS[4:])
            running.wait_stored(before + EVENTS)

    assert (page.errors, page.strangers) == ([], [])
    sent = recording.events()
    assert len(sent) == EVENTS
    paths = {exchange.path for exchange in recording.posts()}
    assert paths == (
        {"/v1/b"} if delivery is BATCHING else {f"/v1/{letter}" for letter in "pitsga"}
    )
    for event in sent.values():
        check_stored(running, event, ip="127.0.0.1")
        library = event.fields["context"]["library"]
        prefix = "" if form == "snippet" else "npm:"
        assert library == {"name": "analytics.js", "version": f"{prefix}next-{VERSION}"}


@DELIVERIES
def test_what_a_page_asked_for_can_be_searched(
    running: Tailrace, chromium: Browser, delivery: dict[str, Any]
) -> None:
    user = f"u-search-{delivery['strategy']}"
    calls: list[list[Any]] = [
        ["identify", user, {"plan": "gold"}],
        ["track", "Searched For", {"revenue": 12.5}],
    ]
    html = page_html(
        "npm", collect_url=running.collect_url, write_key=running.write_key, delivery=delivery
    )

    with visit(chromium, html) as page:
        page.call(calls)
        running.wait_stored(2, where=OF_USER, user=user)

    [track] = running.search(f'user_id:"{user}" AND properties.revenue:>12')
    assert track["event"] == "Searched For"
    assert track["context"]["page"]["path"] == "/shop/start"
    assert track["context"]["page"]["title"] == "Tëst shop"
    assert track["context"]["campaign"] == {"name": "autumn", "source": "mail"}
    assert track["context"]["timezone"] == "Europe/Berlin"
    [identify] = running.search(f'user_id:"{user}" AND traits.plan:gold')
    assert identify["anonymous_id"] == track["anonymous_id"] != ""


@pytest.mark.parametrize("form", FORMS)
@DELIVERIES
def test_nothing_of_a_page_is_lost_or_doubled_when_answers_fail(
    running: Tailrace, chromium: Browser, form: str, delivery: dict[str, Any]
) -> None:
    user = f"u-fault-{form}-{delivery['strategy']}"
    faults = [Fault.UNAVAILABLE, Fault.LOST_UNAVAILABLE, Fault.TOO_MANY, Fault.LOST_CUT]

    with recording_proxy(running.collect_url, faults=faults) as recording:
        html = page_html(
            form, collect_url=recording.url, write_key=running.write_key, delivery=delivery
        )
        with visit(chromium, html) as page:
            page.call(tracks_of(user, range(12)))
            wait_for_quiet(running, recording, user=user, events=13)

    check_stored_once(running, user=user, events=13)
    running.audit()


def test_events_of_a_page_that_was_closed_meanwhile_come_with_the_next_visit(
    stoppable: Tailrace, chromium: Browser
) -> None:
    user = "u-closed"
    html = page_html(
        "npm", collect_url=stoppable.collect_url, write_key=stoppable.write_key, delivery=STANDARD
    )

    with visit(chromium, html) as page:
        page.call(tracks_of(user, range(2)))
        stoppable.wait_stored(3, where=OF_USER, user=user)
        stoppable.stop()
        page.call(tracks_of(user, range(2, 5))[1:])
        page.wait_for_errors(3)
        shop = page.page.url
        page.page.goto("about:blank")
        stoppable.start()
        page.page.goto(shop)
        stoppable.wait_stored(6, where=OF_USER, user=user)

    check_stored_once(stoppable, user=user, events=6)


@DELIVERIES
def test_nothing_of_a_page_is_lost_or_doubled_when_the_server_restarts(
    stoppable: Tailrace, chromium: Browser, delivery: dict[str, Any]
) -> None:
    user = f"u-restart-{delivery['strategy']}"
    html = page_html(
        "npm", collect_url=stoppable.collect_url, write_key=stoppable.write_key, delivery=delivery
    )

    with visit(chromium, html) as page:
        page.call(tracks_of(user, range(5)))
        stoppable.wait_stored(6, where=OF_USER, user=user)
        stoppable.stop()
        page.call(tracks_of(user, range(5, 15))[1:])
        stoppable.start()
        stoppable.wait_stored(16, where=OF_USER, user=user, within_s=60)

    check_stored_once(stoppable, user=user, events=16)
    stoppable.audit()


def tracks_of(user: str, numbers: range) -> list[list[Any]]:
    """Return an identify call and one track call per number."""
    return [["identify", user], *(["track", "From A Page", {"number": n}] for n in numbers)]


def wait_for_quiet(tailrace: Tailrace, recording: Recording, *, user: str, events: int) -> None:
    """Wait until the SDK has met every fault and everything is stored."""
    wait_until(lambda: not recording.faults, what="all faults", within_s=60)
    tailrace.wait_stored(events, where=OF_USER, user=user, within_s=60)


def check_stored_once(tailrace: Tailrace, *, user: str, events: int) -> None:
    """Check that there are so many events of the user, each number once."""
    rows = tailrace.sql(
        "SELECT count(), uniqExact(message_id), countIf(type = 'track'), "
        "uniqExactIf(toString(properties.number), type = 'track') "
        "FROM events WHERE user_id = {user:String}",
        user=user,
    )
    assert [int(value) for value in rows[0]] == [events, events, events - 1, events - 1]


def test_the_collection_port_serves_the_sdk_of_the_npm_package(running: Tailrace) -> None:
    assert "analytics" in sdk_script("snippet")
    answer = running.api.get(
        f"{running.collect_url}/analytics.js/v1/{running.write_key}/analytics.min.js"
    )
    assert answer.status_code == 200
    assert VERSION in answer.text
