"""ClickHouse: loads events as rows of tables, as Segment lays out a warehouse.

Source: ClickHouse's documentation of its HTTP interface, of ReplacingMergeTree and of the tokens
that tell an insert which comes again; its list of error codes.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from tailrace.destinations import api, reaching
from tailrace.destinations.warehouse import (
    Layout,
    Load,
    Loaded,
    clickhouse,
    load_action,
    outcomes_of,
    schema_name,
)
from tailrace.errors import SettingsError, TransientError

CHECK_S_MAX: Final = 9.0

_CODE: Final = re.compile(r"Code: ([0-9]{1,4})\b")
_CODE_HEADER: Final = "x-clickhouse-exception-code"
_SETTINGS_CODES: Final = frozenset({36, 164, 192, 193, 194, 195, 291, 497, 516})
"""Wrong credentials, no permission, read only, and an engine that cannot be."""

_STALE_CODES: Final = frozenset({10, 16, 20, 47, 60, 81})
"""A table, column or database that is not there any more."""

_DATA_CODES: Final = frozenset(
    {6, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 469}
)
"""Rows that a table does not take: of other types meanwhile, or against a constraint."""


class _RefusedError(Exception):
    """The server refused a statement; `code` is its own, 0 where it told none."""

    def __init__(self, code: int, told: str, response: api.Response) -> None:
        super().__init__(told)
        self.code = code
        self.told = told
        self.response = response


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Which server, as whom, and how often."""

    url: Annotated[
        str,
        api.Setting(
            "Address of the HTTP interface, with its port, such as https://host:8443.",
            is_url=True,
            length_max=2_000,
        ),
    ]
    user: Annotated[
        str,
        api.Setting(
            "User that loads them.",
            pattern=r"[\x21-\x7e]{1,100}",
            expected="up to 100 printable ASCII characters without spaces",
        ),
    ] = "default"
    password: Annotated[
        api.Secret | None,
        api.Setting(
            "Password of the user.",
            pattern=r"[\x20-\x7e]+",
            expected="printable ASCII characters",
        ),
    ] = None
    database: Annotated[
        str | None,
        api.Setting(
            "Database of all tables; without one, each source has a database of its name.",
            pattern=r"[A-Za-z_][A-Za-z0-9_]{0,62}",
            expected="1 to 63 letters, digits and _, no digit first",
        ),
    ] = None
    database_prefix: Annotated[
        str,
        api.Setting(
            "How the names of the sources' databases begin.",
            pattern=r"[a-z_][a-z0-9_]{0,29}",
            expected="up to 30 lower-case letters, digits and _, no digit first",
        ),
    ] = ""
    batch_events_max: Annotated[
        int, api.Setting("Most events of one load.", minimum=1, maximum=10_000)
    ] = 5_000
    batch_age_s: Annotated[
        float,
        api.Setting("How long a load that is not full waits for more.", minimum=0, maximum=60),
    ] = 5.0
    timeout_s: Annotated[
        float, api.Setting("Longest wait for one answer.", minimum=1, maximum=600)
    ] = 60.0

    def __post_init__(self) -> None:
        """Refuse a prefix that would stand before nothing."""
        if self.database is not None and self.database_prefix:
            complaint = "is set beside database: give one of them"
            raise SettingsError(complaint, problems={"database_prefix": complaint})


