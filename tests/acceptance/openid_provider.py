"""A real OpenID provider on this machine, and somebody who signs in there."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from urllib.parse import urljoin

import httpx
from running import free_port
from server_sdks import node, npm_packages

HERE = Path(__file__).parents[1] / "openid"
CLIENT_ID = "tailrace"
# Characters that the Basic scheme has to escape.
CLIENT_SECRET = "planted:secret/of+the client"


class OpenIdProvider:
    """The provider's process; `app_url` is where its client lives."""

    def __init__(
        self, *, app_url: str, unverified: Sequence[str] = (), claims_in_token: bool = False
    ) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self._job = {
            "port": self.port,
            "clients": [
                {
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                    "redirect_uris": [f"{app_url}/api/v1/session/oidc/callback"],
                }
            ],
            "unverified": list(unverified),
            "claims_in_token": claims_in_token,
        }

    @contextmanager
    def running(self) -> Iterator["OpenIdProvider"]:
        """Run it until the block ends."""
        process = subprocess.Popen(
            [node(), str(HERE / "provider.mjs")],
            env={**os.environ, "TAILRACE_OPENID_DIR": str(npm_packages(HERE))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(self._job).encode())
            process.stdin.close()
            assert process.stdout.readline() == b"listening\n"
            yield self
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def settings(self, **further: object) -> str:
        """Return the section of the settings file that names this provider."""
        values = {
            "issuer": self.issuer,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "name": "Staff login",
            **further,
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        return "\n".join(["[oidc]", *lines]) + "\n"


def sign_in(browser: httpx.Client, url: str, *, email: str) -> httpx.Response:
    """Go where a button of the app leads, sign in at the provider, and return the last answer.

    `browser` keeps cookies; forms are filled in by their names, as a person would.
    """
    answer = follow(browser, browser.get(url))
    while True:
        form = re.search(r'<form[^>]*action="([^"]+)"(.*?)</form>', answer.text, re.DOTALL)
        if form is None:
            return answer
        fields = hidden_fields(form[2])
        if 'name="login"' in form[2]:
            fields |= {"login": email, "password": "any"}
        target = urljoin(str(answer.url), unescape(form[1]))
        answer = follow(browser, browser.post(target, data=fields))


def hidden_fields(form: str) -> dict[str, str]:
    """Return what a form sends without being asked."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def follow(browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Follow redirects, with the cookies of each step, to the first answer that is none."""
    while answer.has_redirect_location:
        answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
    return answer
