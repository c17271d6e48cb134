import stat
from pathlib import Path

import msgspec
import pytest

from tailrace.config import (
    STATE_NAME,
    FirstOwner,
    Secret,
    Slug,
    WriteKey,
    new_write_key,
    prepare_first_run,
    read_config,
    reset_token,
    token_hash,
)
from tailrace.control.passwords import is_right
from tailrace.errors import ConfigError


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = read_config(environ={}, data_dir=tmp_path)

    assert config.collect.port == 8282
    assert config.app.port == 8283
    assert config.collect.host == "127.0.0.1"
    assert config.sources == ()


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text("[collect]\nport = 9000\nworkers = 3\n")

    config = read_config(environ={"TAILRACE_COLLECT_PORT": "9100"}, data_dir=tmp_path, path=file)

    assert config.collect.port == 9100
    assert config.collect.workers == 3


def test_all_problems_are_reported_together(tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text('[collect]\nport = -1\n[app]\nhots = "x"\n[nonsense]\na = 1\n')

    with pytest.raises(ConfigError) as caught:
        read_config(environ={}, data_dir=tmp_path, path=file)

    message = str(caught.value)
    assert "collect" in message
    assert "port" in message
    assert "hots" in message
    assert "nonsense" in message


def test_a_write_key_may_belong_to_one_source_only(tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text(
        '[[sources]]\nslug = "a"\nwrite_keys = ["12345678"]\n'
        '[[sources]]\nslug = "b"\nwrite_keys = ["12345678"]\n'
    )

    with pytest.raises(ConfigError, match="12345678"):
        read_config(environ={}, data_dir=tmp_path, path=file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        read_config(environ={}, data_dir=tmp_path, path=tmp_path / "nowhere.toml")


def test_the_first_run_makes_a_key_and_a_token_and_shows_the_token_once(tmp_path: Path) -> None:
    empty = read_config(environ={}, data_dir=tmp_path)

    config, first = prepare_first_run(empty, environ={})
    again, second = prepare_first_run(empty, environ={})

    assert first.api_token is not None
    assert config.api_token_hashes == (token_hash(first.api_token.reveal()),)
    assert [source.write_keys for source in config.known_sources] == [(first.write_key,)]
    assert again == config
    assert second.api_token is None


def test_the_state_file_is_private_and_holds_no_token(tmp_path: Path) -> None:
    _, first = prepare_first_run(read_config(environ={}, data_dir=tmp_path), environ={})

    state = tmp_path / STATE_NAME
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert first.api_token is not None
    assert first.api_token.reveal() not in state.read_text()


def test_key_and_token_come_from_the_environment_where_given(tmp_path: Path) -> None:
    environ = {"TAILRACE_WRITE_KEY": "given-key-1", "TAILRACE_API_TOKEN": "given-token"}

    config, _ = prepare_first_run(read_config(environ=environ, data_dir=tmp_path), environ=environ)

    assert [source.write_keys for source in config.known_sources] == [("given-key-1",)]
    assert config.given_write_key == "given-key-1"
    assert config.api_token_hashes == (token_hash("given-token"),)


def test_the_first_run_makes_an_owner_and_shows_the_password_once(tmp_path: Path) -> None:
    empty = read_config(environ={}, data_dir=tmp_path)

    config, first = prepare_first_run(empty, environ={})
    _, second = prepare_first_run(empty, environ={})

    assert config.first_owner is not None
    assert config.first_owner.email == "owner@localhost"
    assert config.first_owner.password_hash is not None
    assert first.owner_password is not None
    assert is_right(first.owner_password.reveal(), config.first_owner.password_hash.reveal())
    assert first.owner_password.reveal() not in (tmp_path / STATE_NAME).read_text()
    assert second.owner_password is None


def test_the_owner_comes_from_the_environment_where_given_and_is_not_shown(tmp_path: Path) -> None:
    environ = {
        "TAILRACE_OWNER_EMAIL": " Ada@Example.com",
        "TAILRACE_OWNER_PASSWORD": "planted horse battery",
    }

    config, first = prepare_first_run(
        read_config(environ=environ, data_dir=tmp_path), environ=environ
    )

    assert config.first_owner is not None
    assert config.first_owner.email == "ada@example.com"
    assert config.first_owner.password_hash is not None
    assert is_right("planted horse battery", config.first_owner.password_hash.reveal())
    assert first.owner_password is None
    assert "planted" not in (tmp_path / STATE_NAME).read_text() + repr(config)


def test_an_installation_of_an_earlier_release_has_an_owner_without_a_password(
    tmp_path: Path,
) -> None:
    state = {"write_key": "an-old-write-key", "api_token_hash": "0" * 64, "api_token": None}
    (tmp_path / STATE_NAME).write_bytes(msgspec.json.encode(state))
    empty = read_config(environ={}, data_dir=tmp_path)

    config, first = prepare_first_run(empty, environ={})
    given, _ = prepare_first_run(
        empty, environ={"TAILRACE_OWNER_PASSWORD": "planted horse battery"}
    )

    assert config.first_owner == FirstOwner(email="owner@localhost")
    assert first.owner_password is None
    assert given.first_owner is not None
    assert given.first_owner.password_hash is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAILRACE_OWNER_EMAIL", "nobody"),
        ("TAILRACE_OWNER_EMAIL", "a b@example.com"),
        ("TAILRACE_OWNER_EMAIL", "a@" + "x" * 300),
        ("TAILRACE_OWNER_PASSWORD", "planted"),
        ("TAILRACE_OWNER_PASSWORD", "password123"),
    ],
)
def test_an_owner_that_cannot_be_taken_is_refused_before_anything_is_made(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ConfigError, match=name) as refused:
        prepare_first_run(read_config(environ={}, data_dir=tmp_path), environ={name: value})

    assert "planted" not in str(refused.value)
    assert not (tmp_path / STATE_NAME).exists()


def test_a_short_write_key_is_refused_without_printing_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TAILRACE_WRITE_KEY"):
        read_config(environ={"TAILRACE_WRITE_KEY": "a b"}, data_dir=tmp_path)


def test_the_first_source_gives_way_to_one_of_the_file_with_its_name(tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text('[[sources]]\nslug = "default"\nwrite_keys = ["12345678"]\n')

    config = read_config(
        environ={"TAILRACE_WRITE_KEY": "given-key-1"}, data_dir=tmp_path, path=file
    )

    assert [source.slug for source in config.sources] == ["default"]
    assert config.first_source is not None
    assert config.first_source.slug == "first-run"


@pytest.mark.parametrize(
    "name", ["file", "first_source", "first_owner", "given_write_key", "api_token_hashes"]
)
def test_what_is_found_out_at_start_cannot_be_set(name: str, tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text(f'{name} = "x"\n')

    with pytest.raises(ConfigError, match=f"unknown key '{name}'"):
        read_config(environ={}, data_dir=tmp_path, path=file)


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://tailrace:planted-password@host/name",
        "postgresql://tailrace:p@planted-password@host/name",
        "postgresql://tailrace:planted-password%zz@host/name",
        "postgresql://tailrace:planted password@host/name",
    ],
)
def test_the_address_of_the_control_database_is_checked_and_never_printed(
    dsn: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="postgresql://") as caught:
        read_config(environ={"TAILRACE_CONTROL_DSN": dsn}, data_dir=tmp_path)

    assert "planted" not in str(caught.value)


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "postgresql://tailrace:p%40ss:w@[::1]:5432/name?sslmode=require",
        "postgres:///name?host=/run/postgresql",
        "postgresql://host-a,host-b:5433/name",
    ],
)
def test_addresses_of_postgresql_are_taken(dsn: str, tmp_path: Path) -> None:
    config = read_config(environ={"TAILRACE_CONTROL_DSN": dsn}, data_dir=tmp_path)

    assert config.control.dsn == Secret(dsn)


