"""What goes wrong with a mapping: its text, or one event that it cannot be applied to."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tailrace.errors import TailraceError


class MappingError(TailraceError):
    """The mapping is none: whoever wrote it must change it.

    `problems` says by the path in the mapping (`items.@arrayPath[1].sku`) what is wrong there; the
    path "" is the mapping as a whole.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(
            "; ".join(f"{where}: {what}" if where else what for where, what in problems.items())
        )
        self.problems = dict(problems)


class Problem(NamedTuple):
    """What is wrong with one field of a payload; `field` is a path such as `items[2].sku`."""

    field: str
    message: str


class MappingFailedError(TailraceError):
    """The mapping gives no payload for this event, and never will: reject the event.

    `problems` says what is wrong, by the fields of the payload where that is known.
    """

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (Problem("", message),)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> "MappingFailedError":
        """Return the failure that consists of the problems."""
        return cls(
            "; ".join(f"{problem.field}: {problem.message}" for problem in problems), problems
        )

    def below(self, name: str) -> "MappingFailedError":
        """Return the same failure as one of a field."""
        return self.of([Problem(name, str(self))])
