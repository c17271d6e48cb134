"""What SDKs fetch before they send: the browser SDK itself, and the settings of a source.

`static/` is filled by the build from the npm package @segment/analytics-next: `analytics.min.js`
(its dist/umd/standalone.js) and `bundles/`, the parts that the script loads when it needs them.
"""

import gzip
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from tailrace.collect.answers import SCRIPT, Answer
from tailrace.collect.refusals import Refused

STATIC_DIR: Final = Path(__file__).parent / "static"
SCRIPT_AGE: Final = (b"cache-control", b"public, max-age=300")
BUNDLE_AGE: Final = (b"cache-control", b"public, max-age=31536000, immutable")
SETTINGS_AGE: Final = (b"cache-control", b"public, max-age=60")
VARY: Final = (b"vary", b"Accept-Encoding, X-Forwarded-Proto, Host")
SCRIPTS_KEPT: Final = 32

_HOST: Final = re.compile(r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_BUNDLE: Final = re.compile(r"[A-Za-z0-9-]{1,64}\.bundle\.[0-9a-f]{1,64}\.js")


class Origin(msgspec.Struct, frozen=True):
    """Where the caller reached us, as it should reach us again."""

    scheme: str
    host: str

    @property
    def url(self) -> str:
        """The origin as pages know it."""
        return f"{self.scheme}://{self.host}"


def origin_of(
    headers: Mapping[bytes, bytes], *, scheme: str, bound_to: str, trust_forwarded: bool
) -> Origin:
    """Return the origin by which the caller reached us.

    X-Forwarded-Proto is believed of anyone: it changes nothing but the caller's own answer, and a
    proxy that ends TLS sets it. X-Forwarded-Host is believed where the proxy is trusted. A host
    that is none gives way to the address that the port is bound to.
    """
    forwarded = headers.get(b"x-forwarded-proto", b"").split(b",")[0].strip().lower()
    if forwarded in (b"http", b"https"):
        scheme = forwarded.decode()
    host = headers.get(b"host", b"")
    if trust_forwarded:
        host = headers.get(b"x-forwarded-host", host).split(b",")[0].strip()
    text = host.decode("latin-1")
    return Origin(scheme, text if _HOST.fullmatch(text) else bound_to)


def settings(key: str, origin: Origin) -> Answer:
    """Return a source's settings for the browser and mobile SDKs.

    One integration alone, since more make the browser load legacy code. `apiHost` sends mobile
    SDKs here whatever the app was built with. Self-metrics are off: they would double the requests
    of a page. `plan` is empty: anything in it makes each page load one script more.
    """
    body = {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{origin.host}/v1",
                "protocol": origin.scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {},
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {"routingRules": []},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0, "host": f"{origin.host}/v1"},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
        "autoInstrumentationSettings": {"sampleRate": 0},
    }
    return Answer(200, msgspec.json.encode(body), headers=[SETTINGS_AGE])


def rudder_settings(key: str, slug: str, origin: Origin) -> Answer:
    """Return a source's settings for rudder's web SDK: no destination of its own, no statistics."""
    when = "2025-01-01T00:00:00.000Z"
    body = {
        "source": {
            "id": slug,
            "name": slug,
            "writeKey": key,
            "enabled": True,
            "workspaceId": "tailrace",
            "updatedAt": when,
            "config": {
                "statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}
            },
            "dataplanes": {"US": [{"url": origin.url, "default": True}]},
            "connections": [],
            "destinations": [],
        },
        "updatedAt": when,
        "consentManagementMetadata": {"providers": []},
    }
    return Answer(200, msgspec.json.encode(body), headers=[SETTINGS_AGE])


def browser_sdk(key: str, origin: Origin, *, accepts_gzip: bool) -> Answer:
    """Return analytics.js for a source, looking to us for everything else it loads.

    The script finds its own host in the tag that loaded it, but only over https, and falls back
    to Segment's hosts. So the rule is widened to http, and those fallbacks are ours.

    Raises:
        Refused: the build has not put the script in place.
    """
    body = _script(str(STATIC_DIR), key, origin, accepts_gzip)
    encoding = [(b"content-encoding", b"gzip")] if accepts_gzip else []
    return Answer(200, body, SCRIPT, [SCRIPT_AGE, VARY, *encoding])


@lru_cache(SCRIPTS_KEPT)
def _script(directory: str, key: str, origin: Origin, compressed: bool) -> bytes:
    try:
        script = (Path(directory) / "analytics.min.js").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Refused(
            "not_built",
            "analytics.min.js is not part of this installation; install Tailrace with its web "
            "build (`make up` does it), or load the script from another place and set "
            "integrations['Segment.io'].apiHost",
            retry_after_s=60,
        ) from error
    script = (
        script.replace("__WRITE_KEY__", key)
        .replace(r"/(https:\/\/.*)\/analytics\.js\/v1", r"/(https?:\/\/.*)\/analytics\.js\/v1")
        .replace('"api.segment.io/v1"', f'"{origin.host}/v1"')
        .replace("https://cdn.segment.com", origin.url)
    )
    body = script.encode()
    return gzip.compress(body, mtime=0) if compressed else body


def bundle(name: str) -> Answer:
    """Return a part of the browser SDK.

    Raises:
        Refused: there is no such part.
    """
    file = STATIC_DIR / "bundles" / name
    if not _BUNDLE.fullmatch(name) or not file.is_file():
        raise Refused("not_found", "no such part of the browser SDK")
    return Answer(200, file.read_bytes(), SCRIPT, [BUNDLE_AGE])
