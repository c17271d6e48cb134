"""Settings of the workspace."""

from typing import Annotated

from litestar import Response, get, patch

from tailrace.app.asking import Ask, actor_of, needs
from tailrace.app.parts import Given
from tailrace.app.routes.errors import CHANGING, READING
from tailrace.app.routes.examples import body
from tailrace.app.routes.managing import ETAG, IfMatch, asked_version, decide, etag
from tailrace.control.settings import Settings, SettingsChange, VersionedSettings


@get(
    "/settings",
    tags=["settings"],
    responses=READING,
    response_headers=[ETAG],
    opt=needs("settings:read"),
)
async def show_settings(parts: Given) -> Response[Settings]:
    """Return the settings of the workspace; their `ETag` is what a change of them names."""
    return _answer(await parts.deciding.run(parts.settings.get))


@patch(
    "/settings",
    tags=["settings"],
    responses=CHANGING,
    response_headers=[ETAG],
    opt=needs("settings:write"),
)
async def change_settings(
    data: Annotated[SettingsChange, body(name="Example Ltd", token_days_max=90)],
    request: Ask,
    parts: Given,
    if_match: IfMatch = "",
) -> Response[Settings]:
    """Change settings; what the body leaves out stays."""
    changed = await decide(
        parts,
        parts.settings.change,
        data,
        version=asked_version(if_match, is_required=True),
        actor=actor_of(request),
    )
    return _answer(changed)


def _answer(found: VersionedSettings) -> Response[Settings]:
    return Response(found.state, headers={"etag": etag(found.version)})
