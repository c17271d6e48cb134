"""Starts the parts of one machine as child processes and keeps them running.

A child that dies is started again after a pause that grows while it keeps dying; the others never
notice. A child that refuses its settings (exit status 2) at its first start stops the whole, since
starting it again would not help. Later it is started again like any other: the settings were taken
once, and what is wrong now may pass, such as a port that somebody took in the meantime or a file
that is being edited. Stopping ends the collectors first, so that nothing is accepted which the
rest could not finish reading on the next start.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tailrace import lifeline, metrics
from tailrace.config import Config
from tailrace.errors import ConfigError

logger = logging.getLogger("tailrace.supervise")

PAUSE_S_MIN = 0.2
PAUSE_S_MAX = 10.0
STEADY_S = 30.0
STOP_S_MAX = 9.0
USAGE_STATUS = 2


@dataclass
class Part:
    """One child process and how often it had to be started."""

    name: str
    arguments: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    pause_s: float = PAUSE_S_MIN
    starts: int = field(default=0)

    @property
    def is_running(self) -> bool:
        """True while the process has not ended."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """The parts of one machine; `run` blocks until told to stop.

    `options` are the global options that every child is given, such as the data directory.
    """

    def __init__(
        self,
        config: Config,
        *,
        options: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options = tuple(options)
        self._clock = clock
        self._alive, self._lifeline = os.pipe()
        os.set_inheritable(self._alive, True)
        self._metrics_dir = config.data_dir / "run" / "metrics"
        self.parts = [
            Part("app", ("serve",)),
            Part("worker", ("work", "--only", "refine")),
            Part("deliverer", ("work", "--only", "deliver")),
            *(Part(f"collector-{n}", ("collect",)) for n in range(config.collect.workers)),
        ]

    def start(self) -> None:
        """Start every part once."""
        metrics.clear_shared(self._metrics_dir)
        os.environ[metrics.SHARED_DIR_VARIABLE] = str(self._metrics_dir.resolve())
        for part in self.parts:
            self._start(part)

    def run(self, stop: threading.Event) -> None:
        """Keep the parts running until `stop` is set, then end them.

        Raises:
            ConfigError: a part refused its settings at its first start; the others were ended.
        """
        try:
            while not stop.wait(0.1):
                for part in self.parts:
                    self._keep(part)
        finally:
            self.end()

    def end(self) -> None:
        """End the parts, collectors first; kill what has not ended after `STOP_S_MAX`."""
        deadline = self._clock() + STOP_S_MAX
        for part in reversed(self.parts):
            if part.is_running and part.process is not None:
                part.process.terminate()
                if part.name.startswith("collector"):
                    self._await(part, until=min(deadline, self._clock() + STOP_S_MAX / 2))
        for part in self.parts:
            self._await(part, until=deadline)
            if part.is_running and part.process is not None:
                logger.error("%s did not stop within %.0f s: killed", part.name, STOP_S_MAX)
                part.process.kill()
                part.process.wait()

    def _await(self, part: Part, *, until: float) -> None:
        if part.process is None:
            return
        try:
            part.process.wait(timeout=max(0.01, until - self._clock()))
        except subprocess.TimeoutExpired:
            logger.warning("%s is still stopping", part.name)

    def _command(self, part: Part) -> list[str]:
        return [sys.executable, "-m", "tailrace", *part.arguments, *self._options]

    def _start(self, part: Part) -> None:
        environ = {**os.environ, lifeline.VARIABLE: str(self._alive)}
        part.process = subprocess.Popen(
            self._command(part),
            env=environ,
            pass_fds=(self._alive,),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        part.started_at = self._clock()
        part.starts += 1

    def _keep(self, part: Part) -> None:
        now = self._clock()
        if part.process is None:
            if now >= part.start_again_at:
                self._start(part)
            return
        status = part.process.poll()
        if status is None:
            if now - part.started_at > STEADY_S:
                part.pause_s = PAUSE_S_MIN
            return
        metrics.forget_process(part.process.pid)
        if status == USAGE_STATUS and part.starts == 1:
            raise ConfigError(f"{part.name} refused its settings; see its message above")
        logger.error(
            "%s ended with status %s: starting it again in %.1f s", part.name, status, part.pause_s
        )
        part.process = None
        part.start_again_at = now + part.pause_s
        part.pause_s = min(PAUSE_S_MAX, part.pause_s * 2)


def run_dir(config: Config) -> Path:
    """Return the directory of what lives only while the parts run."""
    return config.data_dir / "run"
