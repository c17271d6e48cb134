"""Events in the address of an image, for e-mails: GET /v1/pixel/<type>?data=<base64 JSON>.

Source: Segment, Pixel Tracking API.
"""

import binascii
from base64 import b64decode
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from tailrace.collect.refusals import Refused

PARAMETERS_MAX: Final = 500
DEPTH_MAX: Final = 16
OBJECTS: Final = ("context", "integrations", "properties", "traits")
_FROM_URL: Final = bytes.maketrans(b"-_ ", b"+/+")


def pixel_body(query: bytes) -> bytes:
    """Return the event of a pixel's query as JSON, whichever of the two forms it has.

    `data` is base64 of an event, the alphabet for URLs and missing padding included; without it
    every parameter is a field, with dots between the keys of nested ones.

    Raises:
        Refused: neither form can be read.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=PARAMETERS_MAX)
        data = next((value for name, value in pairs if name == b"data"), None)
        if data is not None:
            return _from_base64(data)
        fields = [(name.decode(), value.decode()) for name, value in pairs]
    except ValueError as error:
        raise Refused("malformed_pixel", f"the query cannot be read: {error}") from error
    return msgspec.json.encode(_nested(fields))


def _from_base64(data: bytes) -> bytes:
    # A plus sign in a query arrives as a space.
    encoded = data.strip().translate(_FROM_URL).rstrip(b"=")
    try:
        return b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise Refused("malformed_pixel", f"data is not base64: {error}") from error


def _nested(fields: list[tuple[str, str]]) -> dict[str, object]:
    """Return `a.b=1` as `{"a": {"b": "1"}}`; a later parameter replaces what is in its way."""
    event: dict[str, object] = {}
    for name, value in fields:
        keys = name.split(".") if name.startswith(OBJECTS) else [name]
        if len(keys) > DEPTH_MAX:
            raise Refused(
                "malformed_pixel", f"a parameter has {len(keys)} keys; the limit is {DEPTH_MAX}"
            )
        target = event
        for key in keys[:-1]:
            inner = target.get(key)
            if not isinstance(inner, dict):
                inner = target[key] = {}
            target = inner
        target[keys[-1]] = value
    return event
