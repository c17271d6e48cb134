"""The workspace as a file: export it, compare it with one, make it like one.

The file is YAML: settings, sources with their write keys, destinations, delivery alerts,
shared queries, members.
Passwords, API tokens, sessions and invites are not in it; secrets stand in it as references to
environment variables or files, whose values travel beside it.

Invariants:

1. All of a file is applied, in one change of the workspace, or nothing.
2. Comparing is applying, taken back: what `diff` says is what `apply` does.
3. A workspace that was exported and applied elsewhere exports to the same bytes, and applying a
   file again changes nothing.
4. Every problem names the line and the path, and all of them are told at once.
5. About a section that it does not have, a file says nothing.
"""

from tailrace.control.workspace_file.files import Asked, WorkspaceFiles
from tailrace.control.workspace_file.problems import WorkspaceFileError
from tailrace.control.workspace_file.work import Outcome

__all__ = ["Asked", "Outcome", "WorkspaceFileError", "WorkspaceFiles"]
