"""Bodies whose values have the types that the description says: 0 is no `false`, "5" no 5.

The framework reads a body as leniently as the text of a parameter. Then a flag that is sent as 0,
or a number as text, is taken, and who sent it by mistake is not told.
"""

import re
from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ValidationException

_PLACE = re.compile(r"(?P<message>.*?)(?: - at `\$\.?(?P<key>.*)`)?", re.DOTALL)


class StrictRequest(Request[Any, Any, Any]):
    """A request whose JSON body is read as the type of the handler's `data`, and no other."""

    async def json(self) -> Any:
        """Return the body as that type.

        Raises:
            ValidationException: it is not of that type; names the field.
        """
        value = await super().json()
        field = self.route_handler.parsed_data_field
        if field is None or isinstance(value, msgspec.Struct):
            return value
        try:
            return msgspec.convert(value, field.annotation, str_keys=True)
        except msgspec.ValidationError as error:
            found = _PLACE.fullmatch(str(error))
            message = found["message"] if found else str(error)
            key = (found["key"] if found else None) or "data"
            told = {"message": message, "key": key, "source": "body"}
            raise ValidationException(detail="Validation failed", extra=[told]) from error
