"""The documentation at /api/docs in Chromium: whole, quiet, readable in every window."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect
from running import Tailrace
from web_app import DESK, PHONE, chromium, visit

SCHEMES = ("light", "dark")
PATH = "/api/docs"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def test_the_page_needs_no_sign_in_and_no_script(running: Tailrace) -> None:
    answer = httpx.get(running.app_url + PATH)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "script" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script|<style| style=| on\w+=", answer.text)


def test_every_operation_and_every_shape_is_on_the_page(running: Tailrace) -> None:
    description = httpx.get(running.app_url + "/api/openapi.json").json()

    page = httpx.get(running.app_url + PATH).text

    for methods in description["paths"].values():
        for operation in methods.values():
            assert f'<article id="{operation["operationId"]}"' in page
            assert f'href="#{operation["operationId"]}"' in page
    for shape in description["components"]["schemas"]:
        assert f'id="shape-{shape}"' in page


def test_every_link_within_the_page_leads_somewhere(running: Tailrace) -> None:
    page = httpx.get(running.app_url + PATH).text

    ids = re.findall(r' id="([^"]+)"', page)
    wanted = set(re.findall(r'href="#([^"]+)"', page))

    assert len(ids) == len(set(ids))
    assert wanted <= set(ids)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_anybody_can_read_the_page(
    running: Tailrace, browser: Browser, size: tuple[int, int], scheme: str
) -> None:
    with visit(browser, running, size=size, scheme=scheme) as visited:
        visited.open(PATH)

        heading = visited.page.get_by_role("heading", level=1)

        expect(heading).to_have_text("Tailrace API")
        assert visited.violations() == []
        assert not visited.is_wider_than_the_window()


def test_the_navigation_leads_to_an_operation_by_keyboard(
    running: Tailrace, browser: Browser
) -> None:
    with visit(browser, running, size=PHONE) as visited:
        visited.open(PATH)
        page = visited.page
        page.get_by_text("Operations", exact=True).focus()
        page.keyboard.press("Enter")

        page.get_by_role("link", name="GET List sources").focus()
        page.keyboard.press("Enter")

        expect(page.locator("#list_sources h3")).to_be_in_viewport()
        assert page.url.endswith("#list_sources")
