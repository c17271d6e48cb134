"""Which events of a sample are kept.

Source: Segment, "Destination filters", sampling; the arithmetic is that of Segment's tsub.
"""

import hashlib
import math
from typing import Any, Final

from tailrace.jsontext import json_text

_DIGEST_BITS: Final = 128
_FRACTION_BITS: Final = 53
"""What a double keeps: the digest is read as one, leading zeros left out."""


def share_of(value: Any) -> float:
    """Return a number from 0 up to 1 that is the same for the same value, everywhere and always.

    It is the MD5 of the value as JSON, read as a binary fraction, most significant bit first.
    """
    text = json_text(value).encode(errors="surrogatepass")
    digest = hashlib.md5(text, usedforsecurity=False).digest()
    number = int.from_bytes(digest, "big")
    surplus = max(number.bit_length() - _FRACTION_BITS, 0)
    return math.ldexp(number >> surplus, surplus - _DIGEST_BITS)


def keeps(share: float, percent: float) -> bool:
    """Tell whether what has this share is within the percentage (0 to 1)."""
    return share < percent
