"""Examples of bodies, as the OpenAPI description shows them."""

from litestar.enums import RequestEncodingType
from litestar.openapi.spec import Example
from litestar.params import BodyKwarg


def body(**example: object) -> BodyKwarg:
    """Return the description of a JSON body with an example."""
    return BodyKwarg(media_type=RequestEncodingType.JSON, examples=[Example(value=example)])
