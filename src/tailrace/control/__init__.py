"""What people decide: the sources and their write keys, in a database that running parts follow.

The tables (`models`) are read and written by the app alone, through `Sources`. Every change raises
the version of the workspace and writes, in the same transaction, its *document*: everything that
running parts must know, as one JSON text. Parts follow that document (`Follower`): they ask for it
once or twice a second, keep the newest as `data/run/workspace.snapshot`, and go on with the last
one while the database is away.

Invariants:

1. Document and tables of one version say the same: they commit together.
2. A part never waits for the database while it takes in or refines an event.
3. A webhook secret is sealed (`vault`) wherever it rests: tables, document, snapshot.
4. A slug belongs to one source for ever, since stored events carry it.

5. Passwords, session ids and tokens are kept as hashes alone; `credentials` says who stands behind
   one, and no answer of it counts for longer than two seconds while the database answers.

Collectors and the worker import neither SQLAlchemy nor Alembic, which take 29 and 10 MB of memory:
`link`, `document`, `follow` and `start` must stay free of them.
"""

from tailrace.control.document import Workspace
from tailrace.control.follow import Follower
from tailrace.control.start import (
    check_database,
    ensure_workspace,
    read_first_owner,
    read_workspace,
)

__all__ = [
    "Follower",
    "Workspace",
    "check_database",
    "ensure_workspace",
    "read_first_owner",
    "read_workspace",
]
