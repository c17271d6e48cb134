"""What every query language is parsed into, and how large a query may be."""

import re
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from tailrace.errors import QueryError
from tailrace.query.tree import Tree

LENGTH_MAX: Final = 10_000
DEPTH_MAX: Final = 40
LEAVES_MAX: Final = 500
# NUL, and halves of characters, which UTF-8 cannot write.
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")

Language = Literal["lucene", "kql"]


class Parsed(NamedTuple):
    """A tree, and what the person who asked should know about how the text was read."""

    tree: Tree
    notes: tuple[str, ...]


class ExpectedError(QueryError):
    """The text is not valid at its position, where one of `expected` may stand."""

    def __init__(self, message: str, *, position: int, hint: str, expected: Sequence[str]) -> None:
        super().__init__(message, position=position, hint=hint)
        self.expected = tuple(expected)


def require_text(text: str) -> None:
    """Refuse what no language reads.

    Raises:
        QueryError: the text is too long, or not text.
    """
    if len(text) > LENGTH_MAX:
        raise QueryError(
            f"the query has {len(text)} characters; the limit is {LENGTH_MAX}", position=LENGTH_MAX
        )
    odd = _NOT_TEXT.search(text)
    if odd is not None:
        raise QueryError("the query has a character that is not text", position=odd.start())
