"""What is read from a destination's file, and what is changed in it, beside who delivers."""

from pathlib import Path

import pytest

from tailrace.deliver import looking as looks
from tailrace.deliver import steering
from tailrace.deliver.backlog import BEGAN_AFTER_EVENTS, BEGAN_MINUTE
from tailrace.deliver.letter_views import list_dead_letters, show_dead_letter
from tailrace.deliver.looking import inspect, status, summary
from tailrace.deliver.outcomes import DEAD, DELIVERED, FILTERED, Failure, Out, Step
from tailrace.deliver.state import ENDED_EARLY, State, Wanted, begun_minutes, looking, totals
from tailrace.deliver.steering import discard, replay
from tailrace.errors import CorruptionError, LimitError
from tailrace.log import Extent

MINUTE = 29_000_000
NOW = 60.0 * MINUTE


def dead(number: int, *, reason: str = "http-400", subscription: str = "send") -> Out:
    return Out(
        subscription=subscription,
        message_id=f"m-{number}",
        type="track",
        name="Ordered",
        key="u-1",
        source="web",
        minute=MINUTE,
        event=b'{"type":"track"}',
        failure=Failure(1, NOW, NOW, reason, "no", 400),
    )


def bury(path: Path, *letters: Out) -> None:
    """Make letters durable as who delivers does, with their count."""
    step = Step(positions={0: 1})
    for out in letters:
        step.count((out.subscription, out.source, out.minute, DEAD, out.failure.reason))
        step.bury.append(out)
    state = State(path)
    state.commit(step)
    state.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hook.sqlite"


REFINED = {MINUTE: 500, MINUTE + 1: 4_000, MINUTE + 2: 30}
PACE = {
    "version": 1,
    "state": "down",
    "in_flight": 100,
    "in_flight_records": 1,
    "failing_since": NOW,
    "record_events": 4_000.0,
    "event_bytes": 900.0,
    "events_per_s_10s": 0.0,
    "events_per_s_60s": 0.0,
    "retries_60s": 3,
    "requests_now": 0,
    "requests_at_once": 1,
    "request_ms_p50": None,
    "request_ms_p99": None,
    "delivered_after_s_p50": None,
    "delivered_after_s_p99": None,
}


def refined_since(minute: int) -> int:
    return sum(events for each, events in REFINED.items() if each >= minute)


def seen(path: Path, *, version: int = 1, is_enabled: bool = True) -> looks.DeliveryStatus:
    return status(
        path,
        is_enabled=is_enabled,
        version=version,
        names={"send": "Send"},
        extents=lambda: {0: Extent(2, 10, 0), 1: Extent(0, 3, 0)},
        refined=refined_since,
    )


# --- How it stands ------------------------------------------------------------------------------


def test_before_who_delivers_has_told_of_this_version_it_is_starting(path: Path) -> None:
    before = seen(path)
    state = State(path)
    state.tell({"state": "down", "problem": "no-answer", "version": 1, "in_flight": 7})
    state.close()

    assert before.state == seen(path, version=2).state == "starting"
    assert (seen(path).state, seen(path).problem, seen(path).in_flight) == ("down", "no-answer", 7)
    assert seen(path, is_enabled=False).state == "disabled"
    assert [each.slug for each in before.subscriptions] == ["send"]


def test_a_summary_says_what_the_status_says_of_one_that_was_never_looked_at_too(
    path: Path,
) -> None:
    extents = {0: Extent(2, 10, 0), 1: Extent(0, 3, 0)}
    before = summary(path, is_enabled=True, version=1, extents=extents, refined=abs)
    bury(path, dead(1), dead(2))
    state = State(path)
    state.tell({"state": "down", "problem": "no-answer", "version": 1, "worked_at": NOW})
    state.close()

    after = summary(path, is_enabled=True, version=1, extents=extents, refined=abs)
    disabled = summary(path, is_enabled=False, version=1, extents=extents, refined=abs)

    assert (before.state, before.behind_records, before.dead_letters) == ("starting", 0, 0)
    shown = seen(path)
    assert (after.state, after.problem) == (shown.state, shown.problem) == ("down", "no-answer")
    assert (after.worked_at, after.behind_records) == (shown.worked_at, shown.behind_records)
    assert (after.dead_letters, after.waiting, after.backlog_events) == (2, 0, None)
    assert (disabled.state, disabled.problem, disabled.dead_letters) == ("disabled", "", 2)


def test_the_backlog_is_what_was_refined_and_has_no_outcome(path: Path) -> None:
    state = State(path)
    state.tell({**PACE, "oldest_at": NOW})
    untouched = seen(path).pace
    step = Step(positions={0: 1})
    step.count(("send", "web", MINUTE, DELIVERED, ""), 300)
    step.count(("send", "web", MINUTE, FILTERED, "not subscribed"), 20)
    step.count(("send", "web", MINUTE + 1, DELIVERED, ""), 5)
    state.commit(step)
    state.tell({**PACE, "oldest_at": NOW, ENDED_EARLY: {"send": {DELIVERED: 7}}})
    begun = seen(path).pace
    state.tell({**PACE, "oldest_at": NOW + 120, "in_flight": 25, ENDED_EARLY: {}})
    late = seen(path).pace
    state.close()

    assert untouched is not None
    assert begun is not None
    assert late is not None
    assert untouched.backlog_events == 4_530
    assert begun.backlog_events == 4_530 - 332
    assert late.backlog_events == 30


