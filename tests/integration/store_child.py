"""A process that loads the events log into the store until it is killed; see `test_store_kill.py`.

python store_child.py DATA_DIR     prints "open", then "loaded" for each step that loaded something
"""

import sys
from pathlib import Path

from tailrace.config import Config
from tailrace.log import SqliteLog
from tailrace.store import Loader, open_store


def main() -> None:
    config = Config(data_dir=Path(sys.argv[1]))
    store = open_store(config)
    loader = Loader(config, SqliteLog(config.log_dir, limits=config.log), store)
    print("open", flush=True)
    while True:
        if loader.step(timeout_s=1.0):
            print("loaded", flush=True)


if __name__ == "__main__":
    main()
