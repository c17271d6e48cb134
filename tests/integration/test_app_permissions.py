"""Every operation of the API is called by everybody, who is let in or refused as the table says.

The table is `permissions.py`. An operation without a row fails here, and so does a row without an
operation.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final

import httpx
import pytest
from app_server import TOKEN, AppServer, app_server, track
from litestar.routes import HTTPRoute
from permissions import CALLERS, ROWS, Row
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from tailrace.app import make_app
from tailrace.config import token_hash
from tailrace.control.changes import utc_now
from tailrace.control.database import open_engine
from tailrace.control.models import ApiTokenRow, Base, MemberRow, SessionRow
from tailrace.control.passwords import hash_password

OWN, OTHER = "own-source", "other-source"
PASSWORD = "the password of everybody"
# Written while nobody changes anything.
NOTED_BY_ITSELF: Final = {"seen_at", "last_used_at"}
# The descriptions themselves, which are no part of what they describe.
NOT_DESCRIBED: Final = {
    "GET /api/openapi.json",
    "GET /api/docs",
    "GET /api/docs.css",
    "GET /api/workspace.schema.json",
}
# The framework's answers to what is not there.
OF_FRAMEWORK: Final = {"/api", "/api/{path}"}


class Everybody:
    """A member of each role and a token, at one app server; makes what requests are about."""

    def __init__(self, server: AppServer) -> None:
        self.server = server
        self._client = httpx.Client(base_url=server.url, timeout=30.0)
        self._engine = open_engine(server.config)
        self._count = 0
        password = hash_password(PASSWORD)
        for caller in CALLERS[:-1]:
            role = "editor" if caller == "account-token" else caller
            self._add_member(caller, role=role, password=password)
        self._account_token = "trt_" + secrets.token_urlsafe(32)
        self._add_token("account-token", token=self._account_token)
        for slug in (OWN, OTHER):
            self._made("/api/v1/sources", slug=slug)
        self._made("/api/v1/destinations", slug="hook", **HOOK_FIELDS)
        server.send(track("m-1"))

    def close(self) -> None:
        self._client.close()
        self._engine.dispose()

    def call(self, row: Row, caller: str) -> tuple[int, dict[str, Any]]:
        """Make the row's request; return status and answer."""
        return self._send(row, self._request(row, caller, source=OWN))

    def call_in_vain(
        self, row: Row, caller: str, *, source: str = OWN
    ) -> tuple[int, dict[str, Any]]:
        """Make the row's request, which must change nothing; return status and answer."""
        request = self._request(row, caller, source=source)
        before = _contents(self._engine)

        status, answer = self._send(row, request)

        after = _contents(self._engine)
        changed = [table for table in before if before[table] != after[table]]
        assert not changed, f"answered {status}, and changed {', '.join(changed)}"
        return status, answer

    def _send(self, row: Row, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._client.stream(row.method, **request) as response:
            is_endless = "event-stream" in response.headers.get("content-type", "")
            text = "" if is_endless else response.read().decode()
        # Each request is signed in by itself.
        self._client.cookies.clear()
        is_json = "json" in response.headers.get("content-type", "")
        answer = json.loads(text) if is_json and text else {}
        return response.status_code, answer

    def signed_in(self, caller: str) -> str:
        """Return the cookie of a new session of a member."""
        cookie = secrets.token_urlsafe(32)
        self._add_session(caller, digest=token_hash(cookie))
        return f"tailrace_session={cookie}"

    def _request(self, row: Row, caller: str, *, source: str) -> dict[str, Any]:
        made: dict[str, str] = {}

        def fill(text: str) -> str:
            return re.sub(r"\{(\w+)\}", lambda found: make(found[1]), text)

        def make(word: str) -> str:
            if word == "own_source":
                return source
            return made.setdefault(word, MAKERS[word](self, caller))

        path = row.path
        for name, text in row.at.items():
            path = path.replace(f"{{{name}}}", fill(text))
        headers = {"x-tailrace-request": "1", **({"if-match": "*"} if row.if_match else {})}
        if caller == "account-token":
            headers["authorization"] = f"Bearer {self._account_token}"
        elif caller != "nobody":
            headers["cookie"] = self.signed_in(caller)
        body = None if row.body is None else _filled(row.body, fill)
        return {"url": path, "params": dict(row.query), "json": body, "headers": headers}

    def new(self) -> str:
        """Return a name that nothing has yet."""
        self._count += 1
        return f"n{self._count}"

    def fresh_source(self) -> str:
        slug: str = self._made("/api/v1/sources", slug=f"s-{self.new()}")["slug"]
        return slug

    def fresh_destination(self) -> str:
        fields = {"slug": f"d-{self.new()}", **HOOK_FIELDS}
        slug: str = self._made("/api/v1/destinations", **fields)["slug"]
        return slug

    def fresh_alert(self) -> str:
        told = {"type": "webhook", "url": "http://127.0.0.1:9/alert"}
        fields = {"slug": f"a-{self.new()}", "when": {"down_for_s": 60}, "notify": [told]}
        slug: str = self._made("/api/v1/delivery-alerts", **fields)["slug"]
        return slug

    def fresh_saved_query(self) -> str:
        """Return one that the first owner shares."""
        fields = {"kind": "kql", "body": {"query": "type: track"}, "is_shared": True}
        slug: str = self._made("/api/v1/saved-queries", slug=f"q-{self.new()}", **fields)["slug"]
        return slug

    def write_key(self) -> str:
        return str(self._made(f"/api/v1/sources/{OWN}/write-keys")["id"])

    def invite(self) -> dict[str, Any]:
        return self._made("/api/v1/invites", email=f"{self.new()}@example.com", role="viewer")

    def member(self) -> str:
        return self._add_member(self.new(), role="viewer", password=None)

    def own_token(self, caller: str) -> str:
        return self._add_token(caller, token=self.new())

    def session(self, caller: str) -> str:
        return self._add_session(caller, digest=token_hash(self.new()))[:12]

    def _made(self, path: str, **fields: object) -> dict[str, Any]:
        response = self.server.client.post(path, json=fields)
        assert response.status_code == 201, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def _add_member(self, name: str, *, role: str, password: str | None) -> str:
        now = utc_now()
        member = MemberRow(
            id=_member_id(name),
            email=f"{name}@example.org",
            name=name,
            role=role,
            sources=[OWN] if role == "source-only" else None,
            password_hash=password,
            version=1,
            created_at=now,
            updated_at=now,
        )
        return self._add(member, member.id)

    def _add_token(self, caller: str, *, token: str) -> str:
        row = ApiTokenRow(
            id="tok_" + secrets.token_hex(12),
            name="script",
            token_hash=token_hash(token),
            hint=token[:8],
            permissions=["account"],
            member_id=_member_of(caller),
            created_by=f"{caller}@example.org",
            created_at=utc_now(),
        )
        return self._add(row, row.id)

    def _add_session(self, caller: str, *, digest: str) -> str:
        row = SessionRow(
            hash=digest,
            member_id=_member_of(caller),
            address="127.0.0.1",
            user_agent="test",
            created_at=utc_now(),
            seen_at=utc_now(),
            ends_at=utc_now() + timedelta(hours=1),
        )
        return self._add(row, digest)

    def _add(self, row: Base, made: str) -> str:
        with Session(self._engine) as session, session.begin():
            session.add(row)
        return made


HOOK_FIELDS: Final = {"type": "webhook", "settings": {"url": "https://127.0.0.1/events"}}
MAKERS: Final[Mapping[str, Callable[[Everybody, str], str]]] = {
    "new": lambda everybody, _: everybody.new(),
    "owner_token": lambda *_: TOKEN,
    "password": lambda *_: PASSWORD,
    "fresh_source": lambda everybody, _: everybody.fresh_source(),
    "write_key": lambda everybody, _: everybody.write_key(),
    "destination": lambda *_: "hook",
    "fresh_destination": lambda everybody, _: everybody.fresh_destination(),
    "fresh_alert": lambda everybody, _: everybody.fresh_alert(),
    "fresh_saved_query": lambda everybody, _: everybody.fresh_saved_query(),
    "member": lambda everybody, _: everybody.member(),
    "invite": lambda everybody, _: str(everybody.invite()["id"]),
    "invite_token": lambda everybody, _: everybody.invite()["url"].rpartition("token=")[2],
    "own_token": lambda everybody, caller: everybody.own_token(caller),
    "session": lambda everybody, caller: everybody.session(caller),
}
"""What the words in braces are, each made once for a request; `own_source` is another one."""


def _member_of(caller: str) -> str:
    return _member_id("owner" if caller == "nobody" else caller)


def _member_id(name: str) -> str:
    return f"mem_{token_hash(name)[:24]}"


def _filled(value: Any, fill: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return fill(value)
    if isinstance(value, Mapping):
        return {name: _filled(one, fill) for name, one in value.items()}
    return [_filled(one, fill) for one in value] if isinstance(value, list) else value


def _contents(engine: Engine) -> dict[str, list[Any]]:
    """Return all that the control database holds and somebody decided."""
    with engine.connect() as connection:
        return {
            table.name: list(
                connection.execute(
                    select(*(c for c in table.columns if c.name not in NOTED_BY_ITSELF)).order_by(
                        *table.primary_key.columns
                    )
                )
            )
            for table in Base.metadata.sorted_tables
        }


@pytest.fixture(scope="module")
def everybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everybody]:
    with app_server(tmp_path_factory.mktemp("app")) as server:
        everybody = Everybody(server)
        yield everybody
        everybody.close()


def by_operation(row: Row) -> str:
    return row.operation


# --- The table is whole -------------------------------------------------------------------------


def test_every_operation_that_is_described_has_a_row_and_every_row_an_operation(
    everybody: Everybody,
) -> None:
    paths = everybody.server.get("/api/openapi.json")["paths"]
    described = {
        f"{method.upper()} {path}" for path, methods in paths.items() for method in methods
    }

    assert {row.operation for row in ROWS} == described | NOT_DESCRIBED
    assert len({row.operation for row in ROWS}) == len(ROWS)


def test_every_route_has_a_row_even_where_it_is_not_described() -> None:
    app = make_app(SimpleNamespace())  # type: ignore[arg-type]

    routes = {
        f"{method} {route.path_format}"
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path_format not in OF_FRAMEWORK
        for method in route.methods - {"OPTIONS"}
    }

    assert routes - {row.operation for row in ROWS} == set()


# --- Who is let in ------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("row", ROWS, ids=by_operation)
def test_who_may_is_let_in_and_who_may_not_changes_nothing(
    everybody: Everybody, row: Row, caller: str
) -> None:
    if caller in row.allowed:
        status, answer = everybody.call(row, caller)
        assert status == row.answers.get(caller, row.answer), answer
        return
    status, answer = everybody.call_in_vain(row, caller)
    kind = answer["type"].rpartition(":")[2]
    is_nobody = caller == "nobody"
    assert (status, kind) == ((401, "unauthenticated") if is_nobody else (403, "not-allowed"))


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.at.get("slug") == "{own_source}"], ids=by_operation
)
def test_who_has_one_source_is_refused_at_another(everybody: Everybody, row: Row) -> None:
    status, answer = everybody.call_in_vain(row, "source-only", source=OTHER)

    assert (status, answer["type"]) == (403, "urn:tailrace:problem:not-allowed")


def test_who_has_one_source_sees_that_one_only(everybody: Everybody) -> None:
    response = httpx.get(
        f"{everybody.server.url}/api/v1/sources",
        headers={"cookie": everybody.signed_in("source-only")},
    )

    assert [source["slug"] for source in response.json()] == [OWN]
