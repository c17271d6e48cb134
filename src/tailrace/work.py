"""The worker: refines what was collected, keeps the log within its limits, and delivers.

The two halves may run in processes of their own, so that neither waits for the other's processor.
"""

import logging
import threading

from tailrace.config import Config
from tailrace.control import Follower
from tailrace.errors import TailraceError
from tailrace.log import open_log
from tailrace.refine import Refiner

logger = logging.getLogger("tailrace.work")

RETENTION_EVERY_S = 60.0


def run_worker(config: Config, stop: threading.Event) -> None:
    """Refine and deliver until `stop` is set, or until one of the two fails."""
    from tailrace.deliver import run_deliveries

    failures: list[BaseException] = []

    def deliver() -> None:
        try:
            run_deliveries(config, stop)
        # Raised again by the thread that waits for this one.
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            stop.set()

    delivering = threading.Thread(target=deliver, name="deliver")
    delivering.start()
    try:
        run_refiner(config, stop)
    finally:
        stop.set()
        delivering.join()
    for error in failures:
        raise error


def run_refiner(config: Config, stop: threading.Event) -> None:
    """Refine until `stop` is set; retention runs beside it on a log object of its own."""
    retention = threading.Thread(
        target=_enforce_retention, args=(config, stop), name="retention", daemon=True
    )
    retention.start()
    following = Follower(config)
    following.start()
    log = open_log(config)
    try:
        Refiner(config, log, following=following).run(stop)
    finally:
        log.close()
        following.stop()
        stop.set()
        retention.join(timeout=5.0)


def _enforce_retention(config: Config, stop: threading.Event) -> None:
    log = open_log(config)
    try:
        while not stop.wait(RETENTION_EVERY_S):
            try:
                freed = log.enforce_retention()
            except TailraceError:
                logger.exception("retention could not run; it is tried again")
                continue
            if freed:
                logger.info("retention gave %d bytes free", freed)
    finally:
        log.close()
