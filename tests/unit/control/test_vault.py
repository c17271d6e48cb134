"""Secrets at rest: sealed for one place, opened with the right key, and never shown."""

import base64
import stat
from pathlib import Path

import pytest

from tailrace.config import Config, ControlConfig, Secret
from tailrace.control.vault import (
    Vault,
    add_key,
    keep_first_key,
    key_path,
    make_vault,
    open_vault,
    webhook_place,
)
from tailrace.errors import ConfigError

OLD = bytes(range(32))
NEW = bytes(range(32, 64))
SECRET = Secret("planted-secret")
PLACE = webhook_place("shop")


def text_of(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def config_with(tmp_path: Path, text: str) -> Config:
    return Config(data_dir=tmp_path, control=ControlConfig(secret_key=Secret(text)))


def test_a_sealed_secret_opens_in_its_place_and_shows_nothing() -> None:
    vault = Vault([OLD])

    sealed = vault.seal(SECRET, place=PLACE)

    assert vault.open(sealed, place=PLACE) == SECRET
    assert "planted" not in sealed
    assert base64.b64encode(b"planted").decode()[:6] not in sealed


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    vault = Vault([OLD])

    assert vault.seal(SECRET, place=PLACE) != vault.seal(SECRET, place=PLACE)


def test_a_sealed_secret_does_not_open_in_another_place() -> None:
    sealed = Vault([OLD]).seal(SECRET, place=PLACE)

    with pytest.raises(ConfigError, match="other"):
        Vault([OLD]).open(sealed, place=webhook_place("other"))


def test_a_changed_byte_is_noticed() -> None:
    sealed = Vault([OLD]).seal(SECRET, place=PLACE)

    for damaged in (sealed[:-8] + "AAAA" + sealed[-4:], sealed[:-1], sealed[:20]):
        with pytest.raises(ConfigError, match="damaged"):
            Vault([OLD]).open(damaged, place=PLACE)


def test_an_unknown_key_is_named_and_not_shown() -> None:
    sealed = Vault([OLD]).seal(SECRET, place=PLACE)

    with pytest.raises(ConfigError, match=Vault([OLD]).key_id) as refused:
        Vault([NEW]).open(sealed, place=PLACE)

    assert text_of(NEW) not in str(refused.value)


def test_the_first_key_seals_and_all_of_them_open() -> None:
    sealed = Vault([OLD]).seal(SECRET, place=PLACE)
    both = Vault([NEW, OLD])

    assert both.open(sealed, place=PLACE) == SECRET
    assert Vault([NEW]).open(both.seal(SECRET, place=PLACE), place=PLACE) == SECRET


def test_the_key_file_is_private_and_used_without_a_variable(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)

    assert open_vault(config) is None
    made = make_vault(config)

    again = open_vault(config)
    assert again is not None
    assert again.key_ids == made.key_ids
    assert stat.S_IMODE(key_path(config).stat().st_mode) == 0o600


def test_the_variable_wins_over_the_file(tmp_path: Path) -> None:
    make_vault(Config(data_dir=tmp_path))

    vault = open_vault(config_with(tmp_path, f"{text_of(NEW)}, {text_of(OLD)}"))

    assert vault is not None
    assert vault.key_ids == Vault([NEW, OLD]).key_ids


@pytest.mark.parametrize("text", ["short", "x" * 43 + "!!", text_of(OLD)[:-2], "ü" * 43, ","])
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="TAILRACE_SECRET_KEY") as refused:
        open_vault(config_with(tmp_path, text))

    assert len(text) < 3 or text not in str(refused.value)


def test_an_empty_key_file_is_refused(tmp_path: Path) -> None:
    key_path(Config(data_dir=tmp_path)).write_text("\n")

    with pytest.raises(ConfigError, match="empty"):
        open_vault(Config(data_dir=tmp_path))


def test_a_vault_takes_up_a_key_that_is_put_into_its_file_later(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    running = make_vault(config)
    before = running.key_id
    sealed_before = running.seal(SECRET, place=PLACE)

    add_key(config)
    changed = open_vault(config)

    assert changed is not None
    assert running.open(changed.seal(SECRET, place=PLACE), place=PLACE) == SECRET
    assert running.open(sealed_before, place=PLACE) == SECRET
    assert running.key_ids == (changed.key_id, before)
    assert running.seal(SECRET, place=PLACE).split(":")[1] == changed.key_id


def test_old_keys_are_taken_out_once(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path)
    make_vault(config)
    add_key(config)
    add_key(config)

    taken = [keep_first_key(config), keep_first_key(config)]

    assert taken == [2, 0]
    assert stat.S_IMODE(key_path(config).stat().st_mode) == 0o600
