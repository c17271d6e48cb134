"""Starts Tailrace as a user would (`python -m tailrace up`) and asks it questions.

`Tailrace` is one installation: a data directory, two ports, a write key and a token. It outlives
its processes, so that a test can stop, kill and start it again and look at what is left.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

READY_S_MAX = 60.0
STORED_S_MAX = 30.0
STOP_S_MAX = 10.0
POLL_S = 0.05
WRITE_KEY = "acceptance-write-key"
API_TOKEN = "trt_acceptance-token-of-the-tests"
SEED_VARIABLE = "TAILRACE_TEST_SEED"
TOLD_BY_TESTS = "TAILRACE_"

T = TypeVar("T")


class NotInTimeError(AssertionError):
    """Something that was waited for did not happen before its deadline."""


def wait_until(
    happened: Callable[[], T | None], *, what: str, within_s: float, state: Callable[[], str] = str
) -> T:
    """Return the first true value of `happened`, asked again and again until the deadline.

    Raises:
        NotInTimeError: names `what`, the last value, and what `state` tells then.
    """
    deadline = time.monotonic() + within_s
    while True:
        value = happened()
        if value:
            return value
        if time.monotonic() > deadline:
            raise NotInTimeError(
                f"{what}: not within {within_s:.0f} s (last: {value!r})\n{state()}"
            )
        time.sleep(POLL_S)


def printed_seed() -> int:
    """Return the seed of this run, printed: the one of the environment, or a new one."""
    chosen = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(2**32))
    print(f"{SEED_VARIABLE}={chosen}")
    return chosen


def free_port() -> int:
    """Return a loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def child_pids(pid: int) -> list[int]:
    """Return the children of a process and theirs, parents first; empty when it has ended."""
    found: list[int] = []
    # A process that ends just now takes its directory along, at any of these steps.
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(text) for text in task.read_text().split()]
    return [each for child in found for each in (child, *child_pids(child))]


def part_of(pid: int) -> str:
    """Return which part a process is, "" when it has ended: `up`, `collect`, `deliver`..."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    known = {"up", "collect", "work", "deliver", "serve"}
    names = [name for name in arguments if name in known]
    return names[-1] if names else arguments[0]


def is_alive(pid: int) -> bool:
    """Return whether the process exists and has not ended (a zombie has)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in {"Z", "X"}


