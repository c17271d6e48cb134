"""Paths into an event: `$.properties.products[0]['first name']`."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tailrace.mappings.running import MISSING

_KEY = re.compile(r"[^.\[\]]+")
_INDEX = re.compile(r"[0-9]{1,9}")
_QUOTES: Final = ("'", '"')

ROOTS: Final = frozenset({"", "."})
"""What names the whole event, after `$.`."""

Get = Callable[[Any], Any]


def keys_of(path: str) -> tuple[str, ...]:
    """Return the keys that a path names; none for the whole event.

    A dot always separates: a key with a dot in it cannot be named.
    """
    return tuple(_unquoted(key) for key in _KEY.findall(path.removeprefix("$.")))


def getter(path: str) -> Get:
    """Return what reads the value at a path: `MISSING` where there is none."""
    keys = keys_of(path)
    if not keys:
        is_root = path.removeprefix("$.") in ROOTS
        return lambda root: root if is_root else MISSING
    if len(keys) == 1:
        (only,) = keys
        return lambda root: _step(root, only)

    def get(root: Any) -> Any:
        found = root
        for key in keys:
            found = _step(found, key)
            if found is MISSING:
                break
        return found

    return get


def _step(value: Any, key: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(key, MISSING)
    if isinstance(value, list) and _INDEX.fullmatch(key):
        index = int(key)
        return value[index] if index < len(value) else MISSING
    return MISSING


def _unquoted(key: str) -> str:
    if len(key) > 1 and key[0] in _QUOTES and key[-1] == key[0]:
        return key[1:-1]
    return key
