"""The mappings of a destination in the web app, against a running system and a tool that takes."""

from collections.abc import Iterator
from typing import Any

import pytest
from people import add_member, sign_in_as
from playwright.sync_api import Browser, Page, expect
from running import Tailrace, wait_until
from web_app import DESK, PHONE, Visit, chromium, send_batch, track, visit
from webhook_tool import FOLLOWED_S, Tool, make

pytestmark = pytest.mark.timeout(180)

FOLLOWED_MS = 20_000
SETTINGS = '[deliver]\nprivate_networks = ["127.0.0.0/8"]\n'
ORDER = track("Order Completed", user="u-7", total=30, currency="EUR", products=[{"sku": "p1"}])
ORDERS_ONLY = 'type = "track" and event = "Order Completed"'
ORDERS = {
    "slug": "orders",
    "action": "send",
    "name": "Orders",
    "trigger": ORDERS_ONLY,
    "mapping": {"data": {"order": {"@path": "$.properties.total"}}},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def tailrace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tailrace]:
    tailrace = Tailrace(tmp_path_factory.mktemp("tailrace"), settings=SETTINGS)
    try:
        tailrace.start()
        send_batch(tailrace, [ORDER, track("Cart Viewed", user="u-8", total=5)])
        tailrace.wait_stored(2)
        yield tailrace
    finally:
        tailrace.close()


def kept(tailrace: Tailrace, slug: str) -> dict[str, Any]:
    answer = tailrace.get(f"/api/v1/destinations/{slug}")
    assert isinstance(answer, dict)
    return answer


def make_idle(tailrace: Tailrace, slug: str, **fields: Any) -> None:
    """Make a webhook that nothing is delivered to."""
    make(tailrace, slug, "http://127.0.0.1:9/events", enabled=False, **fields)


def open_mappings(visited: Visit, slug: str) -> Page:
    visited.sign_in(f"/destinations/{slug}?view=mappings")
    expect(visited.page.get_by_role("heading", name="Preview")).to_be_visible()
    return visited.page


def save(page: Page) -> None:
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Saved. It holds within two seconds.")).to_be_visible()


def test_a_field_is_mapped_with_a_stored_event_beside_and_delivered_so(
    tailrace: Tailrace, browser: Browser
) -> None:
    with Tool().running() as tool, visit(browser, tailrace) as visited:
        make(tailrace, "hook", tool.url)
        page = open_mappings(visited, "hook")
        sent = page.get_by_role("list", name="What is sent")

        page.get_by_label("Trigger").fill(ORDERS_ONLY)
        expect(page.get_by_label("Event", exact=True)).to_contain_text("Order Completed")
        page.get_by_label("Data: filled with").select_option("Object")
        page.get_by_label("Data: name 1").fill("amount")
        page.get_by_role("combobox", name="amount: field").fill("total")
        page.get_by_role("option", name="$.properties.total").click()
        expect(sent).to_contain_text("amount: 30")
        page.get_by_role("button", name="Add one to Data").click()
        page.get_by_label("Data: name 2").fill("text")
        page.get_by_label("text: filled with").select_option("Text with fields")
        page.get_by_label("text: text").fill("{{userId}} paid {{properties.currency}}")
        expect(sent).to_contain_text('text: "u-7 paid EUR"')
        save(page)

        [subscription] = kept(tailrace, "hook")["subscriptions"]
        assert subscription["slug"] == "send"
        assert subscription["trigger"] == ORDERS_ONLY
        assert subscription["mapping"] == {
            "data": {
                "amount": {"@path": "$.properties.total"},
                "text": {"@template": "{{userId}} paid {{properties.currency}}"},
            }
        }

        def is_delivered_so() -> bool:
            # Orders go whole until the change is followed.
            send_batch(tailrace, [ORDER])
            return {"amount": 30, "text": "u-7 paid EUR"} in tool.taken

        wait_until(is_delivered_so, what="an order as it is mapped", within_s=FOLLOWED_S)


