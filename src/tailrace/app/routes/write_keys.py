"""The write keys of a source."""

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import FromPath

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import CREATING, DELETING, FINDING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import IdempotencyKey, decide, once_from
from tailrace.control.keys import KeyDraft, KeyState


@get(
    "/sources/{slug:str}/write-keys",
    tags=["sources"],
    responses=FINDING,
    opt=needs("sources:read", names_source=True),
)
async def list_write_keys(parts: Given, slug: FromPath[str]) -> list[KeyState]:
    """Return every write key that a source has or had, the newest first."""
    return await parts.deciding.run(parts.write_keys.of, slug)


@post(
    "/sources/{slug:str}/write-keys",
    status_code=201,
    tags=["sources"],
    responses=CREATING,
    opt=needs("sources:write", names_source=True),
)
async def add_write_key(
    data: Annotated[KeyDraft, body(label="release 2.0", overlap_s=86_400)],
    request: Ask,
    parts: Given,
    slug: FromPath[str],
    idempotency_key: IdempotencyKey = "",
) -> Response[KeyState]:
    """Add a write key; with `overlap_s` the others are taken for so many seconds more."""
    made = await decide(
        parts,
        parts.write_keys.add,
        slug,
        data,
        actor=actor_of(request),
        once=await once_from(request, idempotency_key),
    )
    return Response(made, status_code=201)


@delete(
    "/sources/{slug:str}/write-keys/{key_id:int}",
    status_code=204,
    tags=["sources"],
    responses=DELETING,
    opt=needs("sources:write", names_source=True),
)
async def disable_write_key(
    request: Ask, parts: Given, slug: FromPath[str], key_id: FromPath[int]
) -> None:
    """Disable a write key at once; its calls are refused within two seconds."""
    await decide(parts, parts.write_keys.disable, slug, key_id, actor=actor_of(request))
