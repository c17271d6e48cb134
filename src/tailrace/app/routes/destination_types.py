"""Types of destinations: what they are set to and what they do."""

from litestar import get
from litestar.params import FromPath

from tailrace.app.asking import needs
from tailrace.app.parts import Given
from tailrace.app.problems import NOT_FOUND, ProblemError
from tailrace.app.routes.errors import FINDING, READING
from tailrace.control.destination_shapes import DestinationType
from tailrace.destinations.describing import DestinationTypeDetails, described


@get("/destination-types", tags=["destinations"], responses=READING, opt=needs("destinations:read"))
async def list_destination_types(parts: Given) -> list[DestinationType]:
    """Return the types of destinations, with the JSON Schema of their settings."""
    return parts.destinations.types()


@get(
    "/destination-types/{slug:str}",
    tags=["destinations"],
    responses=FINDING,
    opt=needs("destinations:read"),
)
async def show_destination_type(parts: Given, slug: FromPath[str]) -> DestinationTypeDetails:
    """Return a type of destination with its actions, their fields, and subscriptions to begin with.

    The fields' defaults are mappings; a subscription that leaves a field out has them.
    """
    found = parts.destinations.type(slug)
    if found is None:
        raise ProblemError(NOT_FOUND, f"there is no type '{slug[:100]}' of destinations")
    return described(found)
