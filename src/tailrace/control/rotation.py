"""Rotating the secret key while everything runs: a new key seals, and every secret is sealed anew.

Running parts find the new key in the file when the first document that needs it comes.
"""

from typing import NamedTuple

from tailrace.config import Config
from tailrace.control.prepare import prepare
from tailrace.control.start import check_database
from tailrace.control.vault import add_key, keep_first_key, open_vault
from tailrace.errors import ConfigError


class Rotated(NamedTuple):
    """The names of the key before and after."""

    before: str
    after: str


def rotate_key(config: Config) -> Rotated:
    """Seal every secret with a new key.

    With the keys in a file, the new one is made there, before the old; where the environment gives
    them, the new one must stand before the old already.

    Raises:
        ConfigError: there is no workspace or no key yet, or the environment gives no new key.
        TransientError: the database is away; the new key is in place and nothing is sealed with it
            yet: rotate again.
    """
    before = check_database(config).secret_key_id
    vault = open_vault(config)
    assert vault is not None, "the database's secrets can be opened"  # noqa: S101
    if vault.key_id == before:
        if _is_given(config):
            raise ConfigError(
                "TAILRACE_SECRET_KEY gives no new key: put one before the old, with a comma "
                "between them, wherever a part of Tailrace runs, and restart"
            )
        add_key(config)
    prepare(config)
    return Rotated(before, check_database(config).secret_key_id)


def forget_old_keys(config: Config) -> int:
    """Take the keys that nothing is sealed with out of the key file; return how many they were.

    Raises:
        ConfigError: the environment gives the keys, or the database is sealed with an older one.
        TransientError: the database is away.
    """
    if _is_given(config):
        raise ConfigError("TAILRACE_SECRET_KEY gives the keys: take the old ones out there")
    sealed_with = check_database(config).secret_key_id
    vault = open_vault(config)
    assert vault is not None, "the database's secrets can be opened"  # noqa: S101
    if vault.key_id != sealed_with:
        raise ConfigError(
            f"the secrets are still sealed with the key {sealed_with}: run `tailrace rotate-key` "
            "first"
        )
    return keep_first_key(config)


def _is_given(config: Config) -> bool:
    given = config.control.secret_key
    return given is not None and bool(given.reveal())
