"""A compiled filter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tailrace.filters.compile import compile_tree
from tailrace.filters.faults import FilterFailedError
from tailrace.filters.parser import Warned, parse
from tailrace.filters.reach import types_of
from tailrace.filters.tree import Tree, render


@dataclass(frozen=True, eq=False)
class Filter:
    """Decides whether an event goes on.

    `types` are the types of event that can match, None when any might: an event of another type
    need not even be decoded. `tree` is None for a text of the search bar. `warnings` are for
    whoever writes the filter. `evaluate` tells whether an event matches, and raises
    `FilterFailedError` where the filter cannot say.
    """

    text: str
    tree: Tree | None
    types: frozenset[str] | None
    warnings: tuple[Warned, ...]
    evaluate: Callable[[Mapping[str, Any]], bool] = field(repr=False)

    def matches(self, event: Mapping[str, Any]) -> bool:
        """Tell whether the event matches; one that the filter fails on does not."""
        try:
            return self.evaluate(event)
        except FilterFailedError:
            return False

    def failure(self, event: Mapping[str, Any]) -> str:
        """Return why the filter cannot say whether the event matches, "" when it can."""
        try:
            self.evaluate(event)
        except FilterFailedError as error:
            return str(error)
        return ""

    def __str__(self) -> str:
        """Return the filter as text in one spelling, whatever way it was written."""
        return self.text if self.tree is None else render(self.tree)


def compile_filter(text: str) -> Filter:
    """Return the filter that a text of the full language says.

    Raises:
        FilterError: the text is no filter; the error says where, and what to write.
    """
    parsed = parse(text)
    return Filter(
        text=text,
        tree=parsed.tree,
        types=types_of(parsed.tree),
        warnings=parsed.warnings,
        evaluate=compile_tree(parsed.tree),
    )
