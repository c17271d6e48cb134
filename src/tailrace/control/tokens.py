"""API tokens as people manage them: list, make, revoke."""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from tailrace.config import token_hash
from tailrace.control.changes import ACTOR_CHARACTERS_MAX, Change, Changes, utc_now
from tailrace.control.models import ApiTokenRow, MemberRow, SessionRow
from tailrace.control.permissions import PERMISSIONS, Permission, Principal
from tailrace.control.settings import TOKEN_DAYS_MAX, read_settings
from tailrace.errors import ChangeError

TOKENS_MAX: Final = 1_000
"""How many tokens may be active at once in the workspace."""
MEMBER_TOKENS_MAX: Final = 100
"""How many of them may be of one member."""
CURSOR_PATTERN: Final = r"[0-9]{1,17}-tok_[0-9a-f]{24}"
"""Where a page of the list ends: the moment that its last token was made at, and its id."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX: Final = "trt_"
_HINT_CHARACTERS: Final = 8
_ID_PATTERN: Final = r"tok_[0-9a-f]{24}"


class TokenDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made; without `expires_in_days` it is good until it is revoked."""

    name: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+(?![\s\S])")
    ]
    permissions: Annotated[list[Permission], Meta(min_length=1, max_length=len(PERMISSIONS))]
    expires_in_days: Annotated[int, Meta(ge=1, le=TOKEN_DAYS_MAX)] | None = None


class TokenState(msgspec.Struct, frozen=True, kw_only=True):
    """A token as people read it; `hint` is its beginning.

    It may do what its `permissions` say, as far as its member still may. One without `member_id`
    was made with the first owner's token.
    """

    id: str
    name: str
    hint: str
    permissions: list[Permission]
    created_by: str
    member_id: str | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    state: Literal["active", "expired", "revoked"]


class TokenMade(TokenState, frozen=True, kw_only=True):
    """A new token, with the secret itself: nobody can read it again."""

    token: str


