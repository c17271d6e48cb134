"""Make a body readable that is nearly JSON, and find each event's text as it was sent again.

Every repair but that of invalid UTF-8 keeps each byte at its place, so that a span of the readable
body is the same span of the sent one. Nothing is repaired in the raw log.
"""

import re
from typing import Final

from msgspec import Raw

_BOM: Final = b"\xef\xbb\xbf"
# Half of a character outside the basic plane: JSON allows the escape, Unicode does not. JavaScript
# sends one when a text was cut in the middle of an emoji.
_LONE_SURROGATE: Final = re.compile(
    rb"(?<!\\)((?:\\\\)*)"
    rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_ESCAPE_BYTES: Final = 6

DEPTH_MAX: Final = 256
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_AS_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


def valid_text(body: bytes) -> bytes:
    """Return the body without byte order mark; bytes that are no UTF-8 become U+FFFD."""
    if body.startswith(_BOM):
        body = body[len(_BOM) :]
    if body.isascii():
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode(errors="replace").encode()
    return body


def on_one_line(body: bytes) -> bytes:
    """Return the body with line breaks, which JSON allows between tokens only, as spaces.

    Objects of the body become lines of a block as they are, so they may not contain any.
    """
    if b"\n" in body or b"\r" in body:
        return body.replace(b"\n", b" ").replace(b"\r", b" ")
    return body


def without_lone_surrogates(body: bytes) -> bytes:
    r"""Return the body with `\ufffd` in place of each escape of half a character."""
    if b"\\u" not in body:
        return body
    return _LONE_SURROGATE.sub(_replace_lone, body)


def _replace_lone(match: re.Match[bytes]) -> bytes:
    backslashes, escape = match.groups()
    return match[0] if len(escape) > _ESCAPE_BYTES else backslashes + rb"\ufffd"


def check_depth(text: bytes) -> None:
    """Let JSON pass that nests no deeper than `DEPTH_MAX`.

    Later steps read parts of it again, from deeper in this program's own stack.

    Raises:
        RecursionError: it is nested deeper.
    """
    if len(text) < 2 * DEPTH_MAX or text.count(b"{") + text.count(b"[") <= DEPTH_MAX:
        return
    import numpy as np  # not for the app, which reads what was refined

    brackets = _STRING.sub(b"", text).translate(_AS_STEPS, _NOT_BRACKETS)
    depth = int(np.cumsum(np.frombuffer(brackets, np.int8), dtype=np.int64).max(initial=0))
    if depth > DEPTH_MAX:
        raise RecursionError(f"nested {depth} levels deep; the limit is {DEPTH_MAX}")


def sent_span(raw: Raw, *, readable: bytes, sent: bytes) -> bytes:
    """Return the bytes of `sent` at the place that `raw`, decoded from `readable`, has in it."""
    if readable is sent:
        return bytes(raw)
    import numpy as np  # not for the app, which reads what was refined

    here = np.frombuffer(raw, np.uint8)
    start = here.ctypes.data - np.frombuffer(readable, np.uint8).ctypes.data
    return sent[start : start + here.size]
