"""Collectors alone, over the real log (`durable`) or one that keeps nothing (`diskless`).

Started by the measurements as `python -m bench.collectors durable`; as many processes as
`collect.workers` says, all on one port.
"""

import multiprocessing
import os
import sys
from collections.abc import Sequence
from typing import cast

from tailrace import lifeline
from tailrace.collect import serve_collect
from tailrace.config import Config, prepare_first_run, read_config
from tailrace.log import open_log
from tailrace.log.contract import Count, Log, NewRecord


class ForgetfulWriter:
    """Takes every record and keeps none: the same server with the disk write left out."""

    partition = 0

    def __init__(self) -> None:
        self._next = 0

    def append(self, records: Sequence[NewRecord], counts: Sequence[Count] = ()) -> int:
        first = self._next
        self._next += len(records)
        return first

    def close(self) -> None: ...


class ForgetfulLog:
    """The part of a log that a collector uses."""

    def writer(self, stream: str) -> ForgetfulWriter:
        return ForgetfulWriter()

    def close(self) -> None: ...


def main() -> None:
    form = sys.argv[1]
    config, _ = prepare_first_run(read_config(environ=os.environ), environ=os.environ)
    context = multiprocessing.get_context("spawn")
    others = [
        context.Process(target=_serve, args=(form,)) for _ in range(config.collect.workers - 1)
    ]
    for process in others:
        process.start()
    _serve(form, config)
    for process in others:
        process.terminate()
        process.join()


def _serve(form: str, config: Config | None = None) -> None:
    stop = lifeline.stop_on_signals()
    if config is None:
        config = read_config(environ=os.environ)
    log = open_log(config) if form == "durable" else cast("Log", ForgetfulLog())
    serve_collect(config, log, stop=stop)
    log.close()


if __name__ == "__main__":
    main()
