"""Who may decide about whom: nobody about those above them, only owners about owners.

To give somebody a role, or a link that opens an account, is to give what the role may do. So it
takes every permission of the role: a token that may only manage members cannot make an admin.
"""

from tailrace.control.permissions import PERMISSIONS_OF, ROLES, Principal, Role
from tailrace.errors import ChangeError


def require_may_manage(by: Principal, role: Role) -> None:
    """Return when they may change or remove somebody of that role.

    Raises:
        ChangeError: they may not.
    """
    if role == "owner" and not by.may("owners:write"):
        raise ChangeError(
            "only owners may make, change or remove owners, which needs the permission "
            f"'owners:write'; {by.actor} ({by.role}) does not have it",
            reason="not-allowed",
            field="role",
        )
    if ROLES.index(role) < ROLES.index(by.role):
        raise ChangeError(
            f"'{role}' is above '{by.role}', the role of {by.actor}; ask somebody of that role",
            reason="not-allowed",
            field="role",
        )


def require_may_give(by: Principal, role: Role) -> None:
    """Return when they may give somebody that role, or a link into an account of that role.

    Raises:
        ChangeError: they may not.
    """
    require_may_manage(by, role)
    missing = PERMISSIONS_OF[role] - by.permissions
    if missing:
        raise ChangeError(
            f"'{role}' may do what {by.actor} may not: {', '.join(sorted(missing))}; "
            "nobody gives permissions that they do not have",
            reason="not-allowed",
            field="role",
        )
