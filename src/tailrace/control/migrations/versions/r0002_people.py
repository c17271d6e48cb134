"""Settings, destinations with their versions, members, invites, sessions, API tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_EMAIL = sa.String(254).with_variant(sa.String(254, collation="C"), "postgresql")
_SLUG = sa.String(63).with_variant(sa.String(63, collation="C"), "postgresql")


def upgrade() -> None:
    """Add what people, their tokens and destinations need."""
    with op.batch_alter_table("workspace") as workspace:
        workspace.add_column(sa.Column("settings", sa.JSON, nullable=False, server_default="{}"))
        workspace.add_column(
            sa.Column("settings_version", sa.Integer, nullable=False, server_default="1")
        )
    op.create_index("ix_audit_log_actor_id", "audit_log", ["actor", "id"])
    op.create_index("ix_audit_log_action_id", "audit_log", ["action", "id"])
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    _destinations()
    _people()
    _sessions_and_tokens()


def _destinations() -> None:
    op.create_table(
        "destinations",
        sa.Column("slug", _SLUG, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("type", sa.String(63), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("sources", sa.JSON),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("secrets_sealed", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("deleted_at", _INSTANT),
        sa.PrimaryKeyConstraint("slug", name="pk_destinations"),
    )
    op.create_table(
        "destination_versions",
        sa.Column("destination_slug", _SLUG, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("sources", sa.JSON),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("secrets_sealed", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("destination_slug", "version", name="pk_destination_versions"),
        sa.ForeignKeyConstraint(
            ["destination_slug"],
            ["destinations.slug"],
            name="fk_destination_versions_destination_slug_destinations",
        ),
    )


def _people() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("email", _EMAIL, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("sources", sa.JSON),
        sa.Column("password_hash", sa.Text),
        sa.Column("oidc_issuer", sa.String(255)),
        sa.Column("oidc_subject", sa.String(255)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("updated_at", _INSTANT, nullable=False),
        sa.Column("signed_in_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("email", name="uq_members_email"),
        sa.UniqueConstraint(
            "oidc_issuer", "oidc_subject", name="uq_members_oidc_issuer_oidc_subject"
        ),
    )
    op.create_table(
        "invites",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("sources", sa.JSON),
        sa.Column("member_id", sa.String(40)),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.Column("revoked_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_invites"),
        sa.UniqueConstraint("token_hash", name="uq_invites_token_hash"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_invites_member_id_members", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_invites_member_id", "invites", ["member_id"])


def _sessions_and_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.Column("member_id", sa.String(40)),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT),
        sa.Column("last_used_at", _INSTANT),
        sa.Column("revoked_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
            name="fk_api_tokens_member_id_members",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_api_tokens_member_id", "api_tokens", ["member_id"])
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("member_id", sa.String(40)),
        sa.Column("token_id", sa.String(40)),
        sa.Column("opened_with", sa.String(64)),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("seen_at", _INSTANT, nullable=False),
        sa.Column("ends_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_sessions_member_id_members", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["token_id"],
            ["api_tokens.id"],
            name="fk_sessions_token_id_api_tokens",
            ondelete="CASCADE",
        ),
    )
    for column in ("member_id", "token_id", "ends_at"):
        op.create_index(f"ix_sessions_{column}", "sessions", [column])
