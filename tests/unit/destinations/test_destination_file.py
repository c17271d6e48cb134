"""Files: where they may be, what is in them, and what a crash or an operator leaves behind."""

import asyncio
import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest

from tailrace.destinations import check
from tailrace.destinations.api import Delivered, Json, Outcome
from tailrace.destinations.file import DESTINATION, Line, append
from tailrace.errors import SettingsError, TransientError
from tool_server import event_json, loopback_tools

NAME = "events-2026-11-21.ndjson"


async def appended(
    allowed: Path | None, directory: Path, *batches: Sequence[Json], prefix: str = "events"
) -> list[Outcome]:
    settings = check(DESTINATION, {"directory": str(directory), "prefix": prefix}).settings
    directories = () if allowed is None else (str(allowed),)
    outcomes: list[Outcome] = []
    async with loopback_tools(file_directories=directories) as tools:
        for batch in batches:
            lines = [Line(event=event) for event in batch]
            outcomes += await append(lines, settings, tools)
    return outcomes


def write_and_close(file: IO[bytes]) -> None:
    file.write(b"other\n")
    file.close()


def open_at(path: Path, *, but: int) -> list[int]:
    """Return the descriptors of this process that are open on a file."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            if link.readlink() == path and int(link.name) != but:
                found.append(int(link.name))
        except FileNotFoundError:
            continue
    return found


def wait_open(path: Path, *, but: int) -> None:
    end = time.monotonic() + 10.0
    while not open_at(path, but=but):
        assert time.monotonic() < end


def names_in(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


async def test_events_are_appended_as_lines_in_order(tmp_path: Path) -> None:
    events = [event_json(f"m-{number}") for number in range(5)]

    outcomes = await appended(tmp_path, tmp_path, events[:2], events[2:4])
    outcomes += await appended(tmp_path, tmp_path, events[4:])

    assert outcomes == [Delivered()] * 5
    assert (tmp_path / NAME).read_bytes() == b"".join(event + b"\n" for event in events)


async def test_each_day_of_receipt_has_a_file(tmp_path: Path) -> None:
    days = ["2026-11-21", "2026-11-20", "2026-11-21"]
    events = [
        event_json(f"m-{number}", receivedAt=f"{day}T23:59:59.999Z")
        for number, day in enumerate(days)
    ]

    await appended(tmp_path, tmp_path / "new" / "below", events, prefix="shop.web")

    folder = tmp_path / "new" / "below"
    found = {
        path.name: [
            json.loads(line)["messageId"] for line in path.read_text("utf-8").split("\n")[:-1]
        ]
        for path in folder.iterdir()
    }
    assert found == {
        "shop.web-2026-11-20.ndjson": ["m-1"],
        "shop.web-2026-11-21.ndjson": ["m-0", "m-2"],
    }


async def test_a_line_that_tells_no_receipt_goes_to_the_file_of_today(tmp_path: Path) -> None:
    before = datetime.now(UTC).date()

    await appended(tmp_path, tmp_path, [Json(b'{"total":1}'), Json(b"[1]")])

    [name] = names_in(tmp_path)
    assert name in {f"events-{day}.ndjson" for day in (before, datetime.now(UTC).date())}


async def test_without_the_operators_word_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"deliver\.file_directories"):
        await appended(None, tmp_path / "events", [event_json("m-1")])

    assert names_in(tmp_path) == set()


async def test_a_directory_beside_or_above_the_allowed_ones_is_refused(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "out").symlink_to(tmp_path)

    for wanted in (
        tmp_path,
        tmp_path / "allowed-too",
        allowed / ".." / "other",
        allowed / "out" / "other",
    ):
        with pytest.raises(SettingsError, match="is not allowed"):
            await appended(allowed, wanted, [event_json("m-1")])

    assert names_in(tmp_path) == {"allowed"}


async def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / NAME).symlink_to(victim)

    with pytest.raises(SettingsError):
        await appended(allowed, allowed, [event_json("m-1")])

    assert victim.read_text() == "mine"


async def test_a_write_that_a_crash_cut_short_is_taken_back(tmp_path: Path) -> None:
    whole = event_json("m-0") + b"\n"
    (tmp_path / NAME).write_bytes(whole + b'{"messageId":"m-1",' + b"x" * 200_000)

    await appended(tmp_path, tmp_path, [event_json("m-1")])

    assert (tmp_path / NAME).read_bytes() == whole + event_json("m-1") + b"\n"


async def test_a_file_that_never_had_a_whole_line_begins_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b'{"messageId":')

    await appended(tmp_path, tmp_path, [event_json("m-1")])

    assert (tmp_path / NAME).read_bytes() == event_json("m-1") + b"\n"


async def test_a_file_that_was_put_away_is_made_anew(tmp_path: Path) -> None:
    settings = check(DESTINATION, {"directory": str(tmp_path)}).settings
    async with loopback_tools(file_directories=(str(tmp_path),)) as tools:
        await append([Line(event=event_json("m-0"))], settings, tools)
        (tmp_path / NAME).rename(tmp_path / "rotated")
        await append([Line(event=event_json("m-1"))], settings, tools)

    assert (tmp_path / "rotated").read_bytes() == event_json("m-0") + b"\n"
    assert (tmp_path / NAME).read_bytes() == event_json("m-1") + b"\n"


async def test_a_disk_that_fails_is_tried_again_and_leaves_no_half_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    calls = 0

    def failing(descriptor: int, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, bytes(data)[:10])

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(TransientError, match="No space left"):
        await appended(tmp_path, tmp_path, [event_json("m-1")])
    assert (tmp_path / NAME).read_bytes() == b""

    await appended(tmp_path, tmp_path, [event_json("m-1")])
    assert (tmp_path / NAME).read_bytes() == event_json("m-1") + b"\n"


async def test_events_are_on_the_disk_before_they_are_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync
    sizes: list[int] = []

    def recording(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    await appended(tmp_path, tmp_path, [event_json("m-1")])

    assert sizes[-1] == (tmp_path / NAME).stat().st_size


async def test_batches_at_once_do_not_mix(tmp_path: Path) -> None:
    settings = check(DESTINATION, {"directory": str(tmp_path)}).settings
    days = ("2026-11-20", "2026-11-21")
    events = {
        event_json(f"m-{number}", receivedAt=f"{days[number % 2]}T10:00:00.000Z", note="x" * 5_000)
        for number in range(200)
    }
    batches = [list(events)[start : start + 10] for start in range(0, 200, 10)]

    async with loopback_tools(file_directories=(str(tmp_path),)) as tools:
        await asyncio.gather(
            *(append([Line(event=event) for event in batch], settings, tools) for batch in batches)
        )

    lines = [
        line
        for day in days
        for line in (tmp_path / f"events-{day}.ndjson").read_bytes().splitlines()
    ]
    assert len(lines) == 200
    assert set(lines) == events


async def test_a_write_that_is_left_behind_still_ends_and_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    settings = check(DESTINATION, {"directory": str(tmp_path)}).settings
    path = tmp_path / NAME
    path.touch()
    with path.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        async with loopback_tools(file_directories=(str(tmp_path),)) as tools:
            writing = asyncio.ensure_future(
                append([Line(event=event_json("m-1"))], settings, tools)
            )
            await asyncio.to_thread(wait_open, path, but=other.fileno())
            writing.cancel()
            await asyncio.wait([writing])
            await tools.close()
            fcntl.flock(other, fcntl.LOCK_UN)

        assert open_at(path, but=other.fileno()) == []

    assert path.read_bytes() == event_json("m-1") + b"\n"


async def test_what_is_no_directory_suspends(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError):
        await appended(tmp_path, tmp_path / "file" / "below", [event_json("m-1")])


async def test_another_process_that_writes_is_waited_for(tmp_path: Path) -> None:
    await appended(tmp_path, tmp_path, [event_json("m-0")])
    with (tmp_path / NAME).open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        freed = threading.Timer(0.2, lambda: write_and_close(other))
        freed.start()

        await appended(tmp_path, tmp_path, [event_json("m-1")])
        freed.join()

    lines = (tmp_path / NAME).read_bytes().split(b"\n")
    assert lines == [event_json("m-0"), b"other", event_json("m-1"), b""]


@pytest.mark.parametrize("given", [{"directory": "events"}, {"prefix": "../x"}, {"prefix": ".x"}])
def test_names_that_lead_elsewhere_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as refused:
        check(DESTINATION, {"directory": "/srv/events", **given})

    assert set(refused.value.problems) == set(given)
