"""A mapping as the JSON text that people write, and where in it something is wrong."""

import json
from json.decoder import scanstring  # type: ignore[attr-defined]  # it is there, and not told of
from typing import Any, Final, NamedTuple, NoReturn

from tailrace.mappings.compiling import DEPTH_MAX, MAPPING_LENGTH_MAX, below
from tailrace.mappings.faults import MappingError
from tailrace.mappings.mapping import compile_mapping

TEXT_LENGTH_MAX: Final = 2 * MAPPING_LENGTH_MAX
_SPACE: Final = " \t\n\r"
_decode: Final = json.JSONDecoder().raw_decode


class Trouble(NamedTuple):
    """Something that is wrong: at a path of the mapping, and at a character of its text from 0."""

    path: str
    message: str
    position: int | None


def troubles_of(text: str) -> list[Trouble]:
    """Return what is wrong with the text of a mapping; nothing where it is one."""
    try:
        mapping = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return [Trouble("", f"this is no JSON: {error.msg}", error.pos)]
    except _NoConstantError as error:
        at = text.find(str(error))
        return [Trouble("", f"this is no JSON: {error}", at if at >= 0 else None)]
    except RecursionError:
        return [Trouble("", f"the mapping is nested more than {DEPTH_MAX} levels deep", 0)]
    try:
        compile_mapping(mapping)
    except MappingError as error:
        places = places_of(text)
        return [Trouble(path, what, places.get(path)) for path, what in error.problems.items()]
    return []


def places_of(text: str) -> dict[str, int]:
    """Return where in valid JSON the values are, by their paths as problems name them."""
    places: dict[str, int] = {}
    _place(text, _after_space(text, 0), "", places, depth=0)
    return places


class _NoConstantError(Exception):
    """NaN or Infinity, which JSON has not."""


def _refuse(name: str) -> NoReturn:
    raise _NoConstantError(name)


def _place(text: str, at: int, where: str, places: dict[str, int], *, depth: int) -> int:
    """Note where the value at a place is, and those in it; return where it ends."""
    places.setdefault(where, at)
    opening = text[at]
    if opening not in "{[" or depth > DEPTH_MAX:
        end: int = _decode(text, at)[1]
        return end
    at = _after_space(text, at + 1)
    closing = "}" if opening == "{" else "]"
    index = 0
    while text[at] != closing:
        if opening == "{":
            key: Any
            key, at = scanstring(text, at + 1, True)
            at = _after_space(text, _after_space(text, at) + 1)
            inner = below(where, key)
        else:
            inner = f"{where}[{index}]"
        at = _after_space(text, _place(text, at, inner, places, depth=depth + 1))
        index += 1
        if text[at] == ",":
            at = _after_space(text, at + 1)
    return at + 1


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
