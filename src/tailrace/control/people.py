"""Members in the forms that people send and read them."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import ColumnElement, or_

from tailrace.config import Slug
from tailrace.control.models import MemberRow
from tailrace.control.permissions import Role
from tailrace.control.shapes import Name
from tailrace.errors import ChangeError

EMAIL_CHARS_MAX: Final = 254

# Neither blanks nor what cannot be seen: two addresses that look the same are one.
_UNSEEN = r"\s@\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
EMAIL_PATTERN: Final = rf"^\s*[^{_UNSEEN}]+@[^{_UNSEEN}]+\s*$"
Email = Annotated[
    str,
    Meta(
        max_length=EMAIL_CHARS_MAX,
        pattern=EMAIL_PATTERN,
        description="Upper and lower case are the same.",
    ),
]
OnlySources = Annotated[
    list[Slug],
    Meta(
        min_length=1,
        max_length=100,
        description="For the role source-only: the sources that it may see and change.",
    ),
]


class MemberDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member to be made, who signs in by a link to set a password, or by an OpenID provider."""

    email: Email
    name: Name = ""
    role: Role
    sources: OnlySources | None = None


class MemberChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change of a member; what is left out stays."""

    name: Name | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    sources: OnlySources | UnsetType | None = UNSET


class MemberState(msgspec.Struct, frozen=True, kw_only=True):
    """A member as they are; `oidc` tells whether an OpenID provider vouches for them."""

    id: str
    email: str
    name: str
    role: Role
    sources: list[str] | None
    has_password: bool
    oidc: bool
    created_at: datetime
    updated_at: datetime
    signed_in_at: datetime | None


class VersionedMember(NamedTuple):
    """A member and the version that the next change of them must name."""

    state: MemberState
    version: int


class WantedMembers(NamedTuple):
    """Which members to list; None and "" are for every one."""

    role: Role | None = None
    text: str = ""


def email_of(text: str) -> str:
    """Return an e-mail address as it is stored and looked for.

    Raises:
        ChangeError: it is too long.
    """
    email = text.strip().lower()
    # Lower case can be longer than upper case.
    if len(email) > EMAIL_CHARS_MAX:
        raise ChangeError(
            f"the e-mail has {len(email)} characters; at most {EMAIL_CHARS_MAX} fit",
            reason="invalid",
            field="email",
        )
    return email


def conditions_of(wanted: WantedMembers) -> list[ColumnElement[bool]]:
    """Return what chooses the wanted rows."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.role is not None:
        conditions.append(MemberRow.role == wanted.role)
    if wanted.text:
        conditions.append(
            or_(
                MemberRow.email.icontains(wanted.text, autoescape=True),
                MemberRow.name.icontains(wanted.text, autoescape=True),
            )
        )
    return conditions


def role_of(row: MemberRow) -> Role:
    """Return the role of a member."""
    return cast("Role", row.role)


def versioned_member(row: MemberRow) -> VersionedMember:
    """Return a member as they are now, with their version."""
    return VersionedMember(member_state(row), row.version)


def member_state(row: MemberRow) -> MemberState:
    """Return a member as people read them."""
    return MemberState(
        id=row.id,
        email=row.email,
        name=row.name,
        role=role_of(row),
        sources=row.sources,
        has_password=row.password_hash is not None,
        oidc=row.oidc_subject is not None,
        created_at=row.created_at,
        updated_at=row.updated_at,
        signed_in_at=row.signed_in_at,
    )


def member_for_audit(row: MemberRow) -> dict[str, object]:
    """Return what the audit log says of a member; nothing of the password."""
    return {"email": row.email, "name": row.name, "role": row.role, "sources": row.sources}
