"""What the first start makes, and what later starts leave alone."""

import logging
import os
from pathlib import Path

import pytest

from tailrace.config import (
    Config,
    ControlConfig,
    Secret,
    Source,
    decode_config,
    encode_config,
    prepare_first_run,
    read_config,
)
from tailrace.control import ensure_workspace, read_workspace
from tailrace.control.changes import Changes
from tailrace.control.database import open_engine
from tailrace.control.link import database_path
from tailrace.control.sources import Sources
from tailrace.control.vault import key_path
from tailrace.errors import ConfigError


def started(data_dir: Path, **environ: str) -> Config:
    config, _ = prepare_first_run(read_config(environ=environ, data_dir=data_dir), environ=environ)
    ensure_workspace(config)
    return config


def test_the_key_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    empty = read_config(environ={}, data_dir=tmp_path)
    _, first = prepare_first_run(empty, environ={})

    config = started(tmp_path)

    assert read_workspace(config).by_slug["default"].write_keys == (first.write_key,)


def test_a_key_of_the_environment_that_a_file_source_has_makes_no_other_source(
    tmp_path: Path,
) -> None:
    config = Config(
        data_dir=tmp_path,
        sources=(Source(slug="web", write_keys=("given-key-1",)),),
        given_write_key="given-key-1",
    )

    ensure_workspace(config)

    assert [source.slug for source in read_workspace(config).sources] == ["web"]


def test_a_second_start_starts_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = started(tmp_path, TAILRACE_WRITE_KEY="given-key-1")
    monkeypatch.setattr("sys.executable", "/nowhere")

    ensure_workspace(config)


def test_a_key_whose_first_source_was_deleted_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = started(tmp_path, TAILRACE_WRITE_KEY="given-key-1")
    sources = Sources(config, Changes(open_engine(config)), None)
    sources.delete("default", version=None, actor="owner")

    with caplog.at_level(logging.WARNING):
        config = started(tmp_path, TAILRACE_WRITE_KEY="given-key-2")

    assert "the first source was deleted" in caplog.text
    assert all(source.write_keys == () for source in read_workspace(config).sources)


def test_a_database_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    config = Config(
        data_dir=tmp_path, control=ControlConfig(secret_key=Secret("planted-but-no-key"))
    )

    with pytest.raises(ConfigError, match="32 random bytes") as refused:
        ensure_workspace(config)

    assert "planted" not in str(refused.value)


def test_files_with_secrets_are_private(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        config = started(tmp_path / "data")
    finally:
        os.umask(umask)

    for path in (config.data_dir, database_path(config), key_path(config)):
        assert path.stat().st_mode & 0o077 == 0


def test_settings_reach_the_child_process_whole(tmp_path: Path) -> None:
    config = Config(
        data_dir=tmp_path,
        control=ControlConfig(dsn=Secret("postgresql:///x"), secret_key=Secret("s")),
        sources=(Source(slug="web", write_keys=("write-key-1",), webhook_secret=Secret("w")),),
        file=tmp_path / "tailrace.toml",
        given_write_key="given-key-1",
    )

    assert decode_config(encode_config(config)) == config