class Tokens:
    """The API tokens of all members; may wait for the database as `Sources` may."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def page(self, principal: Principal, *, after: str, limit: int) -> list[TokenState]:
        """Return at most `limit` tokens, the newest first, that follow one of `cursor_of`.

        They are those of the principal's member, or, with `tokens:read`, of everybody.
        """
        asked = select(ApiTokenRow).order_by(ApiTokenRow.created_at.desc(), ApiTokenRow.id.desc())
        if not principal.may("tokens:read"):
            asked = asked.where(_is_own(principal))
        if after:
            asked = asked.where(_follows(after))
        with self._changes.read() as session:
            now = utc_now()
            return [_state(row, now=now) for row in session.scalars(asked.limit(limit))]

    def create(self, draft: TokenDraft, *, principal: Principal) -> TokenMade:
        """Make a token for the principal's member.

        Raises:
            ChangeError: the principal has not all of its permissions, it would be good for longer
                than it may, or there are too many.
        """
        _require_permissions(draft, principal)
        token = _PREFIX + secrets.token_urlsafe(32)
        with self._changes.change(actor=principal.actor) as change:
            row = ApiTokenRow(
                id="tok_" + secrets.token_hex(12),
                name=draft.name,
                token_hash=token_hash(token),
                hint=token[:_HINT_CHARACTERS],
                permissions=sorted(draft.permissions),
                member_id=principal.member_id,
                created_by=_maker(change.session, principal),
                created_at=change.at,
                expires_at=_end(change, draft, principal),
            )
            _require_room(change, principal)
            change.session.add(row)
            change.note("token.create", f"tokens/{row.id}", after=_for_audit(row))
            state = _state(row, now=change.at)
        return TokenMade(**msgspec.structs.asdict(state), token=token)

    def revoke(self, token_id: str, *, principal: Principal) -> None:
        """End a token and the sessions that were opened with it; again changes nothing.

        Raises:
            ChangeError: there is none that the principal may see, or it is somebody else's and the
                principal has not `tokens:write`.
        """
        with self._changes.change(actor=principal.actor) as change:
            row = _existing(change.session, token_id, principal)
            if row.member_id != principal.member_id and not principal.may("tokens:write"):
                raise ChangeError(
                    f"the token '{row.name}' is {row.created_by}'s: to revoke it needs the "
                    "permission 'tokens:write'",
                    reason="not-allowed",
                )
            if row.revoked_at is not None:
                return
            row.revoked_at = change.at
            change.session.execute(delete(SessionRow).where(SessionRow.token_id == row.id))
            change.note("token.revoke", f"tokens/{row.id}", before=_for_audit(row))


def cursor_of(state: TokenState) -> str:
    """Return what a page of the list says to begin after this token."""
    return f"{_micros(state.created_at)}-{state.id}"


def _follows(cursor: str) -> ColumnElement[bool]:
    micros, _, token_id = cursor.partition("-")
    at = _EPOCH + timedelta(microseconds=int(micros))
    return or_(
        ApiTokenRow.created_at < at,
        and_(ApiTokenRow.created_at == at, ApiTokenRow.id < token_id),
    )


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _is_own(principal: Principal) -> ColumnElement[bool]:
    """Return what chooses the tokens of the principal's member, or of the first owner's token."""
    return ApiTokenRow.member_id.is_not_distinct_from(principal.member_id)


def _require_permissions(draft: TokenDraft, principal: Principal) -> None:
    wanted = set(draft.permissions)
    if len(wanted) < len(draft.permissions):
        raise ChangeError(
            "permissions names one twice: name each once", reason="invalid", field="permissions"
        )
    missing = sorted(wanted - principal.permissions)
    if missing:
        raise ChangeError(
            f"a token may do no more than who makes it: {principal.actor} ({principal.role}) does "
            f"not have {', '.join(missing)}; leave them out, or ask an admin",
            reason="not-allowed",
            field="permissions",
        )


def _maker(session: Session, principal: Principal) -> str:
    """Return who stands behind the principal; a token's token names the same person as it does.

    Raises:
        ChangeError: who asks was removed meanwhile.
    """
    behind: MemberRow | ApiTokenRow | None
    if principal.member_id is not None:
        behind = session.get(MemberRow, principal.member_id)
    elif principal.token_id is not None:
        behind = session.get(ApiTokenRow, principal.token_id)
    else:
        return principal.actor
    if behind is None:
        raise ChangeError(f"{principal.actor} was removed meanwhile", reason="not-allowed")
    person = behind.email if isinstance(behind, MemberRow) else behind.created_by
    return person[:ACTOR_CHARACTERS_MAX]


def _end(change: Change, draft: TokenDraft, principal: Principal) -> datetime | None:
    """Return when the token is to end.

    A token that is made with a token ends no later than that one: else whoever found one that is
    good for a day could make one that is good for ever.

    Raises:
        ChangeError: that is later than it may be.
    """
    days = draft.expires_in_days
    days_max = read_settings(change.session).token_days_max
    if days_max is not None and (days is None or days > days_max):
        raise ChangeError(
            f"the setting token_days_max lets tokens be good for at most {days_max} days: send "
            f"expires_in_days of 1 to {days_max}",
            reason="conflict",
            field="expires_in_days",
        )
    ends_at = None if days is None else change.at + timedelta(days=days)
    if principal.token_id is None:
        return ends_at
    made_with = change.session.get(ApiTokenRow, principal.token_id)
    last_at = None if made_with is None else made_with.expires_at
    if last_at is not None and (ends_at is None or ends_at > last_at):
        raise ChangeError(
            f"a token that is made with a token ends no later than it, {last_at.isoformat()}: "
            "sign in to make one that is good for longer",
            reason="conflict",
            field="expires_in_days",
        )
    return ends_at


def _require_room(change: Change, principal: Principal) -> None:
    active = and_(
        ApiTokenRow.revoked_at.is_(None),
        or_(ApiTokenRow.expires_at.is_(None), ApiTokenRow.expires_at > change.at),
    )
    count = select(func.count()).select_from(ApiTokenRow).where(active)
    if (change.session.scalar(count) or 0) >= TOKENS_MAX:
        raise ChangeError(
            f"the workspace has {TOKENS_MAX} active tokens: revoke those that nobody uses",
            reason="conflict",
        )
    own = count.where(_is_own(principal))
    is_member = principal.member_id is not None
    if is_member and (change.session.scalar(own) or 0) >= MEMBER_TOKENS_MAX:
        raise ChangeError(
            f"you have {MEMBER_TOKENS_MAX} active tokens: revoke those that nobody uses",
            reason="conflict",
        )


def _existing(session: Session, token_id: str, principal: Principal) -> ApiTokenRow:
    """Return a token that the principal may see."""
    # What is no id may hold characters that a database refuses.
    row = session.get(ApiTokenRow, token_id) if re.fullmatch(_ID_PATTERN, token_id) else None
    is_seen = row is not None and (
        row.member_id == principal.member_id
        or principal.may("tokens:read")
        or principal.may("tokens:write")
    )
    if row is None or not is_seen:
        raise ChangeError(f"there is no token '{token_id[:100]}'", reason="not-found")
    return row


def _for_audit(row: ApiTokenRow) -> dict[str, object]:
    return {
        "name": row.name,
        "permissions": list(row.permissions),
        "created_by": row.created_by,
        "expires_at": None if row.expires_at is None else row.expires_at.isoformat(),
    }


def _state(row: ApiTokenRow, *, now: datetime) -> TokenState:
    state: Literal["active", "expired", "revoked"] = "active"
    if row.revoked_at is not None:
        state = "revoked"
    elif row.expires_at is not None and row.expires_at <= now:
        state = "expired"
    return TokenState(
        id=row.id,
        name=row.name,
        hint=row.hint,
        permissions=list(row.permissions),  # type: ignore[arg-type]
        created_by=row.created_by,
        member_id=row.member_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        state=state,
    )