def test_events_of_the_minute_before_the_destination_began_are_not_of_its_backlog(
    path: Path,
) -> None:
    state = State(path)
    state.tell({**PACE, "oldest_at": NOW, BEGAN_MINUTE: MINUTE, BEGAN_AFTER_EVENTS: 420})
    at_first = seen(path).pace
    state.tell({"oldest_at": NOW + 60})
    later = seen(path).pace
    state.close()

    assert at_first is not None
    assert later is not None
    assert at_first.backlog_events == 4_530 - 420
    assert later.backlog_events == 4_030


def test_without_anything_on_its_way_the_backlog_is_estimated(path: Path) -> None:
    state = State(path)
    state.commit(Step(positions={0: 9, 1: 3}))
    state.tell({**PACE, "in_flight": 0, "in_flight_records": 0, "oldest_at": None})
    state.close()

    pace = seen(path).pace

    assert pace is not None
    assert pace.backlog_events == 4_000


def test_behind_are_the_records_after_the_position_that_the_log_still_has(path: Path) -> None:
    state = State(path)
    state.commit(Step(positions={0: 1, 1: 2}))
    state.close()

    assert seen(path).behind_records == 8 + 1


def test_reasons_are_why_events_were_not_delivered_the_commonest_first(path: Path) -> None:
    step = Step(positions={0: 1})
    step.count(("send", "web", MINUTE, DELIVERED, ""), 10)
    step.count(("send", "web", MINUTE, FILTERED, "not subscribed"), 2)
    step.count(("send", "app", MINUTE, FILTERED, "not subscribed"), 3)
    state = State(path)
    state.commit(step)
    state.close()
    bury(path, dead(1))

    found = [(each.outcome, each.reason, each.events) for each in seen(path).reasons]
    assert found == [(FILTERED, "not subscribed", 5), (DEAD, "http-400", 1)]


def test_what_is_not_there_has_no_dead_letters_and_is_not_made_by_looking(path: Path) -> None:
    found = list_dead_letters(path, wanted=Wanted(), before_id=None, limit=10)

    assert found == []
    assert show_dead_letter(path, 1, rendered=lambda _: (None, "")) is None
    assert replay(path, Wanted(), clock=lambda: NOW).letters == discard(path, [1]).letters == 0
    assert not path.exists()


# --- Dead letters -------------------------------------------------------------------------------


def test_what_is_replayed_leaves_the_dead_and_waits_in_its_order(path: Path) -> None:
    bury(path, *(dead(n) for n in range(5)))

    replayed = replay(path, [1, 2, 2, 4, 99], clock=lambda: NOW).letters

    state = State(path)
    [first] = state.due(now=NOW, limit=10)
    state.close()
    assert replayed == 3
    assert (first.out.message_id, first.out.failure.attempts) == ("m-0", 0)
    with looking(path) as connection:
        assert totals(connection)["send"][2:] == (2, 3, 0)


def test_all_of_a_reason_are_taken_in_steps_and_no_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "STEP", 2)
    bury(path, *(dead(n) for n in range(5)), dead(5, reason="http-413"))

    assert discard(path, Wanted(reason="http-400")) == (5, False, 6)
    assert discard(path, Wanted(reason="http-400")) == (0, False, 6)
    left = list_dead_letters(path, wanted=Wanted(), before_id=None, limit=10)
    assert [each.reason for each in left] == ["http-413"]
    with looking(path) as connection:
        assert totals(connection)["send"][2:] == (1, 0, 5)


def test_one_call_takes_the_oldest_and_no_more_than_there_may_be(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "STEP", 2)
    monkeypatch.setattr(steering, "CHANGED_MAX", 3)
    bury(path, *(dead(n) for n in range(5)))

    assert discard(path, Wanted()) == (3, True, 5)
    left = list_dead_letters(path, wanted=Wanted(), before_id=None, limit=10)
    assert [each.message_id for each in left] == ["m-4", "m-3"]


def test_looking_for_too_long_is_ended_with_words(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bury(path, *(dead(n) for n in range(2_000)))
    monkeypatch.setattr(looks, "LOOK_S_MAX", 0.0)
    monkeypatch.setattr(looks, "_PROGRESS_STEPS", 1)

    with pytest.raises(LimitError, match="without a text"):
        list_dead_letters(path, wanted=Wanted(text="nowhere"), before_id=None, limit=10)


# --- When a subscription began ------------------------------------------------------------------


def counted(path: Path, *subscriptions: str) -> dict[str, int]:
    step = Step(positions={0: 1})
    for subscription in subscriptions:
        step.count((subscription, "web", MINUTE, DELIVERED, ""))
    state = State(path)
    state.commit(step)
    state.close()
    with looking(path) as connection:
        return begun_minutes(connection)


def test_a_subscription_begins_when_it_is_first_counted_and_anew_after_it_was_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = NOW
    monkeypatch.setattr("time.time", lambda: now)
    first = counted(path, "one")
    now += 60
    both = counted(path, "one", "two")
    now += 60
    alone = counted(path, "two")
    now += 60
    again = counted(path, "one", "two")

    assert first == {"one": MINUTE}
    assert both == {"one": MINUTE, "two": MINUTE + 1}
    assert alone == {"two": MINUTE + 1}
    assert again == {"one": MINUTE + 3, "two": MINUTE + 1}


def test_a_step_without_events_ends_no_subscription(path: Path) -> None:
    before = counted(path, "one")

    assert counted(path) == before


# --- The file itself ----------------------------------------------------------------------------


def test_a_damaged_file_is_told_from_a_whole_one(path: Path) -> None:
    bury(path, *(dead(n) for n in range(200)))
    whole = inspect(path)
    text = bytearray(path.read_bytes())
    text[8_192:16_384] = b"\xff" * 8_192
    path.write_bytes(bytes(text))

    assert (whole.state, whole.dead_letters) == ("starting", 200)
    with pytest.raises(CorruptionError, match=r"hook\.sqlite"):
        inspect(path)
