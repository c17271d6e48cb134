"""Makes the pictures in docs/ from a running Tailrace with the demo shop's events.

tailrace up                                    (in one terminal)
tailrace demo                                  (in another)
python web/dev/pictures.py http://127.0.0.1:8283 trt_...
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

PICTURES = Path(__file__).parents[2] / "docs/pictures"
ARGUMENTS = ["--no-sandbox", "--disable-gpu"]


def main() -> int:
    """Take all pictures."""
    if len(sys.argv) != 3:
        sys.stderr.write(f"{__doc__}")
        return 2
    url, token = sys.argv[1:]
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        page = _signed_in(browser, url, token, width=1280, height=760, scheme="light")
        _live(page, "live.png")
        _search(page, url, "search.png")
        _destinations(page, url, "destinations.png")
        dark = _signed_in(browser, url, token, width=1280, height=760, scheme="dark")
        _live(dark, "live-dark.png")
        phone = _signed_in(browser, url, token, width=390, height=760, scheme="dark")
        _search(phone, url, "search-phone.png")
        browser.close()
    return 0


def _signed_in(
    browser: Browser, url: str, token: str, *, width: int, height: int, scheme: str
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(f"{url}/#token={token}")
    expect(page.get_by_role("grid")).to_be_visible()
    return page


def _live(page: Page, name: str) -> None:
    """The list, filled by what has just arrived, with an order open that is near its top."""
    rows = page.locator('[role="row"][aria-selected]')
    expect(rows.nth(25)).to_be_attached(timeout=60_000)
    near_the_top = page.locator('[role="row"][aria-selected]:nth-child(-n+8)')
    near_the_top.filter(has_text="Order Completed").first.click(timeout=120_000)
    expect(page.locator("aside").get_by_text("payment_method")).to_be_visible()
    page.mouse.move(0, 0)
    page.screenshot(path=PICTURES / name)


def _search(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/search?q=type%3Atrack&range=30d")
    expect(page.locator("canvas")).to_be_visible(timeout=20_000)
    expect(page.locator('[role="row"][aria-selected]').first).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / name)


def _destinations(page: Page, url: str, name: str) -> None:
    """The list, left out where there is no destination yet."""
    page.goto(f"{url}/destinations")
    rows = page.get_by_role("table", name="Destinations").get_by_role("row")
    expect(rows.or_(page.get_by_text("No destinations yet")).first).to_be_visible()
    if rows.count() == 0:
        return
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / name)


if __name__ == "__main__":
    sys.exit(main())