@dataclass
class Tailrace:
    """One installation on loopback, and its running processes if any.

    `environ` is added to each start's environment; `settings`, when given, is the text of a
    `tailrace.toml`. What `up` prints goes to the file `output`.
    """

    directory: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    data_dir: Path = field(init=False)
    collect_port: int = field(default_factory=free_port)
    app_port: int = field(default_factory=free_port)
    write_key: str = WRITE_KEY
    token: str = API_TOKEN
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    api: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.data_dir = self.directory / "data"
        if self.settings:
            self.configure(self.settings)
        self.api = httpx.Client(
            base_url=self.app_url,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30.0,
            trust_env=False,
        )

    @property
    def collect_url(self) -> str:
        """Where SDKs send to."""
        return f"http://127.0.0.1:{self.collect_port}"

    @property
    def app_url(self) -> str:
        """The web app and API."""
        return f"http://127.0.0.1:{self.app_port}"

    @property
    def output(self) -> Path:
        """The file with everything that `up` and its parts printed, over all starts."""
        return self.directory / "output.txt"

    @property
    def command(self) -> list[str]:
        """The command `tailrace`."""
        return [sys.executable, "-m", "tailrace"]

    def full_environ(self) -> dict[str, str]:
        """Return the environment of every command: none of the developer's own settings."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(TOLD_BY_TESTS)}
        return {
            **inherited,
            "TAILRACE_DATA_DIR": str(self.data_dir),
            "TAILRACE_COLLECT_PORT": str(self.collect_port),
            "TAILRACE_APP_PORT": str(self.app_port),
            "TAILRACE_WRITE_KEY": self.write_key,
            "TAILRACE_API_TOKEN": self.token,
            "PYTHONUNBUFFERED": "1",
            **self.environ,
        }

    def start(self, *, is_waited_for: bool = True) -> "Tailrace":
        """Run `up`; wait until both ports are ready unless told otherwise."""
        assert self.process is None, "it runs already"
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [*self.command, "up"],
                cwd=self.directory,
                env=self.full_environ(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if is_waited_for:
            self.wait_ready()
        return self

    def wait_ready(self, *, within_s: float = READY_S_MAX) -> None:
        """Wait until `/readyz` of both ports answers 200."""
        wait_until(self.is_ready, what="ready", within_s=within_s, state=self.last_output)

    def is_ready(self) -> bool:
        """Return whether both ports are ready.

        Raises:
            AssertionError: `up` has ended, so it never will be.
        """
        assert self.process is not None, "it was not started"
        status = self.process.poll()
        assert status is None, f"`up` ended with status {status}:\n{self.last_output()}"
        return self.collects() and self._answers_200(f"{self.app_url}/readyz")

    def collects(self) -> bool:
        """Return whether the collection port is ready."""
        return self._answers_200(f"{self.collect_url}/readyz")

    def last_output(self) -> str:
        """Return the end of what was printed, without a line for each request."""
        if not self.output.exists():
            return ""
        lines = self.output.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(line for line in lines if " tailrace.app.access: " not in line)[-4000:]

    def pids(self) -> dict[int, str]:
        """Return every running process and which part it is, the supervisor first."""
        if self.process is None:
            return {}
        everyone = [self.process.pid, *child_pids(self.process.pid)]
        return {pid: part for pid in everyone if (part := part_of(pid)) and is_alive(pid)}

    def stop(self, *, within_s: float = STOP_S_MAX + 5) -> float:
        """Stop as an operator does (SIGTERM); return the seconds that it took."""
        if self.process is None:
            return 0.0
        process, self.process = self.process, None
        everyone = [process.pid, *child_pids(process.pid)]
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout=within_s)
        except subprocess.TimeoutExpired:
            self._kill(everyone)
            process.wait()
            raise AssertionError(f"`up` did not stop:\n{self.last_output()}") from None
        took = time.monotonic() - begun
        left = [pid for pid in everyone if is_alive(pid)]
        self._kill(left)
        assert not left, f"processes {left} outlived `up`:\n{self.last_output()}"
        assert status == 0, f"`up` ended with status {status}:\n{self.last_output()}"
        return took

    def kill_all(self) -> None:
        """Kill every process at once (SIGKILL), as a loss of power does."""
        if self.process is None:
            return
        process, self.process = self.process, None
        everyone = [process.pid, *child_pids(process.pid)]
        self._kill(everyone)
        process.wait()
        self.wait_gone(everyone)

    def kill_supervisor(self) -> None:
        """Kill `up` alone (SIGKILL) and wait until its parts, left behind, have ended too."""
        assert self.process is not None, "it was not started"
        process, self.process = self.process, None
        everyone = [process.pid, *child_pids(process.pid)]
        process.kill()
        process.wait()
        self.wait_gone(everyone)

    def wait_gone(self, pids: Sequence[int], *, within_s: float = STOP_S_MAX + 5) -> None:
        """Wait until none of the processes is left; kill them when they stay."""
        try:
            wait_until(
                lambda: not any(is_alive(pid) for pid in pids),
                what=f"end of {[(pid, part_of(pid)) for pid in pids if is_alive(pid)]}",
                within_s=within_s,
            )
        finally:
            self._kill([pid for pid in pids if is_alive(pid)])

    def close(self) -> None:
        """End everything without a word about how; for the end of a test."""
        self.kill_all()
        self.api.close()

    def get(self, path: str, **parameters: Any) -> Any:
        """Return the JSON answer of the API."""
        response = self.api.get(path, params=parameters)
        assert response.status_code == 200, f"GET {path}: {response.status_code} {response.text}"
        return response.json()

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON answer of the API."""
        response = self.api.post(path, json=body)
        assert response.status_code == 200, f"POST {path}: {response.status_code} {response.text}"
        return response.json()

    def send(self, path: str, body: Any) -> httpx.Response:
        """Post to the collection port with the write key, as a server SDK does."""
        return self.api.post(self.collect_url + path, json=body, auth=(self.write_key, ""))

    def search(
        self, query: str = "", *, since: str = "3650d", limit: int = 1000
    ) -> list[dict[str, Any]]:
        """Return all events that match, following the cursor, newest first."""
        until = "2100-01-01T00:00:00Z"
        question = {"query": query, "since": since, "until": until, "limit": limit}
        events: list[dict[str, Any]] = []
        cursor = None
        while True:
            answer = self.post("/api/v1/search", {**question, "cursor": cursor})
            events += answer["events"]
            cursor = answer["cursor"]
            if cursor is None:
                return events

    def sql(self, sql: str, **parameters: Any) -> list[list[Any]]:
        """Return the rows of a read-only SELECT."""
        rows = self.post("/api/v1/sql", {"sql": sql, "parameters": parameters})["rows"]
        return [list(row) for row in rows]

    def event(self, message_id: str) -> dict[str, Any]:
        """Return `{"event", "original"}` of one event."""
        answer = self.get(f"/api/v1/events/{quote(message_id, safe='')}")
        assert isinstance(answer, dict)
        return answer

    def count(self, where: str = "1", **parameters: Any) -> int:
        """Return how many rows the view `events` has."""
        return int(self.sql(f"SELECT count() FROM events WHERE {where}", **parameters)[0][0])

    def wait_stored(
        self, events: int, *, where: str = "1", within_s: float = STORED_S_MAX, **parameters: Any
    ) -> None:
        """Wait until exactly so many events are stored and nothing is on its way.

        Raises:
            NotInTimeError: fewer are, or something is still in flight, at the deadline.
            AssertionError: more are.
        """
        found = -1

        def enough() -> bool:
            nonlocal found
            found = self.count(where, **parameters)
            assert found <= events, f"{found} events are stored; expected {events}"
            return found == events and self.in_flight() == 0

        wait_until(
            enough,
            what=f"{events} stored events",
            within_s=within_s,
            state=lambda: f"{found} found; {self.last_output()}",
        )

    def wait_settled(self, *, within_s: float = STORED_S_MAX) -> None:
        """Wait until everything that was accepted has reached its end.

        The API may be away meanwhile: a part that was killed may take another with it.
        """

        def is_settled() -> bool:
            try:
                response = self.api.get("/api/v1/ledger", params={"since": "7d"})
            except httpx.TransportError:
                return False
            answer = response.json()
            return response.status_code == 200 and answer["totals"]["in_flight"] == 0

        wait_until(
            is_settled,
            what="nothing in flight",
            within_s=within_s,
            state=self.last_output,
        )

    def in_flight(self) -> int:
        """Return how many accepted events are neither stored nor set aside."""
        return int(self.get("/api/v1/ledger", since="7d")["totals"]["in_flight"])

    def failures(self) -> list[str]:
        """Return what `up` said of parts that ended by themselves, not by a signal."""
        lines = self.output.read_text(encoding="utf-8", errors="replace").splitlines()
        return [line for line in lines if " ended with status " in line and "status -" not in line]

    def configure(self, settings: str) -> None:
        """Write the settings file; the next start reads it."""
        self.settings = settings
        (self.directory / "tailrace.toml").write_text(settings, encoding="utf-8")

    def run(self, *arguments: str, within_s: float = 60.0) -> "subprocess.CompletedProcess[str]":
        """Run a `tailrace` command on this installation, as its operator would."""
        return subprocess.run(
            [*self.command, *arguments],
            cwd=self.directory,
            env=self.full_environ(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )

    def audit(self) -> dict[str, Any]:
        """Return what `tailrace audit --json` prints; it must balance."""
        done = self.run("audit", "--since", "7d", "--json")
        assert done.returncode == 0, f"audit: status {done.returncode}\n{done.stdout}{done.stderr}"
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        assert answer["balanced"] is True
        return answer

    def _kill(self, pids: Sequence[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _answers_200(self, url: str) -> bool:
        try:
            return self.api.get(url, timeout=2.0).status_code == 200
        except httpx.TransportError:
            return False
