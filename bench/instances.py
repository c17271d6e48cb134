"""A throw-away instance under measurement, and what its processes take."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tailrace import throwaway
from tailrace.throwaway import WRITE_KEY

__all__ = ["WRITE_KEY", "Instance", "cpu_seconds", "memory_bytes", "running"]


class Instance(throwaway.Instance):
    """A running instance whose processes can be looked at."""

    def processes(self) -> dict[str, int]:
        """Return name -> process id of the supervisor and its children."""
        found = {"supervisor": self.process.pid}
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                stat = (directory / "stat").read_text()
                words = (directory / "cmdline").read_text().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == self.process.pid:
                is_part = "tailrace" in words
                name = words[words.index("tailrace") + 1] if is_part else "collector"
                found[f"{name} {directory.name}" if name in found else name] = int(directory.name)
        return found


@contextmanager
def running(*arguments: str, module: str = "tailrace", **settings: str) -> Iterator[Instance]:
    """Run `python -m <module> <arguments>` on a throw-away data directory until it is ready."""
    command = ("-m", module, *arguments)
    with throwaway.running(command, has_app="up" in arguments, settings=settings) as one:
        yield Instance(one.collect_url, one.app_url, one.data_dir, one.process)


def memory_bytes(pid: int) -> int:
    """Return the proportional set size: shared pages are divided among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss line")


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process with all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
