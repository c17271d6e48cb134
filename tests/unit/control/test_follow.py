"""Following: the last known workspace holds, whatever becomes of the database."""

import logging
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from tailrace.config import Config, ControlConfig, Secret, Source
from tailrace.control import Follower, ensure_workspace, read_workspace
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.keys import KeyDraft, WriteKeys
from tailrace.control.link import database_path
from tailrace.control.prepare import prepare
from tailrace.control.shapes import SourceDraft
from tailrace.control.snapshot import read_snapshot, snapshot_path, write_snapshot
from tailrace.control.sources import Sources
from tailrace.control.vault import key_path, open_vault
from tailrace.errors import ConfigError, TransientError

KEY = "first-write-key"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    config = Config(
        data_dir=tmp_path / "data", first_source=Source(slug="default", write_keys=(KEY,))
    )
    prepare(config)
    return config


@pytest.fixture
def follow(config: Config) -> Iterator[Callable[..., Follower]]:
    made: list[Follower] = []

    def begin(**options: object) -> Follower:
        made.append(Follower(config, **options))  # type: ignore[arg-type]
        return made[-1]

    yield begin
    for following in made:
        following.stop()


def sources_of(config: Config) -> Sources:
    return Sources(config, Changes(open_engine(config)), open_vault(config))


def make(config: Config, slug: str, **fields: object) -> None:
    sources_of(config).create(SourceDraft(slug=slug, **fields), actor="owner")  # type: ignore[arg-type]


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_change_arrives_without_asking(config: Config, follow: Callable[..., Follower]) -> None:
    seen: list[int] = []
    following = follow(on_change=lambda workspace: seen.append(workspace.version))
    following.start()

    make(config, "shop")

    until(lambda: "shop" in following.workspace.by_slug)
    until(lambda: seen == [2])


def test_the_snapshot_is_private_and_written_at_each_change(
    config: Config, follow: Callable[..., Follower]
) -> None:
    following = follow()
    make(config, "shop", webhook_secret="planted")

    following.catch_up()

    kept = read_snapshot(config)
    assert kept is not None
    assert kept.version == 2
    assert stat.S_IMODE(snapshot_path(config).stat().st_mode) == 0o600
    assert b"planted" not in snapshot_path(config).read_bytes()


def test_a_part_starts_from_the_snapshot_while_the_database_is_away(
    config: Config, follow: Callable[..., Follower]
) -> None:
    make(config, "shop", webhook_secret="planted")
    before = follow().workspace
    path = database_path(config)
    path.rename(path.with_suffix(".aside"))

    ensure_workspace(config)
    following = follow()

    assert following.workspace == before
    assert "stays in force" in following.problem
    assert not path.exists()
    path.with_suffix(".aside").rename(path)
    following.catch_up()
    assert following.problem == ""


def test_without_database_and_snapshot_no_part_starts(config: Config) -> None:
    database_path(config).unlink()

    with pytest.raises(TransientError, match="no snapshot"):
        Follower(config)


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 400])
def test_a_damaged_database_leaves_the_last_workspace_in_force(
    damage: bytes, config: Config, follow: Callable[..., Follower]
) -> None:
    following = follow()

    database_path(config).write_bytes(damage)
    workspace = following.catch_up()

    assert workspace.by_slug["default"].write_keys == (KEY,)
    assert following.problem


def test_a_damaged_document_leaves_the_last_workspace_in_force_and_is_told_once(
    config: Config, follow: Callable[..., Follower], caplog: pytest.LogCaptureFixture
) -> None:
    following = follow()
    with open_engine(config).begin() as connection:
        connection.exec_driver_sql("UPDATE workspace SET version = 9, document = '{'")

    with caplog.at_level(logging.INFO):
        workspace = following.catch_up()
        following.catch_up()

    assert workspace.version == 1
    assert "no workspace document" in following.problem
    assert caplog.text.count("stays in force") == 1
    assert "answers again" not in caplog.text


def test_what_another_process_saw_before_the_database_went_is_taken_from_its_snapshot(
    config: Config, follow: Callable[..., Follower]
) -> None:
    following = follow()
    make(config, "shop")
    other = follow()
    database_path(config).unlink()

    workspace = following.catch_up()

    assert workspace == other.workspace
    assert "shop" in workspace.by_slug


def test_the_snapshot_of_another_workspace_is_not_taken(
    config: Config, follow: Callable[..., Follower]
) -> None:
    following = follow()
    kept = read_snapshot(config)
    assert kept is not None
    write_snapshot(config, msgspec.structs.replace(kept, workspace="ws_other", version=99))
    database_path(config).unlink()

    assert following.catch_up().version == 1


def test_a_key_ends_without_a_change(config: Config, follow: Callable[..., Follower]) -> None:
    now = time.time()
    seen: list[tuple[str, ...]] = []
    following = follow(
        clock=lambda: now,
        on_change=lambda workspace: seen.append(workspace.by_slug["default"].write_keys),
    )
    changes = Changes(open_engine(config))
    made = WriteKeys(changes, sources_of(config)).add(
        "default", KeyDraft(overlap_s=60), actor="owner"
    )

    following.catch_up()
    now += 61
    following.catch_up()
    following.catch_up()

    assert seen == [(KEY, made.key), (made.key,)]


def test_a_secret_sealed_with_an_unknown_key_keeps_a_part_from_starting(config: Config) -> None:
    make(config, "shop", webhook_secret="planted")
    key_path(config).unlink()

    with pytest.raises(ConfigError, match="secret key"):
        Follower(config)
    with pytest.raises(ConfigError, match="sealed with the key"):
        ensure_workspace(config)


def test_a_new_secret_key_before_the_old_seals_everything_anew(config: Config) -> None:
    make(config, "shop", webhook_secret="planted")
    old = key_path(config).read_text().strip()
    new = "A" * 43
    key_path(config).write_text(f"{new}\n{old}\n")

    ensure_workspace(config)
    key_path(config).write_text(new)

    source = read_workspace(config).by_slug["shop"]
    assert source.webhook_secret == Secret("planted")


def test_an_installation_with_another_secret_key_is_refused(config: Config) -> None:
    other = msgspec.structs.replace(config, control=ControlConfig(secret_key=Secret("B" * 43)))

    with pytest.raises(ConfigError, match="has only"):
        prepare(other)


def test_collectors_and_workers_do_not_load_sqlalchemy() -> None:
    code = (
        "import sys, tailrace.collect, tailrace.work, tailrace.cli.run, tailrace.control;"
        "sys.exit(any(name in sys.modules for name in ('sqlalchemy', 'alembic', 'psycopg')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
