"""What each directive makes of an event.

Source: Segment, "Mapping Kit" and @segment/actions-core 3.170, whose results these reproduce.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from tailrace.jsontext import json_text, number_text
from tailrace.mappings.faults import MappingFailedError
from tailrace.mappings.paths import getter
from tailrace.mappings.running import MISSING, Run, text_of

Resolve = Callable[[Any, Run], Any]

_PLACEHOLDER_COST: Final = 20
_PLACEHOLDER = re.compile(r"\{\{\{([^}]+)\}\}\}|\{\{([^}]+)\}\}")
_decode: Final = msgspec.json.Decoder().decode


def path(text: str) -> Resolve:
    """Return the value at a path that is known beforehand."""
    get = getter(text)
    return lambda root, _: get(root)


def path_of(inner: Resolve) -> Resolve:
    """Return the value at a path that is itself the result of a directive."""
    return lambda root, run: getter(run.text(_text_from("@path", inner(root, run))))(root)


def template(text: str) -> Resolve:
    """Return the text with its placeholders filled in."""
    pieces = _pieces(text)
    return lambda root, run: _filled(pieces, root, run)


def template_of(inner: Resolve) -> Resolve:
    """Return the text that a directive gives, with its placeholders filled in."""

    def resolve(root: Any, run: Run) -> str:
        text = run.text(_text_from("@template", inner(root, run)))
        # Reading a placeholder costs more than its few characters.
        run.spend(text.count("{{") * _PLACEHOLDER_COST)
        return _filled(_pieces(text), root, run)

    return resolve


def choose(
    condition: Resolve, then: Resolve, otherwise: Resolve, *, asks: Literal["exists", "blank"]
) -> Resolve:
    """Return one of two results, by whether a value exists, or is not blank."""
    fits = _exists if asks == "exists" else _is_not_blank

    def resolve(root: Any, run: Run) -> Any:
        return (then if fits(condition(root, run)) else otherwise)(root, run)

    return resolve


def case(change: Callable[[str], str], value: Resolve) -> Resolve:
    """Return a text in upper or lower case; anything else as it is."""

    def resolve(root: Any, run: Run) -> Any:
        found = value(root, run)
        return run.text(change(found)) if isinstance(found, str) else found

    return resolve


def replace(
    value: Resolve,
    replacements: Sequence[tuple[str, str]],
    *,
    ignores_case: bool,
    is_global: bool,
) -> Resolve:
    """Return a text with one text in it replaced by another, for each pair in turn."""
    flags = re.IGNORECASE if ignores_case else re.NOFLAG
    patterns = [(re.compile(re.escape(old), flags), new) for old, new in replacements]

    def resolve(root: Any, run: Run) -> str:
        found = value(root, run)
        if isinstance(found, bool):
            found = "true" if found else "false"
        elif isinstance(found, int | float):
            found = number_text(found)
        if not isinstance(found, str):
            return ""
        for pattern, new in patterns:
            # What is read counts too: it may be long, and its replacement empty.
            run.spend(len(found))
            # The replacement is text: a function keeps it from being read as a template.
            found = run.text(pattern.sub(lambda _, new=new: new, found, 0 if is_global else 1))
        return found

    return resolve


def array_path(source: Resolve, shape: Resolve | None, *, shape_size: int) -> Resolve:
    """Return a list with each item mapped by a shape, which sees the item only."""
    if shape is None:
        return source

    def resolve(root: Any, run: Run) -> Any:
        found = source(root, run)
        if isinstance(found, Mapping):
            found = [found]
        elif not isinstance(found, list):
            return found
        mapped = []
        for item in found:
            run.spend(1 + shape_size)
            made = shape(item, run)
            if made is not MISSING:
                mapped.append(made)
        return mapped

    return resolve


def merge(objects: Sequence[Resolve]) -> Resolve:
    """Return one object with the keys of all; later ones win, and what is no object is skipped."""

    def resolve(root: Any, run: Run) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for each in objects:
            found = each(root, run)
            if isinstance(found, Mapping):
                run.spend(len(found))
                merged.update(found)
        return merged

    return resolve


def transform(apply: Resolve, mapping: Resolve) -> Resolve:
    """Return what a second mapping makes of the result of a first."""

    def resolve(root: Any, run: Run) -> Any:
        found = apply(root, run)
        if not isinstance(found, Mapping):
            raise MappingFailedError(f"@transform.apply gives {_type_of(found)}, not an object")
        return mapping(found, run)

    return resolve


def flatten(value: Resolve, separator: Resolve, *, omits_arrays: bool) -> Resolve:
    """Return an object of one level, whose keys are the paths to the values."""

    def resolve(root: Any, run: Run) -> dict[str, Any]:
        found = value(root, run)
        between = _text_from("@flatten.separator", separator(root, run))
        flat: dict[str, Any] = {}
        if found is not MISSING:
            _flatten(found, "", between, flat, run, omits_arrays=omits_arrays)
        return flat

    return resolve


def encode_json(value: Resolve) -> Resolve:
    """Return the value as JSON."""

    def resolve(root: Any, run: Run) -> Any:
        found = value(root, run)
        if found is MISSING:
            return MISSING
        return json_text(found, spend=run.spend)

    return resolve


def decode_json(value: Resolve) -> Resolve:
    """Return what JSON text says; text that is no JSON, and anything else, as it is."""

    def resolve(root: Any, run: Run) -> Any:
        found = value(root, run)
        if not isinstance(found, str):
            return found
        run.spend(len(found))
        try:
            return _decode(found)
        except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
            return found

    return resolve


def exclude_when_null(value: Resolve) -> Resolve:
    """Return the value without the nulls in its objects; nothing for null."""

    def resolve(root: Any, run: Run) -> Any:
        found = value(root, run)
        return MISSING if found is None else _without_nulls(found, run)

    return resolve


def _text_from(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise MappingFailedError(f"{where} takes a text, and was given {_type_of(value)}")
    return value


def _type_of(value: Any) -> str:
    if value is MISSING:
        return "no value"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, int | float):
        return "a number"
    return "an object" if isinstance(value, Mapping) else "a list"


def _pieces(text: str) -> list[str | Callable[[Any], Any]]:
    """Return the text of a template and its placeholders, in turn."""
    pieces: list[str | Callable[[Any], Any]] = []
    at = 0
    for found in _PLACEHOLDER.finditer(text):
        pieces.append(text[at : found.start()])
        pieces.append(getter((found.group(1) or found.group(2)).strip()))
        at = found.end()
    pieces.append(text[at:])
    return pieces


def _filled(pieces: list[str | Callable[[Any], Any]], root: Any, run: Run) -> str:
    return "".join(
        [run.text(each) if isinstance(each, str) else text_of(each(root), run) for each in pieces]
    )


def _exists(value: Any) -> bool:
    return value is not None and value is not MISSING


def _is_not_blank(value: Any) -> bool:
    """Tell what JavaScript's `value != ''` tells, which is false of 0, false and []."""
    # A list is compared as text, so [], [null] and [[""]] are blank as well, but [0] is not.
    is_in_list = False
    while isinstance(value, list):
        if len(value) != 1:
            return len(value) > 1
        value, is_in_list = value[0], True
    if value is None or value is MISSING or value == "":
        return False
    return is_in_list or not isinstance(value, int | float) or value != 0


def _flatten(
    value: Any,
    prefix: str,
    between: str,
    flat: dict[str, Any],
    run: Run,
    *,
    omits_arrays: bool,
) -> None:
    parts: Iterable[tuple[Any, Any]]
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list) and not omits_arrays:
        parts = enumerate(value)
    else:
        run.spend(len(prefix) + 1)
        flat[prefix] = value
        return
    start = prefix + between if prefix else ""
    run.spend(len(value) + len(start))
    for key, part in parts:
        _flatten(part, f"{start}{key}", between, flat, run, omits_arrays=omits_arrays)


def _without_nulls(value: Any, run: Run) -> Any:
    if not isinstance(value, Mapping):
        return value
    run.spend(len(value))
    return {key: _without_nulls(part, run) for key, part in value.items() if part is not None}
