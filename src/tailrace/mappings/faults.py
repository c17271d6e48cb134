"""What goes wrong with a mapping: its text, or one event that it cannot be applied to."""

from collections.abc import Mapping

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


class MappingFailedError(TailraceError):
    """The mapping gives no payload for this event, and never will: reject the event."""
