"""What the routes that change something share: conditions, idempotency keys, pages."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Annotated, ParamSpec, TypeVar
from urllib.parse import urlencode

from litestar.datastructures import ResponseHeader
from litestar.params import HeaderParameter, QueryParameter

from tailrace.app.asking import Ask
from tailrace.app.parts import Parts
from tailrace.app.problems import OUTDATED, PARAMETER, UNCONDITIONAL, ProblemError
from tailrace.control.idempotency import Once, once_of

P = ParamSpec("P")
T = TypeVar("T")

IfMatch = Annotated[
    str,
    HeaderParameter(
        name="If-Match",
        max_length=100,
        description="The ETag of the version that is to be changed, or * for any.",
    ),
]
IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        max_length=255,
        pattern=r"^[\x21-\x7e]*$",
        description="A key of your own: the same request with it, sent again within 24 hours, "
        "answers what the first one made.",
    ),
]
ETAG = ResponseHeader(
    name="ETag",
    documentation_only=True,
    description="The version of what is answered, for If-Match.",
    required=True,
)
LOCATION = ResponseHeader(
    name="Location",
    documentation_only=True,
    description="The path of what was made.",
    required=True,
)
LINK = ResponseHeader(
    name="Link",
    documentation_only=True,
    description='The path of the next page, with rel="next"; missing on the last one.',
)
Limit = Annotated[int, QueryParameter(ge=1, le=1_000, description="Most that one page holds.")]
Cursor = Annotated[
    str,
    QueryParameter(max_length=1_500, description="Where to go on; the Link header has it."),
]


async def decide(parts: Parts, change: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what a change returns, once this process goes by it."""
    made = await parts.deciding.run(change, *args, **kwargs)
    parts.access.forget()
    await parts.deciding.run(parts.following.catch_up)
    return made


async def once_from(request: Ask, key: str) -> Once | None:
    """Return what stands for a request that may be sent again; None without a key."""
    if not key:
        return None
    return once_of(key, path=request.url.path, body=await request.body())


def etag(version: int) -> str:
    """Return the entity tag of a version."""
    return f'"{version}"'


def asked_version(if_match: str, *, is_required: bool) -> int | None:
    """Return the version that the header names, None for any.

    Raises:
        ProblemError: 428 where there must be one, 412 for a tag that no version has.
    """
    if not if_match and is_required:
        raise ProblemError(
            UNCONDITIONAL,
            "send the ETag of what you read as If-Match, or * to overwrite whatever is there",
            facts={"field": "If-Match"},
        )
    if if_match in ("", "*"):
        return None
    digits = if_match.strip().removeprefix('"').removesuffix('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise ProblemError(
            OUTDATED,
            f"no version has the tag {if_match[:50]}: read it again",
            facts={"field": "If-Match"},
        )
    return int(digits)


def next_page(request: Ask, after: str) -> dict[str, str]:
    """Return the header that leads to the next page of a list (RFC 8288)."""
    cursor = base64.urlsafe_b64encode(after.encode()).decode().rstrip("=")
    kept = [(name, value) for name, value in request.query_params.items() if name != "cursor"]
    query = urlencode([*kept, ("cursor", cursor)])
    return {"link": f'<{request.url.path}?{query}>; rel="next"'}


def read_cursor(cursor: str, *, pattern: str) -> str:
    """Return where a page ended, "" for the start; `pattern` is what may stand there.

    Raises:
        ProblemError: the cursor is not one of this list's.
    """
    if not cursor:
        return ""
    try:
        after = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        after = ""
    if not re.fullmatch(pattern, after):
        raise ProblemError(
            PARAMETER,
            "cursor is none that a page of this list gave; leave it out to begin at the start",
            facts={"field": "cursor"},
        )
    return after