def test_secrets_of_the_settings_print_as_stars(tmp_path: Path) -> None:
    config = read_config(
        environ={
            "TAILRACE_CONTROL_DSN": "postgresql://tailrace:planted-password@host/name",
            "TAILRACE_SECRET_KEY": "planted-secret-key",
        },
        data_dir=tmp_path,
    )

    assert "planted" not in repr(config)


def test_a_new_token_replaces_the_old(tmp_path: Path) -> None:
    config, first = prepare_first_run(read_config(environ={}, data_dir=tmp_path), environ={})

    made = reset_token(config)

    changed = read_config(environ={}, data_dir=tmp_path)
    assert changed.api_token_hashes == (token_hash(made.reveal()),)
    assert [source.write_keys for source in changed.known_sources] == [(first.write_key,)]


def test_a_secret_prints_as_stars() -> None:
    secret = Secret("do not print")

    assert "do not print" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "do not print"


def test_a_made_write_key_is_no_option_of_a_command() -> None:
    keys = [new_write_key() for _ in range(1_000)]

    assert len(set(keys)) == 1_000
    assert not [key for key in keys if key.startswith("-")]


def test_a_secret_of_digits_alone_stays_text(tmp_path: Path) -> None:
    environ = {
        "TAILRACE_DATA_DIR": str(tmp_path),
        "TAILRACE_OIDC_ISSUER": "https://login.example.org",
        "TAILRACE_OIDC_CLIENT_ID": "123",
        "TAILRACE_OIDC_CLIENT_SECRET": "456",
    }

    oidc = read_config(environ=environ).oidc

    assert (oidc.client_id, oidc.client_secret) == ("123", Secret("456"))
    assert "456" not in repr(oidc)


def test_everything_wrong_about_an_openid_provider_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text(
        '[oidc]\nissuer = "http://login.example.org"\nscopes = ["email"]\n'
        'email_domains = ["Example.org"]\n'
    )

    with pytest.raises(ConfigError) as caught:
        read_config(environ={"TAILRACE_DATA_DIR": str(tmp_path)}, path=file)

    for told in ("oidc.client_id", "oidc.issuer is", "oidc.scopes", "'Example.org'"):
        assert told in str(caught.value)


@pytest.mark.parametrize("kind", [Slug, WriteKey])
def test_no_line_break_follows_a_slug_or_a_key(kind: object) -> None:
    assert msgspec.convert("first-one", kind) == "first-one"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("first-one\n", kind)


def test_everything_wrong_about_where_deliveries_may_go_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "tailrace.toml"
    file.write_text(
        '[deliver]\nprivate_networks = ["10.0.0.0/8", "10.0.0.1/8"]\n'
        'file_directories = ["/srv/events", "events"]\n'
    )

    with pytest.raises(ConfigError) as caught:
        read_config(environ={"TAILRACE_DATA_DIR": str(tmp_path)}, path=file)

    assert "deliver.private_networks has '10.0.0.1/8'" in str(caught.value)
    assert "deliver.file_directories has 'events'; expected an absolute path" in str(caught.value)
    assert "/srv/events" not in str(caught.value)
