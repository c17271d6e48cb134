"""Who may call what: one row for each operation of the API, written by hand.

A row says how to make a request that is right, who is let in, and what they are answered. To add
one for a new operation, write its method and path as `/api/openapi.json` has them, then who may.
Words in braces, in `at` (what stands in the path) and in bodies, are made for each request; see
`MAKERS` in `test_app_permissions.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

OWNERS: Final = frozenset({"owner"})
ADMINS: Final = OWNERS | {"admin"}
EDITORS: Final = ADMINS | {"editor"}
VIEWERS: Final = EDITORS | {"viewer"}
MEMBERS: Final = VIEWERS | {"source-only"}
SOURCE_EDITORS: Final = EDITORS | {"source-only"}
SIGNED_IN: Final = MEMBERS | {"account-token"}
ANYBODY: Final = SIGNED_IN | {"nobody"}

CALLERS: Final = (
    "owner",
    "admin",
    "editor",
    "viewer",
    "source-only",
    "account-token",
    "nobody",
)
"""A member of each role; a token of an editor that has the permission `account` only; nobody."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """An operation, who may call it, and what is answered then.

    `answers` are those who are let in and answered otherwise. `at` is what stands in the path. With
    `if_match` the request is for whatever version is there.
    """

    operation: str
    allowed: frozenset[str]
    answer: int = 200
    answers: Mapping[str, int] = field(default_factory=dict)
    at: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    if_match: bool = False

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.operation.partition(" ")[2]


def row(operation: str, allowed: frozenset[str], answer: int = 200, **request: object) -> Row:
    return Row(operation=operation, allowed=allowed, answer=answer, **request)  # type: ignore[arg-type]


EVENT: Final = {"message_id": "m-1"}
A_MONTH: Final = "2026-01-01T00:00:00Z"
SOURCE: Final = {"slug": "{own_source}"}
DESTINATION: Final = {"slug": "{destination}"}
NO_BACKFILL: Final = {**DESTINATION, "backfill_id": "999"}
ALERT: Final = {"slug": "{fresh_alert}"}
SAVED: Final = {"slug": "{fresh_saved_query}"}
TOLD: Final = {"type": "webhook", "url": "http://127.0.0.1:9/alert"}
STEPS: Final = [{"event": "Signup"}, {"event": "Order Completed"}]
EXPERIMENT: Final = {
    "exposure": {"event": "Experiment Viewed"},
    "variant": "properties.variant",
    "control": "old",
    "metrics": [{"events": {"event": "Order Completed"}}],
}
HOOK: Final = {"url": "https://hooks.example.com/events"}

ROWS: Final = (
    # Health and what the API is
    row("GET /healthz", ANYBODY),
    row("GET /readyz", ANYBODY),
    row("GET /metrics", ANYBODY),
    row("GET /api/openapi.json", ANYBODY),
    row("GET /api/docs", ANYBODY),
    row("GET /api/docs.css", ANYBODY),
    row("GET /api/workspace.schema.json", ANYBODY),
    # Signing in
    row("GET /api/v1/session", ANYBODY),
    row("POST /api/v1/session", ANYBODY, 204, body={"token": "{owner_token}"}),
    row("DELETE /api/v1/session", ANYBODY, 204),
    # There is no provider here.
    row("GET /api/v1/session/oidc", ANYBODY, 404),
    row("GET /api/v1/session/oidc/callback", ANYBODY, 404),
    row("POST /api/v1/invites/show", ANYBODY, body={"token": "{invite_token}"}),
    row(
        "POST /api/v1/invites/accept",
        ANYBODY,
        204,
        body={"token": "{invite_token}", "password": "a good one {new}"},
    ),
    # What is one's own
    row("GET /api/v1/me", SIGNED_IN),
    row("PATCH /api/v1/me", SIGNED_IN, body={"name": "Ada {new}"}),
    row(
        "POST /api/v1/me/password",
        SIGNED_IN,
        204,
        body={"current_password": "{password}", "new_password": "a good one {new}"},
        # A token has no password.
        answers={"account-token": 409},
    ),
    row("GET /api/v1/me/sessions", SIGNED_IN),
    row("DELETE /api/v1/me/sessions", SIGNED_IN, 204),
    row("DELETE /api/v1/me/sessions/{session_id}", SIGNED_IN, 204, at={"session_id": "{session}"}),
    row("GET /api/v1/tokens", SIGNED_IN),
    row("POST /api/v1/tokens", SIGNED_IN, 201, body={"name": "{new}", "permissions": ["account"]}),
    row("DELETE /api/v1/tokens/{token_id}", SIGNED_IN, 204, at={"token_id": "{own_token}"}),
    # Events
    row("POST /api/v1/search", VIEWERS, body={"query": ""}),
    row("POST /api/v1/histogram", VIEWERS, body={"query": ""}),
    row("POST /api/v1/values", VIEWERS, body={"field": "event"}),
    row("POST /api/v1/aggregate", VIEWERS, body={"aggs": {}}),
    row("GET /api/v1/fields", VIEWERS),
    row("POST /api/v1/query/explain", VIEWERS, body={"query": "a OR b"}),
    row("POST /api/v1/query/complete", VIEWERS, body={"query": "event:"}),
    row("POST /api/v1/sql", VIEWERS, body={"sql": "SELECT count() AS n FROM events"}),
    row("POST /api/v1/sql/csv", VIEWERS, body={"sql": "SELECT count() AS n FROM users"}),
    row("POST /api/v1/sql/explain", VIEWERS, body={"sql": "SELECT count() AS n FROM events"}),
    row("GET /api/v1/questions", VIEWERS),
    row("DELETE /api/v1/questions/{question_id}", VIEWERS, 404, at={"question_id": "none-of-mine"}),
    row("POST /api/v1/insights/funnel", VIEWERS, body={"steps": STEPS}),
    row("POST /api/v1/insights/funnel/people", VIEWERS, body={"steps": STEPS}),
    row("POST /api/v1/insights/paths", VIEWERS, body={}),
    row("POST /api/v1/insights/paths/people", VIEWERS, body={"step": 1, "item": "Signup"}),
    row("POST /api/v1/insights/experiment", VIEWERS, body=EXPERIMENT),
    row("POST /api/v1/insights/sample-size", VIEWERS, body={"rate": 0.2, "lift": 0.1}),
    row("GET /api/v1/events/{message_id}", VIEWERS, at=EVENT),
    row("GET /api/v1/event", VIEWERS, query=EVENT),
    # People and insights
    row("POST /api/v1/insights/trends", VIEWERS, body={"series": [{}], "since": "7d"}),
    row(
        "POST /api/v1/insights/trends/people",
        VIEWERS,
        body={"series": [{}], "since": "2026-01-01", "at": A_MONTH, "interval": "month"},
    ),
    row("POST /api/v1/insights/stickiness", VIEWERS, body={"since": "7d"}),
    row("POST /api/v1/insights/stickiness/people", VIEWERS, body={"since": "7d", "intervals": 2}),
    row("POST /api/v1/insights/active-ratio", VIEWERS, body={"since": "7d"}),
    row("POST /api/v1/insights/lifecycle", VIEWERS, body={"since": "7d"}),
    row(
        "POST /api/v1/insights/lifecycle/people",
        VIEWERS,
        body={"since": "2026-01-01", "at": A_MONTH, "interval": "month", "state": "new"},
    ),
    row("POST /api/v1/insights/retention", VIEWERS, body={"since": "7d"}),
    row(
        "POST /api/v1/insights/retention/people",
        VIEWERS,
        body={"since": "2026-01-01", "at": "2026-01-01T00:00:00Z", "column": 0, "unit": "month"},
    ),
    row("POST /api/v1/insights/sessions", VIEWERS, body={"since": "7d"}),
    row("POST /api/v1/insights/sessions/people", VIEWERS, body={"since": "7d"}),
    row("POST /api/v1/insights/attribution", VIEWERS, body={"conversion": {"event": "x"}}),
    row(
        "POST /api/v1/insights/attribution/people",
        VIEWERS,
        body={"conversion": {"event": "x"}, "row": ["direct"]},
    ),
    row("GET /api/v1/users", VIEWERS),
    row("GET /api/v1/users/{user_id}", VIEWERS, 404, at={"user_id": "nobody"}),
    row("GET /api/v1/users/{user_id}/events", VIEWERS, 404, at={"user_id": "nobody"}),
    row("GET /api/v1/users/{user_id}/sessions", VIEWERS, 404, at={"user_id": "nobody"}),
    row("GET /api/v1/user", VIEWERS, 404, query={"user_id": "nobody"}),
    row("GET /api/v1/user/events", VIEWERS, 404, query={"user_id": "nobody"}),
    row("GET /api/v1/user/sessions", VIEWERS, 404, query={"user_id": "nobody"}),
    row("GET /api/v1/groups", VIEWERS),
    row("GET /api/v1/group", VIEWERS, 404, query={"group_id": "nobody"}),
    row("GET /api/v1/group/events", VIEWERS, 404, query={"group_id": "nobody"}),
    row("GET /api/v1/explore/properties", VIEWERS, query={"event": "page"}),
    row("GET /api/v1/groups/{group_id}", VIEWERS, 404, at={"group_id": "nobody"}),
    row("GET /api/v1/groups/{group_id}/events", VIEWERS, 404, at={"group_id": "nobody"}),
    row("GET /api/v1/explore/events", VIEWERS),
    row("GET /api/v1/explore/events/{event}/properties", VIEWERS, at={"event": "page"}),
    row("GET /api/v1/trace/{message_id}", VIEWERS, at=EVENT),
    row("GET /api/v1/trace", VIEWERS, query=EVENT),
    row("GET /api/v1/set-aside", VIEWERS),
    row("GET /api/v1/ledger", VIEWERS),
    row("GET /api/v1/live", VIEWERS),
    row("GET /api/v1/status", VIEWERS),
    # Sources
    row("GET /api/v1/sources", MEMBERS),
    row("POST /api/v1/sources", EDITORS, 201, body={"slug": "s-{new}"}),
    row("GET /api/v1/sources/{slug}", MEMBERS, at=SOURCE),
    row(
        "PATCH /api/v1/sources/{slug}",
        SOURCE_EDITORS,
        at=SOURCE,
        body={"name": "{new}"},
        if_match=True,
    ),
    row("DELETE /api/v1/sources/{slug}", EDITORS, 204, at={"slug": "{fresh_source}"}),
    row("GET /api/v1/sources/{slug}/write-keys", MEMBERS, at=SOURCE),
    row("POST /api/v1/sources/{slug}/write-keys", SOURCE_EDITORS, 201, at=SOURCE, body={}),
    row(
        "DELETE /api/v1/sources/{slug}/write-keys/{key_id}",
        SOURCE_EDITORS,
        204,
        at={**SOURCE, "key_id": "{write_key}"},
    ),
    # Destinations
    row("GET /api/v1/destination-types", VIEWERS),
    row("GET /api/v1/destination-types/{slug}", VIEWERS, at={"slug": "webhook"}),
    row("GET /api/v1/languages", VIEWERS),
    row(
        "POST /api/v1/languages/check",
        VIEWERS,
        body={"language": "trigger", "text": 'type = "track"'},
    ),
    row("GET /api/v1/destinations", VIEWERS),
    row(
        "POST /api/v1/destinations",
        EDITORS,
        201,
        body={"slug": "d-{new}", "type": "webhook", "settings": HOOK},
    ),
    row(
        "POST /api/v1/destinations/preview",
        EDITORS,
        body={"destination": {"type": "webhook"}, "event": {"type": "track", "event": "x"}},
    ),
    row("GET /api/v1/saved-queries", VIEWERS),
    row(
        "POST /api/v1/saved-queries",
        VIEWERS,
        201,
        body={"slug": "q-{new}", "kind": "lucene", "body": {"query": "type:track"}},
    ),
    row("GET /api/v1/saved-queries/{slug}", VIEWERS, at=SAVED),
    row(
        "PATCH /api/v1/saved-queries/{slug}",
        ADMINS,
        at=SAVED,
        body={"name": "{new}"},
        if_match=True,
    ),
    row("DELETE /api/v1/saved-queries/{slug}", ADMINS, 204, at=SAVED),
    row("GET /api/v1/delivery-alerts", VIEWERS),
    row(
        "POST /api/v1/delivery-alerts",
        EDITORS,
        201,
        body={"slug": "a-{new}", "when": {"down_for_s": 60}, "notify": [TOLD]},
    ),
    row("GET /api/v1/delivery-alerts/{slug}", VIEWERS, at=ALERT),
    row(
        "PATCH /api/v1/delivery-alerts/{slug}",
        EDITORS,
        at=ALERT,
        body={"name": "{new}"},
        if_match=True,
    ),
    row("DELETE /api/v1/delivery-alerts/{slug}", EDITORS, 204, at={"slug": "{fresh_alert}"}),
    row("POST /api/v1/delivery-alerts/{slug}/test", EDITORS, at=ALERT),
    row(
        "POST /api/v1/destinations/check",
        EDITORS,
        body={"type": "file", "settings": {"directory": "/nowhere"}},
    ),
    row("POST /api/v1/destinations/{slug}/check", EDITORS, at=DESTINATION),
    row(
        "POST /api/v1/destinations/dry-run",
        EDITORS,
        body={"destination": {"type": "webhook"}, "events": 10},
    ),
    row("GET /api/v1/destinations/{slug}", VIEWERS, at=DESTINATION),
    row(
        "PATCH /api/v1/destinations/{slug}",
        EDITORS,
        at=DESTINATION,
        body={"name": "{new}"},
        if_match=True,
    ),
    row("DELETE /api/v1/destinations/{slug}", EDITORS, 204, at={"slug": "{fresh_destination}"}),
    row("GET /api/v1/destinations/{slug}/versions", VIEWERS, at=DESTINATION),
    row("POST /api/v1/destinations/{slug}/restore", EDITORS, at=DESTINATION, body={"version": 1}),
    # Deliveries; nothing delivers here, and the address of a test event is refused.
    row("GET /api/v1/deliveries", VIEWERS),
    row("GET /api/v1/destinations/{slug}/delivery", VIEWERS, at=DESTINATION),
    row(
        "POST /api/v1/destinations/{slug}/skip",
        EDITORS,
        202,
        at=DESTINATION,
        body={"until": "now"},
    ),
    row("POST /api/v1/destinations/{slug}/drain", EDITORS, 204, at=DESTINATION),
    row("POST /api/v1/destinations/{slug}/resume", EDITORS, 204, at=DESTINATION),
    row("GET /api/v1/destinations/{slug}/dead-letters", VIEWERS, at=DESTINATION),
    row(
        "GET /api/v1/destinations/{slug}/dead-letters/{letter_id}",
        VIEWERS,
        404,
        at={**DESTINATION, "letter_id": "1"},
    ),
    row(
        "POST /api/v1/destinations/{slug}/dead-letters/replay",
        EDITORS,
        at=DESTINATION,
        body={"reason": "http-400"},
    ),
    row(
        "POST /api/v1/destinations/{slug}/dead-letters/discard",
        EDITORS,
        at=DESTINATION,
        body={"reason": "http-400"},
    ),
    row(
        "POST /api/v1/destinations/{slug}/dead-letters/{letter_id}/replay",
        EDITORS,
        404,
        at={**DESTINATION, "letter_id": "1"},
        body={},
    ),
    row("GET /api/v1/destinations/{slug}/waiting", VIEWERS, at=DESTINATION),
    row(
        "GET /api/v1/destinations/{slug}/waiting/{waiting_id}",
        VIEWERS,
        404,
        at={**DESTINATION, "waiting_id": "1"},
    ),
    row(
        "POST /api/v1/destinations/{slug}/waiting/retry-now",
        EDITORS,
        at=DESTINATION,
        body={"all": True},
    ),
    row("GET /api/v1/destinations/{slug}/recent", VIEWERS, at=DESTINATION),
    row("GET /api/v1/destinations/{slug}/books", VIEWERS, at=DESTINATION),
    row("POST /api/v1/destinations/{slug}/test", EDITORS, at=DESTINATION, body={}),
    # Backfills; none is there to be steered.
    row(
        "POST /api/v1/destinations/{slug}/backfills/preview",
        VIEWERS,
        at=DESTINATION,
        body={"since": "1h"},
    ),
    row(
        "POST /api/v1/destinations/{slug}/backfills",
        EDITORS,
        201,
        at={"slug": "{fresh_destination}"},
        body={"since": "1h"},
    ),
    row("GET /api/v1/destinations/{slug}/backfills", VIEWERS, at=DESTINATION),
    row("GET /api/v1/destinations/{slug}/backfills/{backfill_id}", VIEWERS, 404, at=NO_BACKFILL),
    row(
        "POST /api/v1/destinations/{slug}/backfills/{backfill_id}/pause",
        EDITORS,
        404,
        at=NO_BACKFILL,
    ),
    row(
        "POST /api/v1/destinations/{slug}/backfills/{backfill_id}/resume",
        EDITORS,
        404,
        at=NO_BACKFILL,
    ),
    row(
        "POST /api/v1/destinations/{slug}/backfills/{backfill_id}/cancel",
        EDITORS,
        404,
        at=NO_BACKFILL,
    ),
    row(
        "GET /api/v1/destinations/{slug}/backfills/{backfill_id}/dead-letters",
        VIEWERS,
        404,
        at=NO_BACKFILL,
    ),
    row(
        "GET /api/v1/destinations/{slug}/backfills/{backfill_id}/dead-letters/{letter_id}",
        VIEWERS,
        404,
        at={**NO_BACKFILL, "letter_id": "1"},
    ),
    row(
        "POST /api/v1/destinations/{slug}/backfills/{backfill_id}/dead-letters/replay",
        EDITORS,
        404,
        at=NO_BACKFILL,
        body={"all": True},
    ),
    row(
        "POST /api/v1/destinations/{slug}/backfills/{backfill_id}/dead-letters/discard",
        EDITORS,
        404,
        at=NO_BACKFILL,
        body={"all": True},
    ),
    # The workspace
    row("GET /api/v1/settings", MEMBERS),
    row("PATCH /api/v1/settings", ADMINS, body={"name": "{new}"}, if_match=True),
    row("GET /api/v1/audit-log", EDITORS),
    row("GET /api/v1/workspace/export", ADMINS),
    row("POST /api/v1/workspace/diff", ADMINS, body={"text": "version: 1\nsources: {}\n"}),
    row("POST /api/v1/workspace/apply", ADMINS, body={"text": "version: 1\nsources: {}\n"}),
    # Members
    row("GET /api/v1/members", ADMINS),
    row("GET /api/v1/members/{member_id}", ADMINS, at={"member_id": "{member}"}),
    row(
        "PATCH /api/v1/members/{member_id}",
        ADMINS,
        at={"member_id": "{member}"},
        body={"role": "editor"},
        if_match=True,
    ),
    row("DELETE /api/v1/members/{member_id}", ADMINS, 204, at={"member_id": "{member}"}),
    row("POST /api/v1/members/{member_id}/reset-link", ADMINS, 201, at={"member_id": "{member}"}),
    row("POST /api/v1/members/{member_id}/sign-out", ADMINS, 204, at={"member_id": "{member}"}),
    row("GET /api/v1/invites", ADMINS),
    row(
        "POST /api/v1/invites",
        ADMINS,
        201,
        body={"email": "{new}@example.com", "role": "viewer"},
    ),
    row("DELETE /api/v1/invites/{invite_id}", ADMINS, 204, at={"invite_id": "{invite}"}),
)
