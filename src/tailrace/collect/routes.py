"""Which path does what; slashes at the end and repeated ones do not count."""

import re
from typing import Final, NamedTuple

from tailrace.event import Shape


class Route(NamedTuple):
    """How the events that are posted to a path are read.

    `type` is the type that the path implies, "" for none; `path` is what the raw log keeps, without
    any key. `is_client_side` tells the paths of browser and mobile SDKs; on the others a page is
    told by its Origin header, where `tells_client_by_origin`.
    """

    shape: Shape
    type: str
    path: str
    is_client_side: bool = False
    tells_client_by_origin: bool = True
    takes_query_key: bool = False


LETTERS: Final = {
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}

POSTS: Final[dict[str, Route]] = {
    **{f"/v1/{kind}": Route("call", kind, f"/v1/{kind}") for kind in LETTERS.values()},
    **{
        f"/v1/{letter}": Route("call", kind, f"/v1/{letter}", is_client_side=True)
        for letter, kind in LETTERS.items()
    },
    "/v1/batch": Route("batch", "", "/v1/batch"),
    "/v1/import": Route("batch", "", "/v1/import"),
    "/v1/b": Route("batch", "", "/v1/b", is_client_side=True),
    "/beacon/v1/batch": Route(
        "batch", "", "/beacon/v1/batch", is_client_side=True, takes_query_key=True
    ),
}

SELF_METRICS: Final = "/v1/m"
PIXEL: Final = "/v1/pixel/"
PIXELS: Final = {
    f"{PIXEL}{kind}": Route("call", kind, f"{PIXEL}{kind}", is_client_side=True)
    for kind in LETTERS.values()
}
WEBHOOK: Final = "/v1/webhook/"
WEBHOOK_EVENT: Final = Route("call", "", "/v1/webhook", tells_client_by_origin=False)
WEBHOOK_BATCH: Final = Route("batch", "", "/v1/webhook", tells_client_by_origin=False)
JSON: Final = "/v1/json/"
JSON_EVENTS: Final = Route("json", "", "/v1/json", tells_client_by_origin=False)
SETTINGS: Final = re.compile(r"/v1/projects/([^/]+)/settings")
BROWSER_SDK: Final = re.compile(r"/analytics\.js/v1/([^/]+)/analytics(?:\.min)?\.js")
BUNDLES: Final = "/analytics-next/bundles/"
SOURCE_CONFIG: Final = "/sourceConfig"

_SLASHES: Final = re.compile("//+")


def normal_path(path: str) -> str:
    """Return the path without repeated slashes and without one at its end."""
    return _SLASHES.sub("/", path).rstrip("/") or "/"


def takes_posts(path: str) -> bool:
    """Tell whether POST finds something at that path."""
    return path in POSTS or path == SELF_METRICS or path.startswith((WEBHOOK, JSON))
