"""What goes wrong with a filter: its text, or one event that it cannot be asked of."""

from tailrace.errors import QueryError, TailraceError


class FilterError(QueryError):
    """The text is no filter: whoever wrote it must change it.

    `position` counts characters from 0; `hint` says what to write instead, where that is known.
    """


class FilterFailedError(TailraceError):
    """The filter cannot say true or false of this event: do not send it, count it as failed."""
