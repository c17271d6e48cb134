"""The supervisor with real child processes that do nothing but live and die."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tailrace import metrics
from tailrace.config import Config, read_config
from tailrace.errors import ConfigError
from tailrace.supervise import Part, Supervisor

SLEEPER = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0)); time.sleep(60)"


class Sleepers(Supervisor):
    """Starts small Python programs in place of the parts."""

    programs: dict[str, str] = {}

    def _command(self, part: Part) -> list[str]:
        return [sys.executable, "-c", self.programs.get(part.name, SLEEPER)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read_config(environ={}, data_dir=tmp_path)


@pytest.fixture(autouse=True)
def _restored_environment() -> Iterator[None]:
    yield
    os.environ.pop(metrics.SHARED_DIR_VARIABLE, None)


def until(claim: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def run_in_thread(supervisor: Supervisor, stop: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=supervisor.run, args=(stop,))
    thread.start()
    return thread


def test_a_killed_child_is_started_again_and_the_others_stay(config: Config) -> None:
    supervisor, stop = Sleepers(config), threading.Event()
    supervisor.start()
    thread = run_in_thread(supervisor, stop)
    first = {part.name: part.process.pid for part in supervisor.parts if part.process}

    os.kill(first["worker"], signal.SIGKILL)

    worker = next(part for part in supervisor.parts if part.name == "worker")
    until(lambda: worker.starts == 2 and worker.is_running)
    others = {part.name: part.process.pid for part in supervisor.parts if part.process}
    assert others["app"] == first["app"]
    assert others["collector-0"] == first["collector-0"]
    stop.set()
    thread.join(timeout=20)
    assert not any(part.is_running for part in supervisor.parts)


def test_a_child_that_keeps_dying_is_started_ever_more_rarely(config: Config) -> None:
    supervisor, stop = Sleepers(config), threading.Event()
    supervisor.programs = {"worker": "raise SystemExit(1)"}
    supervisor.start()
    thread = run_in_thread(supervisor, stop)
    worker = next(part for part in supervisor.parts if part.name == "worker")

    until(lambda: worker.starts >= 3)

    assert worker.pause_s >= 0.8
    stop.set()
    thread.join(timeout=20)


def test_a_child_that_refuses_its_settings_stops_the_whole(config: Config) -> None:
    supervisor = Sleepers(config)
    supervisor.programs = {"collector-0": "raise SystemExit(2)"}
    supervisor.start()

    with pytest.raises(ConfigError, match="collector-0"):
        supervisor.run(threading.Event())

    assert not any(part.is_running for part in supervisor.parts)


def test_a_child_whose_place_is_still_taken_when_it_comes_back_is_tried_again(
    config: Config, tmp_path: Path
) -> None:
    supervisor, stop = Sleepers(config), threading.Event()
    # Killed at first, refused twice while the place is taken, and then let in.
    supervisor.programs = {
        "app": f"import os, pathlib, signal\n"
        f"starts = pathlib.Path({str(tmp_path / 'starts')!r})\n"
        "number = len(starts.read_text()) if starts.exists() else 0\n"
        "starts.write_text('x' * (number + 1))\n"
        "if number == 0: os.kill(os.getpid(), signal.SIGKILL)\n"
        "if number < 3: raise SystemExit(2)\n" + SLEEPER
    }
    supervisor.start()
    thread = run_in_thread(supervisor, stop)
    first = {part.name: part.process.pid for part in supervisor.parts if part.process}

    app = next(part for part in supervisor.parts if part.name == "app")
    until(lambda: app.starts == 4 and app.is_running)

    others = {part.name: part.process.pid for part in supervisor.parts if part.process}
    assert others["worker"] == first["worker"]
    assert others["collector-0"] == first["collector-0"]
    stop.set()
    thread.join(timeout=20)


def test_children_stop_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    child = (
        "from tailrace import lifeline; import sys, os\n"
        "stop = lifeline.stop_on_signals()\n"
        "print(os.getpid(), flush=True)\n"
        "stop.wait(60)\n"
    )
    parent = (
        "import os, subprocess, sys, time\n"
        "alive, _end = os.pipe()\n"
        "environ = {**os.environ, 'TAILRACE_LIFELINE': str(alive)}\n"
        f"subprocess.Popen([sys.executable, '-c', {child!r}], env=environ, pass_fds=(alive,))\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE)
    assert process.stdout is not None
    pid = int(process.stdout.readline())

    process.kill()
    process.wait()

    until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid))
    process.stdout.close()


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
