"""Values as text, the way JavaScript writes them.

Filters, samples and mappings were written for tools that run JavaScript, so 1.0 is the text `1`,
and a number is written with an exponent from 1e21 on and below 1e-6. Whole numbers stay exact.

Source: ECMAScript 2024, Number::toString and SerializeJSONProperty.
"""

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

_quoted: Final = json.JSONEncoder(ensure_ascii=False).encode
_EXPONENT_FROM: Final = 21
_EXPONENT_BELOW: Final = -6


def number_text(number: float) -> str:
    """Return the shortest text that reads back as the same number."""
    if isinstance(number, int):
        return _whole_text(number)
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number.is_integer() and abs(number) < 2**53:
        return str(int(number))
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    # Where the point stands, counted from the first digit.
    point = len(text) + int(exponent)
    return ("-" if sign else "") + _placed(text, point)


def json_text(value: Any, *, spend: Callable[[int], None] | None = None) -> str:
    """Return the value as JSON without spaces, its keys in their order.

    `spend` is told the length of each piece before the next one is made, and may raise.

    Raises:
        RecursionError: it is nested deeper than Python calls can be.
    """
    pieces: list[str] = []
    if spend is None:
        _write(value, pieces.append)
    else:

        def counted(piece: str) -> None:
            spend(len(piece))
            pieces.append(piece)

        _write(value, counted)
    return "".join(pieces)


def _whole_text(number: int) -> str:
    try:
        return str(number)
    except ValueError:
        # Python refuses to write a whole number of more than 4300 digits in decimal.
        return "Infinity" if number > 0 else "-Infinity"


def _placed(digits: str, point: int) -> str:
    if _EXPONENT_BELOW < point <= 0:
        return "0." + "0" * -point + digits
    if 0 < point <= _EXPONENT_FROM:
        if len(digits) <= point:
            return digits + "0" * (point - len(digits))
        return digits[:point] + "." + digits[point:]
    mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
    return f"{mantissa}e{point - 1:+d}"


def _write(value: Any, write: Callable[[str], None]) -> None:
    if isinstance(value, str):
        write(_quoted(value))
    elif value is None:
        write("null")
    elif isinstance(value, bool):
        write("true" if value else "false")
    elif isinstance(value, int | float):
        text = number_text(value)
        write(text if text[-1].isdigit() else "null")
    elif isinstance(value, Mapping):
        separator = "{"
        for key, part in value.items():
            write(separator + _quoted(key) + ":")
            _write(part, write)
            separator = ","
        write("{}" if separator == "{" else "}")
    else:
        separator = "["
        for part in value:
            write(separator)
            _write(part, write)
            separator = ","
        write("[]" if separator == "[" else "]")
