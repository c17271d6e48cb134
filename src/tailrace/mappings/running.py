"""What one application of a mapping may still make, and how values become text."""

from collections.abc import Mapping
from typing import Any, Final

from tailrace.jsontext import number_text
from tailrace.mappings.faults import MappingFailedError

OUTPUT_SIZE_MAX: Final = 1_048_576
"""Characters of texts and keys, and one for each value: about the bytes of the payload as JSON."""
OUTPUT_DEPTH_MAX: Final = 300


class Missing:
    """No value at all, which is something else than null: it leaves its key out."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class Run:
    """One application of a mapping to an event."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = OUTPUT_SIZE_MAX

    def spend(self, size: int) -> None:
        """Count what was made.

        Raises:
            MappingFailedError: it is more than a payload may be.
        """
        self.left -= size
        if self.left < 0:
            raise MappingFailedError(
                f"the mapping makes more than {OUTPUT_SIZE_MAX} characters of this event"
            )

    def text(self, text: str) -> str:
        """Return the text, counted."""
        self.spend(len(text))
        return text


def measure(value: Any) -> None:
    """Check the size and depth of a payload, level by level.

    A mapping may name a large value many times: each costs nothing until it is written out, so
    what is counted is what would be written.

    Raises:
        MappingFailedError: the payload is too large or nested too deep.
    """
    run = Run()
    level = [value]
    for _ in range(OUTPUT_DEPTH_MAX):
        below: list[Any] = []
        run.spend(len(level))
        for each in level:
            if isinstance(each, str):
                run.spend(len(each))
            elif isinstance(each, dict):
                run.spend(sum(map(len, each)))
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
            # A whole number may have any number of digits.
            elif isinstance(each, int):
                run.spend(each.bit_length() // 3)
            if len(below) > run.left:
                run.spend(len(below))
        if not below:
            return
        level = below
    raise MappingFailedError(f"the payload is nested more than {OUTPUT_DEPTH_MAX} levels deep")


def text_of(value: Any, run: Run) -> str:
    """Return the value as JavaScript's String() writes it, but nothing for null or no value."""
    if isinstance(value, str):
        return run.text(value)
    if value is None or value is MISSING:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return run.text(number_text(value))
    if isinstance(value, Mapping):
        return "[object Object]"
    run.spend(len(value))
    return ",".join([text_of(item, run) for item in value])
