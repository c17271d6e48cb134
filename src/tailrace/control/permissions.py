"""Who may do what: permissions, the roles that bundle them, and who stands behind a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

Permission = Literal[
    "account",
    "events:read",
    "system:read",
    "sources:read",
    "sources:write",
    "destinations:read",
    "destinations:write",
    "members:read",
    "members:write",
    "owners:write",
    "tokens:read",
    "tokens:write",
    "audit:read",
    "settings:read",
    "settings:write",
    "workspace:apply",
]
"""`account` is everybody's right to what is their own; `owners:write` is to make or change owners;
`workspace:apply` is to read and write the whole workspace as a file.
"""

Role = Literal["owner", "admin", "editor", "viewer", "source-only"]
PERMISSIONS: Final[frozenset[Permission]] = frozenset(get_args(Permission))
ROLES: Final[tuple[Role, ...]] = get_args(Role)
"""The most powerful first."""

_SOURCE_ONLY: Final[frozenset[Permission]] = frozenset(
    {"account", "sources:read", "sources:write", "settings:read"}
)
_VIEWER: Final[frozenset[Permission]] = frozenset(
    {
        "account",
        "events:read",
        "system:read",
        "sources:read",
        "destinations:read",
        "settings:read",
    }
)
_EDITOR: Final[frozenset[Permission]] = _VIEWER | frozenset[Permission](
    {"sources:write", "destinations:write", "audit:read"}
)
PERMISSIONS_OF: Final[Mapping[Role, frozenset[Permission]]] = {
    "owner": PERMISSIONS,
    "admin": PERMISSIONS - {"owners:write"},
    "editor": _EDITOR,
    "viewer": _VIEWER,
    "source-only": _SOURCE_ONLY,
}


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who makes a request, and what they may do.

    `actor` is how the audit log names them. `sources` are the slugs of the only sources that they
    may see or change, None for all. A request with a session has `session_hash`, one with an API
    token `token_id`; `member_id` is None for the first owner's token and for local commands.
    """

    actor: str
    role: Role
    permissions: frozenset[Permission]
    sources: frozenset[str] | None = None
    member_id: str | None = None
    session_hash: str | None = None
    token_id: str | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether they have the permission."""
        return permission in self.permissions

    def may_see(self, source: str) -> bool:
        """Tell whether they may see the source."""
        return self.sources is None or source in self.sources
