"""What is wrong with a workspace file: every place at once."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from tailrace.errors import ChangeReason, ConfigError

SHOWN_MAX: Final = 100


class Problem(NamedTuple):
    """One thing that is wrong; the message begins with the path. Line 0 is for no line."""

    line: int
    message: str


class WorkspaceFileError(ConfigError):
    """A workspace file cannot be applied; nothing was changed.

    `reason` is None when the file itself is not valid, else why it does not fit what is there.
    """

    def __init__(
        self,
        problems: Sequence[Problem],
        *,
        file_name: str = "workspace.yaml",
        reason: ChangeReason | None = None,
    ) -> None:
        self.problems = sorted(problems)
        self.reason = reason
        lines = [
            f"{file_name}, line {problem.line}: {problem.message}"
            if problem.line
            else f"{file_name}: {problem.message}"
            for problem in self.problems
        ]
        left_out = len(lines) - SHOWN_MAX
        if left_out > 0:
            lines[SHOWN_MAX:] = [f"{file_name}: {left_out} more problems"]
        self.lines = lines
        super().__init__("\n".join(lines))

    def named(self, file_name: str) -> "WorkspaceFileError":
        """Return the same with the file's name."""
        return WorkspaceFileError(self.problems, file_name=file_name, reason=self.reason)
