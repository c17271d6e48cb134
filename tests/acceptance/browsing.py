"""The unmodified browser SDK on a page of its own origin, in Chromium."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request
from running import wait_until
from server_sdks import SDKS, cached, node, node_environ, npm_packages

BROWSER_CALLS: list[list[Any]] = json.loads(
    (SDKS / "browser_calls.json").read_text(encoding="utf-8")
)
BATCHING = {"strategy": "batching", "config": {"size": 4, "timeout": 300}}
STANDARD: dict[str, Any] = {"strategy": "standard"}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tëst shop</title>
<script>{sdk}</script><script>{load}</script></head><body>A page.</body></html>"""


def sdk_script(form: str) -> str:
    """Return the script of the `snippet` or `npm` form, made once per lock file."""
    build = SDKS / "browser_build.mjs"

    def make(into: Path) -> None:
        environ = {**node_environ(), "TAILRACE_SDKS_DIR": str(npm_packages())}
        subprocess.run([node(), str(build), str(into)], env=environ, check=True)

    made = cached("browser", [build, SDKS / "package-lock.json"], make)
    name = {"snippet": "snippet.js", "npm": "bundle.js"}[form]
    return (made / name).read_text(encoding="utf-8").replace("</script", "<\\/script")


def page_html(form: str, *, collect_url: str, write_key: str, delivery: Mapping[str, Any]) -> str:
    """Return a page that loads the SDK as Segment's guides say, with only its host changed."""
    options = json.dumps({"integrations": {"Segment.io": {"deliveryStrategy": delivery}}})
    sdk = sdk_script(form).replace("WRITE_KEY", write_key)
    sdk = sdk.replace("CDN_HOST", urlsplit(collect_url).netloc)
    if form == "snippet":
        load = f"analytics.load({json.dumps(write_key)}, {options});"
    else:
        settings = json.dumps({"writeKey": write_key, "cdnURL": collect_url})
        load = f"window.analytics = AnalyticsBrowser.load({settings}, {options});"
    return PAGE.format(sdk=sdk, load=load)


@dataclass
class Visit:
    """A page that is open, and what went wrong on it.

    `errors` has exceptions and console errors, `strangers` the requests that left this machine.
    """

    page: Page
    errors: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Begin to note what goes wrong."""
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._on_console)
        self.page.on("request", self._on_request)

    def call(self, calls: Sequence[Sequence[Any]]) -> None:
        """Make the calls, in order, without waiting for their delivery."""
        self.page.evaluate(
            "calls => { for (const [name, ...rest] of calls) analytics[name](...rest); }", calls
        )

    def wait_loaded(self) -> None:
        """Wait until the SDK runs."""
        self.page.evaluate("() => new Promise(resolve => analytics.ready(resolve))")

    def wait_for_errors(self, number: int) -> None:
        """Wait until so many things went wrong, such as requests to a server that is away."""

        def enough() -> bool:
            # Events of the page arrive while Playwright is at work only.
            self.page.wait_for_timeout(20)
            return len(self.errors) >= number

        wait_until(enough, what=f"{number} errors of the page", within_s=20)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", None}:
            self.strangers.append(request.url)


@contextmanager
def visit(browser: Browser, html: str) -> Iterator[Visit]:
    """Open a page in a profile of its own; it is closed after the block."""
    with served(html) as url:
        context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin")
        visited = Visit(context.new_page())
        visited.watch()
        visited.page.goto(url + "/shop/start?utm_campaign=autumn&utm_source=mail")
        try:
            yield visited
        finally:
            context.close()


@contextmanager
def served(html: str) -> Iterator[str]:
    """Serve the page on a free loopback port, at every path; give the address."""
    body = html.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_icon = self.path == "/favicon.ico"
            self.send_response(204 if is_icon else 200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"" if is_icon else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def chromium_arguments() -> list[str]:
    """Return what Chromium needs here: no sandbox for root."""
    return ["--no-sandbox"] if os.geteuid() == 0 else []
