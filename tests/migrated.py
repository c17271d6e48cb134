"""Control databases whose tables are there already: made once, then copied, as it takes a while."""

import functools
import tempfile
from pathlib import Path

from tailrace.config import Config, ControlConfig, Secret
from tailrace.control.database import open_engine
from tailrace.control.link import database_path
from tailrace.control.prepare import migrate


def put_tables(config: Config) -> None:
    """Let an installation with SQLite begin with the tables of this release, and without a row."""
    if config.control.dsn is None:
        config.data_dir.mkdir(parents=True, mode=0o700)
        database_path(config).write_bytes(_sqlite())
        database_path(config).chmod(0o600)


def migrate_at(dsn: str) -> None:
    """Make the tables in an empty database of PostgreSQL."""
    with tempfile.TemporaryDirectory() as directory:
        _migrate(Config(data_dir=Path(directory), control=ControlConfig(dsn=Secret(dsn))))


@functools.cache
def _sqlite() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        config = Config(data_dir=Path(directory))
        _migrate(config)
        return database_path(config).read_bytes()


def _migrate(config: Config) -> None:
    engine = open_engine(config, is_made=True)
    migrate(engine)
    engine.dispose()
