"""What is kept of single events in a destination's file: exchanges, attempts, the last ones."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tailrace.deliver import state as states
from tailrace.deliver import steering
from tailrace.deliver.exchanges import Exchange, TriedRequest, TriedResponse
from tailrace.deliver.letter_views import (
    fates,
    list_dead_letters,
    list_recent,
    list_waiting,
    show_dead_letter,
    show_waiting,
)
from tailrace.deliver.looking import inspect, status
from tailrace.deliver.outcomes import (
    DEAD,
    DELIVERED,
    WAITING,
    Failure,
    Out,
    Parked,
    Recent,
    Step,
    failed,
)
from tailrace.deliver.state import RECENT_MAX, State, Wanted
from tailrace.deliver.steering import discard, hurry, replay

MINUTE = 29_000_000
NOW = 60.0 * MINUTE
SQL = Path(states.__file__).parent / "sql"
EXCHANGE = Exchange(
    events=2,
    request=TriedRequest(method="POST", url="https://a.b/c", headers={}, body="[]", body_bytes=2),
    response=TriedResponse(status=422, headers={}, body="no", body_bytes=2),
)


def failure(number: int = 1, *, exchange: Exchange | None = None, **changed: Any) -> Failure:
    """Return how an event fares after so many attempts, a second apart."""
    found = None
    for n in range(number):
        found = failed(
            found, at=NOW + n, reason="http-422", detail="no", status=422, exchange=exchange
        )
    assert found is not None
    return found._replace(**changed)


def out(message_id: str, failed_so: Failure | None = None, **changed: Any) -> Out:
    """Return an event that goes out of line, of the person that its id begins with."""
    made = Out(
        subscription="send",
        message_id=message_id,
        type="track",
        name="Ordered",
        key=message_id[0],
        source="web",
        minute=MINUTE,
        event=b'{"type":"track","messageId":"%s"}' % message_id.encode(),
        failure=failed_so or failure(),
    )
    return made._replace(**changed)


def keep(path: Path, step: Step) -> None:
    state = State(path)
    state.commit(step)
    state.close()


def bury(path: Path, *letters: Out) -> None:
    """Make letters durable as who delivers does, with their count."""
    step = Step(positions={0: 1}, bury=list(letters))
    for each in letters:
        step.count((each.subscription, each.source, each.minute, DEAD, each.failure.reason))
    keep(path, step)


def ids(path: Path, **wanted: Any) -> list[str]:
    """Return the messageIds of the dead letters that are wanted."""
    found = list_dead_letters(path, wanted=Wanted(**wanted), before_id=None, limit=100)
    return sorted(each.message_id for each in found)


def exchanges(path: Path) -> int:
    with closing(sqlite3.connect(path)) as file:
        [count] = file.execute("SELECT count(*) FROM exchanges").fetchone()
    return int(count)


def unrendered(_: Out) -> tuple[None, str]:
    return None, "nothing is sent here"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hook.sqlite"


@pytest.fixture
def old_path(path: Path) -> Path:
    """Give a file as the first release made it, with a dead letter and an event that waits."""
    with closing(sqlite3.connect(path)) as file:
        file.executescript((SQL / "create_state.sql").read_text())
        event = ("send", "m-1", "track", "Ordered", "u-1", "web", MINUTE, b"{}")
        told = (2, NOW, NOW, "http-422", "no", 422)
        file.execute(f"INSERT INTO dead_letters VALUES (7, {', '.join('?' * 14)})", (*event, *told))
        file.execute(f"INSERT INTO parked VALUES (3, {', '.join('?' * 15)})", (*event, *told, NOW))
        file.execute(
            "INSERT INTO counts VALUES ('send', 'web', ?, 'dead letter', 'http-422', 1)", (MINUTE,)
        )
        file.commit()
    return path


# --- Format -------------------------------------------------------------------------------------


def test_a_file_of_format_1_can_be_looked_at_as_it_is(old_path: Path) -> None:
    [letter] = list_dead_letters(old_path, wanted=Wanted(), before_id=None, limit=10)
    shown = show_dead_letter(old_path, 7, rendered=unrendered)
    [waits] = list_waiting(old_path, wanted=Wanted(), after_id=0, limit=10)
    found = status(old_path, is_enabled=True, version=1, names={}, extents=dict, refined=abs)

    assert (letter.id, letter.edited, waits.id) == (7, False, 3)
    assert shown is not None
    assert (shown.request, shown.response, shown.tried) == (None, None, [])
    assert list_recent(old_path, outcome="", limit=10).deliveries == []
    assert [each.outcome for each in fates(old_path, "m-1")] == [DEAD, WAITING]
    assert found.subscriptions[0].dead_letters == 1
    assert inspect(old_path).dead_letters == 1
    with closing(sqlite3.connect(old_path)) as file:
        assert file.execute("SELECT value FROM meta").fetchall() == [("1",)]


def test_a_file_of_format_1_is_upgraded_on_opening_and_loses_nothing(
    old_path: Path, tmp_path: Path
) -> None:
    State(old_path).close()
    bury(old_path, out("m-2", failure(exchange=EXCHANGE)))

    assert ids(old_path) == ["m-1", "m-2"]
    [waits] = list_waiting(old_path, wanted=Wanted(), after_id=0, limit=10)
    assert waits.attempts == 2
    assert exchanges(old_path) == 1
    assert replay(old_path, [7], clock=lambda: NOW).letters == 1
    # A file that was made new has the same tables.
    new_path = tmp_path / "new.sqlite"
    State(new_path).close()
    tables = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
    with closing(sqlite3.connect(old_path)) as old, closing(sqlite3.connect(new_path)) as new:
        assert old.execute(tables).fetchall() == new.execute(tables).fetchall()


# --- Exchanges and attempts ---------------------------------------------------------------------


def test_a_dead_letter_is_shown_with_request_answer_and_each_attempt(path: Path) -> None:
    bury(path, out("m-1", failure(3, exchange=EXCHANGE)))

    shown = show_dead_letter(path, 1, rendered=lambda _: ({"data": 1}, ""))

    assert shown is not None
    assert (shown.request, shown.response) == (EXCHANGE.request, EXCHANGE.response)
    assert shown.request_events == 2
    assert [(each.number, each.status) for each in shown.tried] == [(1, 422), (2, 422), (3, 422)]
    assert shown.event["messageId"] == "m-1"
    assert (shown.payload, shown.payload_problem) == ({"data": 1}, "")


def test_of_many_attempts_the_first_and_the_last_are_kept(path: Path) -> None:
    found = failure(5_000)

    assert found.attempts == 5_000
    assert [each.number for each in found.tried] == [1, 2, 3, *range(4_994, 5_001)]


def test_an_exchange_is_kept_once_for_all_its_events_and_goes_with_the_last(path: Path) -> None:
    bury(path, *(out(f"m-{n}", failure(exchange=EXCHANGE)) for n in range(3)))
    kept = exchanges(path)

    discard(path, [1, 2])
    left = exchanges(path)
    replay(path, [3], clock=lambda: NOW)
    waiting = exchanges(path)
    keep(path, Step(unpark=[1]))

    assert (kept, left, waiting, exchanges(path)) == (1, 1, 1, 0)


def test_of_a_tool_that_refuses_all_only_the_last_exchanges_are_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "EXCHANGES_MAX", 3)
    for n in range(5):
        bury(path, out(f"m-{n}", failure(exchange=msgspec_replace(EXCHANGE, events=n))))

    shown = [show_dead_letter(path, n, rendered=unrendered) for n in range(1, 6)]

    assert [each.request_events for each in shown if each] == [0, 0, 2, 3, 4]
    assert [each.tried != [] for each in shown if each] == [True] * 5
    assert discard(path, [1, 2, 3]).letters == 3
    assert exchanges(path) == 2


def test_what_is_tried_again_keeps_its_history_and_takes_the_new_exchange(path: Path) -> None:
    bury(path, out("m-1", failure(2, exchange=EXCHANGE)))
    replay(path, [1], clock=lambda: NOW + 10)
    state = State(path)
    [due] = state.due(now=NOW + 10, limit=1)
    newer = msgspec_replace(EXCHANGE, events=1)
    again = failed(
        due.out.failure, at=NOW + 11, reason="http-503", detail="", status=503, exchange=newer
    )

    state.commit(Step(delay=[Parked(due.id, due.out._replace(failure=again), NOW + 60)]))

    state.close()
    shown = show_waiting(path, due.id, rendered=unrendered)
    assert shown is not None
    assert (shown.attempts, shown.request_events, exchanges(path)) == (1, 1, 1)
    assert [(each.number, each.status) for each in shown.tried] == [(1, 422), (2, 422), (3, 503)]


def msgspec_replace(exchange: Exchange, *, events: int) -> Exchange:
    return Exchange(events=events, request=exchange.request, response=exchange.response)


# --- Choosing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"status": 500}, ["b-2"]),
        ({"source": "app"}, ["c-3"]),
        ({"type": "identify"}, ["c-3"]),
        ({"name": "Paid"}, ["d-4"]),
        ({"since": NOW + 100}, ["d-4"]),
        ({"until": NOW + 100, "source": "web"}, ["a-1", "b-2"]),
        ({"reason": "http-422", "text": "D-"}, ["d-4"]),
        ({"subscription": "other"}, []),
    ],
)
def test_dead_letters_are_chosen_by_each_field_and_by_several(
    path: Path, wanted: dict[str, Any], found: list[str]
) -> None:
    bury(
        path,
        out("a-1"),
        out("b-2", failure(status=500, reason="http-500")),
        out("c-3", source="app", type="identify"),
        out("d-4", failure(last_at=NOW + 100), name="Paid"),
    )

    assert ids(path, **wanted) == found


def test_one_call_that_ran_out_of_time_says_that_more_are_left_and_the_next_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "STEP", 2)
    monkeypatch.setattr(steering, "CHANGED_S_MAX", -1.0)
    bury(path, *(out(f"a-{n}") for n in range(5)))
    wanted = Wanted(reason="http-422")

    first = discard(path, wanted)
    bury(path, out("b-new"))
    second = discard(path, wanted, until_id=first.until_id)
    third = discard(path, wanted, until_id=first.until_id)

    assert (first, second, third) == ((2, True, 5), (2, True, 5), (1, False, 5))
    assert ids(path) == ["b-new"]


def test_many_dead_letters_go_in_a_few_calls_and_the_books_hold(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "CHANGED_MAX", 2_500)
    bury(path, *(out(f"{n}", failure(exchange=EXCHANGE)) for n in range(6_000)))
    calls: list[int] = []
    until_id, more = None, True

    while more:
        one = replay(path, Wanted(status=422), clock=lambda: NOW, until_id=until_id)
        calls.append(one.letters)
        until_id, more = one.until_id, one.more

    assert calls == [2_500, 2_500, 1_000]
    found = status(
        path, is_enabled=True, version=1, names={}, extents=dict, refined=abs
    ).subscriptions[0]
    assert (found.dead_letters, found.waiting) == (0, 6_000)


# --- Waiting ------------------------------------------------------------------------------------


def test_what_waits_tells_when_it_is_next_and_what_goes_before_it(path: Path) -> None:
    keep(path, Step(park=[(out("a-1"), NOW + 60), (out("a-2"), NOW), (out("b-1"), NOW + 90)]))

    found = list_waiting(path, wanted=Wanted(), after_id=0, limit=10)

    assert [each.is_first for each in found] == [True, False, True]
    assert [each.next_at.timestamp() - NOW for each in found] == [60, 0, 90]
    rest = list_waiting(path, wanted=Wanted(text="b-"), after_id=found[0].id, limit=10)
    assert [each.message_id for each in rest] == ["b-1"]


def test_what_is_hurried_is_due_with_what_goes_before_it(path: Path) -> None:
    parked = [(out(name), NOW + 60) for name in ("a-1", "a-2", "a-3", "b-1")]
    keep(path, Step(park=parked))

    hurried = hurry(path, [2], clock=lambda: NOW)

    state = State(path)
    due = [each.out.message_id for each in state.due(now=NOW, limit=10)]
    state.close()
    assert (hurried, due) == (2, ["a-1"])
    assert hurry(path, None, clock=lambda: NOW) == 2
    assert hurry(path, None, clock=lambda: NOW) == 0


# --- The last ones ------------------------------------------------------------------------------


def recent(number: int, outcome: str = DELIVERED, stands_for: float = 1.0) -> Recent:
    return Recent(
        at=NOW + number,
        subscription="send",
        message_id=f"m-{number}",
        type="track",
        name="Ordered",
        source="web",
        outcome=outcome,
        reason="",
        status=200,
        took_ms=1.0,
        attempts=1,
        stands_for=stands_for,
    )


def test_the_last_deliveries_are_kept_and_failures_are_not_pushed_out_by_others(
    path: Path,
) -> None:
    for n in range(5):
        keep(path, Step(recent=[recent(1_000 * n + each) for each in range(100)]))
    keep(path, Step(recent=[recent(1, DEAD), recent(2, WAITING)]))
    keep(path, Step(recent=[recent(9_000 + each, stands_for=9.0) for each in range(RECENT_MAX)]))

    delivered = list_recent(path, outcome=DELIVERED, limit=1_000)
    dead = list_recent(path, outcome=DEAD, limit=1_000)

    assert len(delivered.deliveries) == RECENT_MAX
    assert delivered.deliveries[0].message_id == f"m-{9_000 + RECENT_MAX - 1}"
    assert (delivered.sampled, delivered.rate) == (True, round(1 / 9, 6))
    assert [each.message_id for each in dead.deliveries] == ["m-1"]
    assert (dead.sampled, dead.rate) == (False, 1.0)


def test_what_became_of_an_event_is_known_by_its_id(path: Path) -> None:
    keep(path, Step(recent=[recent(1)], park=[(out("m-2"), NOW)]))
    bury(path, out("m-3"))

    found = [[each.outcome for each in fates(path, f"m-{n}")] for n in (1, 2, 3, 4)]

    assert found == [[DELIVERED], [WAITING], [DEAD], []]
