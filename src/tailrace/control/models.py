"""The tables of the control database; `migrations/` makes them, a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


Slug = String(63).with_variant(String(63, collation="C"), "postgresql")
"""Ordered by code points on either database, as the pages of a list are."""


Email = String(254).with_variant(String(254, collation="C"), "postgresql")
"""As slugs: members come in pages in order of their e-mails."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no timezone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment as it is stored."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a timezone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the stored moment, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """What all tables share."""

    metadata = MetaData(naming_convention=NAMES)


class WorkspaceRow(Base):
    """The one workspace: how many changes it has seen, and what parts follow of it."""

    __tablename__ = "workspace"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    version: Mapped[int]
    document: Mapped[str] = mapped_column(Text)
    secret_key_id: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(Instant)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
    settings_version: Mapped[int] = mapped_column(server_default="1")


class SourceRow(Base):
    """A source; one that was deleted stays, so that its slug is never given away again."""

    __tablename__ = "sources"

    slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    enabled: Mapped[bool]
    ip: Mapped[str] = mapped_column(String(20))
    requests_per_s_max: Mapped[float | None] = mapped_column(Double)
    json: Mapped[dict[str, str]] = mapped_column(JSON)
    webhook_secret_sealed: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)

    write_keys: Mapped[list["WriteKeyRow"]] = relationship(
        back_populates="source", order_by="WriteKeyRow.id", lazy="selectin"
    )


class WriteKeyRow(Base):
    """A write key; one that was disabled stays, so that nobody gets it again."""

    __tablename__ = "write_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    source_slug: Mapped[str] = mapped_column(Slug, ForeignKey("sources.slug"), index=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    label: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    disabled_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    source: Mapped[SourceRow] = relationship(back_populates="write_keys")


class DestinationRow(Base):
    """A tool that receives events, as it is now; one that was deleted keeps its slug.

    `settings` holds what anybody may read, `secrets_sealed` the rest by the names of the settings.
    `sources` are the slugs whose events go there, None for all; `subscriptions` None for those
    that its type has by default. `delivery` holds what is not the default of `DeliveryRules`.
    """

    __tablename__ = "destinations"

    slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    type: Mapped[str] = mapped_column(String(63))
    enabled: Mapped[bool]
    sources: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    secrets_sealed: Mapped[dict[str, str]] = mapped_column(JSON)
    filters: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    subscriptions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    delivery: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class DestinationVersionRow(Base):
    """A destination as it was from one change to the next; never edited."""

    __tablename__ = "destination_versions"

    destination_slug: Mapped[str] = mapped_column(
        Slug, ForeignKey("destinations.slug"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    enabled: Mapped[bool]
    sources: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    secrets_sealed: Mapped[dict[str, str]] = mapped_column(JSON)
    filters: Mapped[list[dict[str, Any]]] = mapped_column(JSON, server_default="[]")
    subscriptions: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    delivery: Mapped[dict[str, Any]] = mapped_column(JSON, server_default="{}")


class DeliveryAlertRow(Base):
    """Who is told when a destination is in trouble.

    `destinations` are the slugs of those that are watched, None for all. `notify` has where
    messages go without what is secret, which `secrets_sealed` holds as `SLUG.url`, `SLUG.secret`.
    """

    __tablename__ = "delivery_alerts"

    slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    enabled: Mapped[bool]
    destinations: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    conditions: Mapped[dict[str, Any]] = mapped_column(JSON)
    repeat_every_h: Mapped[float | None] = mapped_column(Double)
    notify: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    secrets_sealed: Mapped[dict[str, str]] = mapped_column(JSON)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class SavedQueryRow(Base):
    """A question that somebody keeps: a member, or, without one, the first owner's token.

    Others see it where it is shared.
    """

    __tablename__ = "saved_queries"

    slug: Mapped[str] = mapped_column(Slug, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(20))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_shared: Mapped[bool]
    member_id: Mapped[str | None] = mapped_column(
        String(40), ForeignKey("members.id", ondelete="SET NULL"), index=True
    )
    created_by: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class MemberRow(Base):
    """Somebody who may sign in: by password, by an OpenID provider's word, or by neither yet.

    `email` is in lower case. `sources` are the slugs that a member of the role `source-only` may
    manage, None for other roles.
    """

    __tablename__ = "members"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    email: Mapped[str] = mapped_column(Email, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    sources: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    password_hash: Mapped[str | None] = mapped_column(Text)
    oidc_issuer: Mapped[str | None] = mapped_column(String(255))
    oidc_subject: Mapped[str | None] = mapped_column(String(255))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    signed_in_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)


class InviteRow(Base):
    """A link, good once, by which somebody becomes a member or sets a password.

    With `member_id` it sets that member's password; else it makes a member of `role`.
    """

    __tablename__ = "invites"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(20))
    sources: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    member_id: Mapped[str | None] = mapped_column(
        String(40), ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class SessionRow(Base):
    """A signed-in browser, by the hash of its cookie.

    It belongs to a member, to an API token, or, with neither, to the first owner's token, whose
    hash `opened_with` then is.
    """

    __tablename__ = "sessions"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    member_id: Mapped[str | None] = mapped_column(
        String(40), ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    token_id: Mapped[str | None] = mapped_column(
        String(40), ForeignKey("api_tokens.id", ondelete="CASCADE"), index=True
    )
    opened_with: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    ends_at: Mapped[datetime] = mapped_column(Instant, index=True)


class ApiTokenRow(Base):
    """A token for scripts, by its hash; `hint` is its beginning, for people to tell it by.

    It may do what its `permissions` say, as far as its member still may; without a member it was
    made with the first owner's token.
    """

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    permissions: Mapped[list[str]] = mapped_column(JSON)
    member_id: Mapped[str | None] = mapped_column(
        String(40), ForeignKey("members.id", ondelete="CASCADE"), index=True
    )
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class AuditRow(Base):
    """Who changed what, from what to what; secrets stand there as `***`."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(40))
    resource: Mapped[str] = mapped_column(String(200))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    # Read from the end, as a whole or by what people ask for.
    __table_args__ = (
        Index(None, "resource", "id"),
        Index(None, "actor", "id"),
        Index(None, "action", "id"),
        Index(None, "at"),
    )


class IdempotencyRow(Base):
    """A creation that was asked for under a key of the client's, and what it made."""

    __tablename__ = "idempotency_keys"

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    made: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant, index=True)
