"""A disk that is full, and a log whose bytes are not those written."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import MakeTailrace
from loading import check_kept, loaded, stored_ids
from running import Tailrace, printed_seed, wait_until

DISK = "512m"
BLOCKS = 100


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """Mount a small file system in memory; skip the test where that is not permitted."""
    path.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(path)]
    mount = shutil.which("mount")
    done = mount and subprocess.run(command, capture_output=True, text=True, check=False)
    if not done or done.returncode != 0:
        pytest.skip(f"no small disk: {done.stderr.strip() if done else 'there is no mount'}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path: Path) -> Path:
    """Take all space that is left on the disk; return the file that has it."""
    ballast = path / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(b"\xff" * size)
    return ballast


def test_a_full_disk_refuses_and_loses_nothing(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace()
    with small_disk(tailrace.data_dir):
        tailrace.start()
        with loaded(tailrace, name="full", noise_bytes=4000) as load:
            load.wait_answered(200)
            ballast = fill(tailrace.data_dir)
            load.wait_refused(503, 20)
            ballast.unlink()
            load.wait_answered(500)

        assert set(load.refused) == {503}
        check_kept(tailrace, load)
        tailrace.stop()


@pytest.mark.long
def test_kills_while_the_disk_is_full_lose_nothing(make_tailrace: MakeTailrace) -> None:
    tailrace = make_tailrace()
    with small_disk(tailrace.data_dir):
        tailrace.start()
        for number in range(3):
            with loaded(tailrace, name=f"fullkill{number}", noise_bytes=4000) as load:
                load.wait_answered(200)
                ballast = fill(tailrace.data_dir)
                load.wait_refused(503, 5)
                tailrace.kill_all()
                ballast.unlink()
                tailrace.start()
                load.wait_answered(200)
            check_kept(tailrace, load)
        tailrace.stop()


@pytest.mark.long
@pytest.mark.xfail(reason="chdb accepts an insert whose files it could not write", strict=False)
def test_the_store_loses_no_block_when_its_disk_runs_full(tmp_path: Path) -> None:
    """The disk runs full in the middle of inserts, which the check before them cannot foresee."""
    program = Path(__file__).with_name("store_on_full_disk.py")
    chosen = printed_seed()
    with small_disk(tmp_path / "disk"):
        done = subprocess.run(
            [sys.executable, str(program), str(tmp_path / "disk"), "100", str(chosen)],
            capture_output=True,
            text=True,
            check=False,
        )

    assert json.loads(done.stdout.splitlines()[-1])["lost"] == [], done.stderr[-3000:]


def flip_a_byte(segment: Path) -> None:
    """Change one bit in the middle of a record's body in the middle of the segment."""
    with closing(sqlite3.connect(segment)) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM blocks ORDER BY offset")]
    body = max(bodies[1:-1], key=len)
    text = bytearray(segment.read_bytes())
    # A long body continues on other pages, so its start alone is looked for.
    at = text.index(body[:400]) + 200
    text[at] ^= 0x10
    segment.write_bytes(text)


def cut(segment: Path) -> None:
    """Lose the second half of the segment, as a damaged file system does."""
    with closing(sqlite3.connect(segment)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    os.truncate(segment, segment.stat().st_size // 2)


def cut_write_ahead(segment: Path) -> None:
    """Lose the second half of what was written last and is not in the segment proper yet."""
    side_file = segment.with_name(segment.name + "-wal")
    os.truncate(side_file, side_file.stat().st_size // 2)


DAMAGES = pytest.mark.parametrize("damage", [flip_a_byte, cut], ids=["flipped", "cut"])


@DAMAGES
@pytest.mark.parametrize("stream", ["raw", pytest.param("events", marks=pytest.mark.long)])
def test_damage_of_what_was_stored_is_reported_and_stops_nothing(
    fresh: Tailrace, damage: Callable[[Path], None], stream: str
) -> None:
    send_blocks(fresh, name="old")
    fresh.wait_stored(BLOCKS)
    fresh.stop()
    damage(newest_segment(fresh, stream))

    findings = doctor_finds_damage(fresh)
    fresh.start(is_waited_for=False)
    wait_until(fresh.collects, what="the collector, whatever else is damaged", within_s=30)
    fresh.run("doctor", "--set-aside")
    fresh.wait_ready()
    send_blocks(fresh, name="new")
    wait_until(
        lambda: len(stored_ids(fresh, "new-")) == BLOCKS, what="events after it", within_s=30
    )

    assert f"log: {stream}" in findings
    assert len(stored_ids(fresh, "old-")) == BLOCKS


@pytest.mark.parametrize(
    "damage", [flip_a_byte, cut, cut_write_ahead], ids=["flipped", "cut", "write-ahead-cut"]
)
def test_what_lies_beside_the_damage_is_read(
    make_tailrace: MakeTailrace, damage: Callable[[Path], None]
) -> None:
    """The records here are accepted and not refined yet when the file is damaged."""
    tailrace = make_tailrace()
    with collector_alone(tailrace):
        send_blocks(tailrace, name="unread")
    damage(newest_segment(tailrace, "raw"))

    findings = doctor_finds_damage(tailrace)
    tailrace.start()
    tailrace.run("doctor", "--set-aside")
    wait_until(
        lambda: len(stored_ids(tailrace, "unread-")) >= BLOCKS // 5,
        what="the readable events",
        within_s=30,
    )
    send_blocks(tailrace, name="new")
    wait_until(
        lambda: len(stored_ids(tailrace, "new-")) == BLOCKS, what="events after it", within_s=30
    )

    assert "raw" in findings
    if damage is flip_a_byte:
        assert len(stored_ids(tailrace, "unread-")) == BLOCKS - 1


@contextmanager
def collector_alone(tailrace: Tailrace) -> Iterator[None]:
    """Run the collector without the rest, as on a machine of its own, and kill it."""
    with subprocess.Popen(
        [*tailrace.command, "collect"],
        cwd=tailrace.directory,
        env=tailrace.full_environ(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        wait_until(tailrace.collects, what="the collector", within_s=30)
        try:
            yield
        finally:
            process.kill()


def send_blocks(tailrace: Tailrace, *, name: str) -> None:
    """Send events one after the other, each in a record of its own, that compress badly."""
    for number in range(BLOCKS):
        event = {
            "messageId": f"{name}-{number}",
            "userId": "u-1",
            "event": "Kept",
            "properties": {"noise": os.urandom(1000).hex()},
        }
        response = tailrace.send("/v1/track", event)
        assert response.status_code == 200, response.text


def newest_segment(tailrace: Tailrace, stream: str) -> Path:
    """Return the stream's newest segment; nothing may run."""
    segments = sorted((tailrace.data_dir / "log" / stream).glob("*/*.db"))
    assert segments, f"no segments of {stream}"
    return segments[-1]


def doctor_finds_damage(tailrace: Tailrace) -> str:
    """Run `tailrace doctor`; return the topics that failed."""
    done = tailrace.run("doctor", "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    return " ".join(f["topic"] for f in json.loads(done.stdout) if f["state"] == "failed")
