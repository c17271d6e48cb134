"""`kill -9` at random moments under load: every 200 is stored exactly once, the books balance."""

import os
import random
import signal
import time
from contextlib import suppress

import pytest
from conftest import MakeTailrace
from loading import check_kept, loaded
from running import Tailrace, printed_seed, wait_until

ROUNDS = 5
ROUNDS_LONG = 50
VICTIMS = ("collect", "work", "deliver", "serve", "up", "everything")


def test_every_200_survives_kills_at_random_moments(make_tailrace: MakeTailrace) -> None:
    run_rounds(make_tailrace().start(), rounds=ROUNDS)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_200_survives_many_kills_at_random_moments(make_tailrace: MakeTailrace) -> None:
    run_rounds(make_tailrace().start(), rounds=ROUNDS_LONG)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_200_survives_kills_of_two_collectors(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace(environ={"TAILRACE_COLLECT_WORKERS": "2"}).start()
    run_rounds(tailrace, rounds=ROUNDS_LONG // 5)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_200_survives_kills_while_it_recovers(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace().start()
    chance = random.Random(printed_seed())

    for number in range(ROUNDS_LONG // 5):
        with loaded(tailrace, name=f"again{number}") as load:
            load.wait_answered(chance.randrange(20, 2000))
            for _ in range(3):
                tailrace.kill_all()
                tailrace.start(is_waited_for=False)
                # Not a wait for something: the moment of the next kill.
                time.sleep(chance.uniform(0.2, 4))
            tailrace.wait_ready()
            load.wait_answered(200)
        check_kept(tailrace, load)


def run_rounds(tailrace: Tailrace, *, rounds: int) -> None:
    """Kill one kind of process after the other, each at a random moment, and check after each."""
    chance = random.Random(printed_seed())
    for number in range(rounds):
        victim = VICTIMS[number % len(VICTIMS)]
        with loaded(tailrace, name=f"round{number}-{victim}") as load:
            load.wait_answered(chance.randrange(20, 3000))
            kill(tailrace, victim)
            if tailrace.process is None:
                tailrace.start()
            load.wait_answered(200)
        tailrace.wait_ready()
        print(f"round {number}: killed {victim}, {len(load.answered)} answered, {load.refused}")
        check_kept(tailrace, load)


def kill(tailrace: Tailrace, victim: str) -> None:
    """Kill the processes of one part, the supervisor, or everything."""
    if victim == "everything":
        tailrace.kill_all()
    elif victim == "up":
        tailrace.kill_supervisor()
    else:
        pids = [pid for pid, part in tailrace.pids().items() if part == victim]
        assert pids, f"no {victim} runs: {tailrace.pids()}"
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_a_killed_part_comes_back_and_the_others_do_not_notice(fresh: Tailrace) -> None:
    before = fresh.pids()
    victims = [pid for pid, part in before.items() if part == "work"]

    with loaded(fresh, name="alone") as load:
        load.wait_answered(50)
        kill(fresh, "work")
        load.wait_answered(200)
        wait_until(
            lambda: [p for p, part in fresh.pids().items() if part == "work" and p not in victims],
            what="a new worker",
            within_s=20,
        )

    others = {pid: part for pid, part in before.items() if part != "work"}
    assert others.items() <= fresh.pids().items()
    assert load.refused == {}
    check_kept(fresh, load)


def test_sigterm_under_load_stops_within_ten_seconds_and_loses_nothing(fresh: Tailrace) -> None:
    with loaded(fresh, name="stopped") as load:
        load.wait_answered(500)
        took_s = fresh.stop()

    assert took_s < 10
    fresh.start()
    check_kept(fresh, load)