class _Session:
    """What is known of the server; one load at a time."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.layout = Layout()
        self.loading = clickhouse.Loading()


async def load(
    events: Sequence[Loaded], settings: Settings, tools: api.Tools
) -> Sequence[api.Outcome]:
    """Load the events, one insert for each table."""
    session = tools.kept("session", _Session)

    async def take(loads: dict[str, Load]) -> api.Outcome:
        return await _loaded(loads, settings, tools, session.loading)

    async with session.lock:
        return await outcomes_of(_placed(events, settings), session.layout, tools, take)


def _placed(events: Sequence[Loaded], settings: Settings) -> list[tuple[str, bytes]]:
    prefix = settings.database_prefix
    return [
        (settings.database or schema_name(f"{prefix}{each.source}"), each.event) for each in events
    ]


async def _loaded(
    loads: dict[str, Load], settings: Settings, tools: api.Tools, loading: clickhouse.Loading
) -> api.Outcome:
    """Return what became of the batch as a whole.

    Raises:
        SettingsError: the server does not know us or does not let us.
        TransientError: it did not do it this time.
    """
    ask = partial(_ask, settings, tools)
    for is_last in (False, True):
        try:
            await loading.load(ask, loads, tools.blocking)
        except _RefusedError as error:
            loading.forget()
            if not is_last and error.code in _STALE_CODES | _DATA_CODES:
                continue
            if error.code in _DATA_CODES:
                return api.Rejected(f"code-{error.code}", error.told, error.response.status)
            return _outcome_of(error)
        except TransientError:
            # It may have been done nevertheless.
            loading.forget()
            raise
        break
    return api.Delivered()


async def _ask(settings: Settings, tools: api.Tools, statement: bytes) -> bytes:
    """Return the answer to a statement.

    Raises:
        _RefusedError: it was refused.
        TransientError: none came.
    """
    headers = {"Content-Type": "text/plain; charset=UTF-8", "X-ClickHouse-User": settings.user}
    if settings.password is not None:
        headers["X-ClickHouse-Key"] = settings.password.reveal()
    response = await tools.http.request(
        "POST", settings.url, content=statement, headers=headers, timeout_s=settings.timeout_s
    )
    code = response.headers.get(_CODE_HEADER, "")
    # What goes wrong after the beginning of an answer has the status of success.
    if response.status == 200 and not code:
        return response.body
    told = api.text_of(response.body)
    found = _CODE.search(told)
    number = int(code) if code.isdigit() else int(found[1]) if found else 0
    raise _RefusedError(number, told, response)


def _outcome_of(error: _RefusedError) -> api.Outcome:
    """Return what a refusal means for all events.

    Raises:
        SettingsError: people must mend it.
    """
    if error.code in _SETTINGS_CODES:
        raise SettingsError(error.told)
    if error.code:
        return api.Retry(f"code-{error.code}", error.told, error.response.status)
    if error.response.status in {400, 404, 405}:
        raise SettingsError(f"the answer was {error.response.status}: no ClickHouse is at url")
    outcome = api.outcome_of(error.response)
    if isinstance(outcome, api.Rejected):
        return api.Retry(outcome.reason, outcome.detail, outcome.status)
    return outcome


# --- The check ----------------------------------------------------------------------------------


async def check(settings: Settings, tools: api.Tools) -> Sequence[api.Checked]:
    """Look whether the server can be reached, lets us in, and lets us make tables."""
    steps = await reaching.reached(settings.url, tools, setting="url")
    if not reaching.is_reached(steps):
        return steps
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            version = await _ask(settings, tools, b"SELECT version()")
            signed_in = f"as {settings.user}, ClickHouse {api.text_of(version)}"
            steps.append(api.Checked("sign in", True, signed_in))
            steps.append(await _may_make(settings, tools))
    except _RefusedError as error:
        try:
            outcome = _outcome_of(error)
        except SettingsError as settings_error:
            setting = "password" if error.code in {192, 193, 194, 195, 516} else "url"
            return [*steps, api.Checked("sign in", False, str(settings_error), setting)]
        told = "" if isinstance(outcome, api.Delivered) else outcome.detail or outcome.reason
        return [*steps, api.Checked("sign in", None, told)]
    except (TransientError, TimeoutError) as error:
        return [*steps, api.Checked("sign in", None, str(error) or "no answer in time")]
    return steps


async def _may_make(settings: Settings, tools: api.Tools) -> api.Checked:
    name, where = "making tables", f"`{settings.database}`.*" if settings.database else "*.*"
    try:
        grants = api.text_of(await _ask(settings, tools, b"SHOW GRANTS"))
    except _RefusedError as error:
        return api.Checked(name, None, f"could not be asked: {error.told}")
    granted = [line for line in grants.splitlines() if line.startswith("GRANT ")]
    if any("ALL" in line or "CREATE" in line for line in granted):
        return api.Checked(name, True, granted[0])
    why = (
        "may not: GRANT CREATE DATABASE, CREATE TABLE, ALTER TABLE, INSERT, SELECT "
        f"ON {where} TO {settings.user}"
    )
    return api.Checked(name, False, why, "user")


LOAD = load_action(load)
DESTINATION = api.Destination(
    slug="clickhouse",
    is_warehouse=True,
    name="ClickHouse",
    description="Loads events into tables of a ClickHouse database.",
    settings=Settings,
    actions=(LOAD,),
    check=check,
)
