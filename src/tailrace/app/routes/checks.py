"""Checks of connections: of a destination as it is, of settings before they are saved."""

from typing import Annotated, Final

from litestar import post
from litestar.params import FromPath, QueryParameter

from tailrace.app.asking import needs
from tailrace.app.parts import Given, Parts
from tailrace.app.problems import CHECK_FAILED, NOT_FOUND, ProblemError
from tailrace.app.routes.errors import APPLYING, FINDING, problems
from tailrace.app.routes.examples import body
from tailrace.control.destination_shapes import DestinationCheck, DestinationDraft
from tailrace.control.destinations import CheckedDestination
from tailrace.deliver.checking import CheckAnswer

CHECK_PROBLEMS: Final = problems(422)
Check = Annotated[
    bool,
    QueryParameter(
        description="Whether to check the connection first, and save nothing where it fails."
    ),
]


@post(
    "/destinations/check",
    status_code=200,
    tags=["destinations"],
    responses={**APPLYING, **CHECK_PROBLEMS},
    opt=needs("destinations:write"),
)
async def check_settings(
    data: Annotated[
        DestinationCheck,
        body(type="webhook", settings={"url": "https://orders.example.com/events"}),
    ],
    parts: Given,
) -> CheckAnswer:
    """Look whether a tool can be reached with settings that are not saved; nothing is written."""
    found = await parts.deciding.run(parts.destinations.checkable, data)
    return await parts.checking.of_settings(found.type, found.settings)


@post(
    "/destinations/{slug:str}/check",
    status_code=200,
    tags=["destinations"],
    responses={**APPLYING, **FINDING},
    opt=needs("destinations:write"),
)
async def check_destination(parts: Given, slug: FromPath[str]) -> CheckAnswer:
    """Look whether the tool of a destination can be reached; nothing is written to it."""
    destinations = parts.following.workspace.destinations
    destination = next((each for each in destinations if each.slug == slug), None)
    if destination is None:
        raise ProblemError(NOT_FOUND, f"there is no destination '{slug[:100]}'")
    return await parts.checking.of_destination(destination)


async def require_good_draft(parts: Parts, draft: DestinationDraft) -> None:
    """Return when a destination that is to be made would not fail its check.

    Raises:
        ProblemError: it would.
    """
    wanted = DestinationCheck(type=draft.type, settings=draft.settings)
    await _require_good(parts, await parts.deciding.run(parts.destinations.checkable, wanted))


async def require_good_change(parts: Parts, wanted: DestinationCheck) -> int:
    """Return the version of a destination that would not fail its check with these settings.

    Raises:
        ProblemError: it would.
    """
    found = await parts.deciding.run(parts.destinations.checkable, wanted)
    await _require_good(parts, found)
    return found.version


async def _require_good(parts: Parts, found: CheckedDestination) -> None:
    answer = await parts.checking.of_settings(found.type, found.settings)
    if answer.is_good is not False:
        return
    wrong = [each for each in answer.checked if each.is_good is False]
    setting = next((each.setting for each in wrong if each.setting), "")
    raise ProblemError(
        CHECK_FAILED,
        "; ".join(f"{each.name}: {each.detail}" for each in wrong) + ". Nothing was saved",
        facts={
            "field": f"settings.{setting}" if setting else "settings",
            "problems": [f"{each.name}: {each.detail}" for each in wrong],
        },
    )
