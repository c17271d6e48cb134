"""The workspace as a file: export it, compare it with one, make it like one."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post

from tailrace.app.asking import Ask, needs, principal_of
from tailrace.app.parts import Given
from tailrace.app.routes.errors import APPLYING, READING
from tailrace.app.routes.examples import body
from tailrace.control.workspace_file import Asked, Outcome

FILE_BYTES_MAX = 8 * 1_048_576
"""Largest body with a workspace file, which may be larger than any other."""

_EXAMPLE = body(
    text="version: 1\nsources:\n  web-shop:\n    webhook_secret: {env: SHOP_SECRET}\n",
    file_name="workspace.yaml",
    secrets={"env:SHOP_SECRET": "the value"},
    prune=False,
)


@get(
    "/workspace/export",
    tags=["workspace"],
    media_type="application/yaml",
    responses=READING,
    opt=needs("workspace:apply"),
)
async def export_workspace(parts: Given) -> Response[str]:
    """Return the workspace as YAML; secrets are references in it.

    The same workspace always gives the same bytes.
    """
    text = await parts.applying.run(parts.workspace_files.export)
    return Response(text, media_type="application/yaml; charset=utf-8")


@post(
    "/workspace/diff",
    status_code=200,
    tags=["workspace"],
    responses=APPLYING,
    request_max_body_size=FILE_BYTES_MAX,
    opt=needs("workspace:apply"),
)
async def diff_workspace(data: Annotated[Asked, _EXAMPLE], request: Ask, parts: Given) -> Outcome:
    """Return what applying a file would do; nothing is changed."""
    return await parts.applying.run(parts.workspace_files.diff, data, by=principal_of(request))


@post(
    "/workspace/apply",
    status_code=200,
    tags=["workspace"],
    responses=APPLYING,
    request_max_body_size=FILE_BYTES_MAX,
    opt=needs("workspace:apply"),
)
async def apply_workspace(data: Annotated[Asked, _EXAMPLE], request: Ask, parts: Given) -> Outcome:
    """Make the workspace like a file, all of it or nothing; say what was changed."""
    done = await parts.applying.run(parts.workspace_files.apply, data, by=principal_of(request))
    await parts.deciding.run(parts.following.catch_up)
    return done


@get("/api/workspace.schema.json", include_in_schema=False)
async def show_workspace_schema(parts: Given) -> Response[bytes]:
    """Return the JSON Schema of a workspace file, for editors."""
    schema: dict[str, Any] = parts.workspace_files.schema()
    return Response(msgspec.json.encode(schema), media_type="application/schema+json")
