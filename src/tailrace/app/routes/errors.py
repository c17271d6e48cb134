"""The problems that routes answer with, as the OpenAPI description shows them."""

from litestar.openapi.datastructures import ResponseSpec

from tailrace.app.problems import KINDS, MEDIA_TYPE, Problem


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the description of problems with these statuses."""
    return {
        kind.status: ResponseSpec(
            data_container=Problem,
            description=kind.title,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for kind in KINDS
        if kind.status in statuses
    }


ASKING = problems(400, 401, 413, 422, 429, 503)
READING = problems(400, 401, 429, 503)
FINDING = problems(400, 401, 404, 422, 429, 503)
CREATING = problems(400, 401, 403, 404, 409, 413, 422, 429, 503)
CHANGING = problems(400, 401, 403, 404, 409, 412, 413, 428, 429, 503)
APPLYING = problems(400, 401, 403, 404, 409, 413, 429, 503)
DELETING = problems(400, 401, 403, 404, 409, 412, 429, 503)
SIGNING_IN = problems(400, 401, 403, 413, 429, 503)
