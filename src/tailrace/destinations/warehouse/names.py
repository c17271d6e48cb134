"""Identifiers of a warehouse: snake case of what people call things, never too long.

Source: Segment's warehouse schema, and its library go-snakecase for where a word begins.
"""

import hashlib
import re
from collections.abc import Set
from functools import lru_cache
from typing import Final

NAME_LENGTH_MAX: Final = 63
"""PostgreSQL cuts what is longer."""

UNNAMED: Final = "unnamed"
_HASH_CHARACTERS: Final = 8
_WORDS: Final = re.compile(r"[A-Z0-9]+[a-z0-9]*|[a-z0-9]+")
_DONE: Final = re.compile(r"(?:[a-z0-9]|_(?=[a-z0-9]))*")
_FOREIGN_SCHEMAS: Final = frozenset({"information_schema", "system"})


def snake_case(text: str) -> str:
    """Return a text in snake case: `accountType` is `account_type`; "" where nothing is left.

    Only ASCII letters and digits are left of it; what is between them becomes one `_`.
    """
    text = text.lstrip("_")
    match = _DONE.match(text)
    end = match.end() if match else 0
    if end == len(text):
        return text
    # As go-snakecase does: a digit before a capital letter begins the next word.
    if end and text[end - 1].isdigit():
        end -= 1
    words = [text[:end].strip("_")] if end else []
    words += [word.lower() for word in _WORDS.findall(text, end)]
    return "_".join(word for word in words if word)


def named(text: str) -> str:
    """Return a text in snake case; what nothing is left of has a name made of its hash."""
    return snake_case(text) or f"{UNNAMED}_{_hash(text)}"


def cut(name: str) -> str:
    """Return a name that is short enough; an overlong one ends in the hash of the whole."""
    if len(name) <= NAME_LENGTH_MAX:
        return name
    kept = NAME_LENGTH_MAX - _HASH_CHARACTERS - 1
    return f"{name[:kept]}_{_hash(name)}"


def apart_from(name: str, taken: Set[str]) -> str:
    """Return a name that is none of those: with a `_` before it, as no snake case begins."""
    return cut(f"_{name}") if name in taken else name


@lru_cache(maxsize=1_000)
def schema_name(text: str) -> str:
    """Return what the schema or database of a source, or one that people named, is called."""
    name = cut(named(text))
    is_foreign = name in _FOREIGN_SCHEMAS or name.startswith("pg_")
    return cut(f"_{name}") if is_foreign else name


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_HASH_CHARACTERS]