def test_presets_filters_and_a_dry_run_before_anything_is_saved(
    tailrace: Tailrace, browser: Browser
) -> None:
    make_idle(tailrace, "tried")
    with visit(browser, tailrace) as visited:
        page = open_mappings(visited, "tried")
        names = page.get_by_role("list", name="Subscriptions").get_by_role("listitem")

        page.get_by_role("button", name="Add subscription").click()
        page.get_by_role("menuitem", name="Purchases only").click()
        page.get_by_role("button", name="Move Purchases only up").click()
        expect(names.first).to_contain_text("Would be sent")
        page.get_by_role("button", name="Remove Send").click()
        page.get_by_role("button", name="Add filter").click()
        page.get_by_label("Filter 1: what it does").select_option("Leave out properties")
        page.get_by_label("Filter 1: properties").fill("properties.currency")
        page.get_by_label("Where").fill("properties.total >= ")
        expect(page.get_by_text("Filter 1 is not right yet.")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("At character 21: expected a field")
        page.get_by_label("Where").fill("properties.total >= 30")
        expect(page.get_by_text("The filters leave out properties.currency.")).to_be_visible()
        page.get_by_role("button", name="Start dry run").click()
        row = page.get_by_role("row", name="Purchases only")
        expect(row).to_be_visible()
        expect(page.get_by_text("The trigger is for other events.")).to_be_visible()

        assert kept(tailrace, "tried")["subscriptions"] is None
        # What is typed outlives a look at another view.
        page.get_by_role("tab", name="Overview").click()
        page.get_by_role("tab", name="Mappings").click()
        save(page)
        saved = kept(tailrace, "tried")
        assert [each["slug"] for each in saved["subscriptions"]] == ["purchases"]
        assert saved["filters"] == [
            {
                "if": "properties.total >= 30",
                "actions": [{"type": "DROP_PROPERTIES", "fields": {"properties": ["currency"]}}],
                "title": "",
                "enabled": True,
            }
        ]
        visited.forgive(400)


def test_json_is_told_where_it_is_wrong_and_a_faster_change_is_not_overwritten(
    tailrace: Tailrace, browser: Browser
) -> None:
    make_idle(tailrace, "written", subscriptions=[ORDERS])
    with visit(browser, tailrace) as visited:
        page = open_mappings(visited, "written")
        page.get_by_role("radiogroup").get_by_text("JSON").click()
        text = page.get_by_label("Mapping as JSON")

        text.fill('{"data": {"order": {"@path": 5}}}')
        problems = page.get_by_role("list", name="Problems of the mapping")
        expect(problems).to_contain_text("Line 1: data.order.@path is a number")
        text.fill('{"data": ')
        expect(page.get_by_text("This is not JSON")).to_be_visible()
        expect(page.get_by_role("button", name="Save changes")).to_be_disabled()
        text.fill('{"data": {"who": {"@path": "$.userId"}}}')
        expect(page.get_by_role("list", name="What is sent")).to_contain_text('who: "u-7"')
        theirs = tailrace.api.patch(
            "/api/v1/destinations/written",
            json={"subscriptions": [{**ORDERS, "name": "Theirs"}]},
            headers={"If-Match": "*"},
        )
        assert theirs.status_code == 200, theirs.text
        expect(page.get_by_text("Somebody else changed this destination.")).to_be_visible(
            timeout=FOLLOWED_MS
        )
        page.get_by_role("button", name="Load the new state").click()

        expect(page.get_by_label("Name", exact=True)).to_have_value("Theirs")
        expect(page.get_by_role("combobox", name="order: field")).to_have_value(
            "$.properties.total"
        )
        visited.forgive(400)


def test_delivery_rules_are_set_and_taken_back(tailrace: Tailrace, browser: Browser) -> None:
    make_idle(tailrace, "slow")
    with visit(browser, tailrace) as visited:
        page = visited.page
        visited.sign_in("/destinations/slow?view=settings")
        rate = page.get_by_label("Events a second, at most")
        apply = page.get_by_role("button", name="Save delivery")

        rate.fill("0")
        expect(page.get_by_text("Give a number above 0.")).to_be_visible()
        expect(apply).to_be_disabled()
        rate.fill("50")
        page.get_by_label("Consent categories").fill("ads\nstats")
        apply.click()
        expect(apply).to_be_disabled()
        expect(page.get_by_text("Saved. It holds within two seconds.")).to_be_visible()

        rules = kept(tailrace, "slow")["delivery"]
        assert (rules["events_per_s_max"], rules["consent_categories"]) == (50, ["ads", "stats"])
        rate.fill("")
        apply.click()
        expect(page.get_by_text("Saved. It holds within two seconds.")).to_be_visible()
        assert kept(tailrace, "slow")["delivery"]["events_per_s_max"] is None


def test_a_viewer_reads_the_mappings_and_is_offered_no_change(
    tailrace: Tailrace, browser: Browser
) -> None:
    make_idle(tailrace, "read-only", subscriptions=[ORDERS])
    add_member(tailrace, "viewer@example.com")
    with visit(browser, tailrace) as visited:
        sign_in_as(visited, "viewer@example.com")
        visited.open("/destinations/read-only?view=mappings")
        page = visited.page

        page.get_by_text("Mapping", exact=True).click()

        expect(page.get_by_role("list", name="Mapping of Orders")).to_contain_text("total")
        expect(page.get_by_role("button", name="Add subscription")).to_have_count(0)


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")])
def test_the_mappings_fit_and_are_accessible(
    tailrace: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    slug = f"fits-{scheme}"
    nested = {
        "data": {
            "who": {"@template": "{{userId}}"},
            "items": {"@arrayPath": ["$.properties.products", {"sku": {"@path": "$.sku"}}]},
        }
    }
    filters = [{"if": "all", "actions": [{"type": "SAMPLE", "percent": 0.5}], "title": "Half"}]
    make_idle(tailrace, slug, subscriptions=[{**ORDERS, "mapping": nested}], filters=filters)
    with visit(browser, tailrace, size=size, scheme=scheme) as visited:
        page = open_mappings(visited, slug)
        page.get_by_role("button", name="Start dry run").click()
        expect(page.get_by_role("table", name="Result of the dry run")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("Orders as they are called by their people")

        assert not visited.is_wider_than_the_window()
        assert visited.violations() == []
