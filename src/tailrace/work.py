"""The worker process: refines what was collected and keeps the log within its limits."""

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
