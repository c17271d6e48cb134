"""Seals secrets at rest: AES-256-GCM under the installation's secret key.

A sealed secret is text: `v1:<key id>:<base64 of nonce and ciphertext>`. It opens only in the place
it was sealed for, so that a copy moved to another row is refused.
"""

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tailrace.config import Config, Secret, write_private
from tailrace.errors import ConfigError

KEY_NAME: Final = "secret.key"
KEY_BYTES: Final = 32
STARS: Final = "***"
_NONCE_BYTES: Final = 12
_VERSION: Final = "v1"
_HOW_TO: Final = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"


class Vault:
    """Opens what was sealed with any of its keys; the first one seals.

    With a `file`, it goes by what stands there: a key that was put in while this process runs is
    found when it is needed.
    """

    def __init__(self, keys: Sequence[bytes], *, file: Path | None = None) -> None:
        self._file = file
        self._stamp = _stamp(file)
        self._keys = {key_id(key): key for key in keys}

    def seal(self, secret: Secret, *, place: str) -> str:
        """Return the secret as it may be stored.

        Raises:
            ConfigError: the file of the keys was changed and holds no key now.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._read_again()
        first, key = next(iter(self._keys.items()))
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(key).encrypt(nonce, secret.reveal().encode(), place.encode())
        return f"{_VERSION}:{first}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, place: str) -> Secret:
        """Return what was sealed for this place.

        Raises:
            ConfigError: none of the keys sealed it, or it was changed or moved since.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        _, _, rest = sealed.partition(":")
        sealed_with, _, text = rest.partition(":")
        if sealed_with not in self._keys:
            self._read_again()
        key = self._keys.get(sealed_with)
        if key is None:
            raise ConfigError(
                f"the secret of {place} is sealed with the key {sealed_with}; this installation "
                f"has {', '.join(self._keys)}. Give that key in TAILRACE_SECRET_KEY or {KEY_NAME}"
            )
        try:
            sealed_bytes = base64.b64decode(text, validate=True)
            plain = AESGCM(key).decrypt(
                sealed_bytes[:_NONCE_BYTES], sealed_bytes[_NONCE_BYTES:], place.encode()
            )
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise ConfigError(f"the sealed secret of {place} is damaged: set it anew") from error
        return Secret(plain.decode())

    @property
    def key_id(self) -> str:
        """The name of the key that seals."""
        return next(iter(self._keys))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The names of all keys, the one that seals first."""
        return tuple(self._keys)

    def _read_again(self) -> None:
        """Take the keys of the file where it was changed since."""
        stamp = _stamp(self._file)
        if self._file is None or stamp == self._stamp:
            return
        keys = _keys_of(_read(self._file), where=str(self._file))
        # Replaced at once: other threads may be using the old ones.
        self._keys, self._stamp = {key_id(key): key for key in keys}, stamp


def key_id(key: bytes) -> str:
    """Return the name of a key, which gives nothing of it away."""
    return hashlib.sha256(b"tailrace secret key" + key).hexdigest()[:8]


def open_vault(config: Config) -> Vault | None:
    """Return the vault with the keys of the environment or the key file; None without any.

    Raises:
        ConfigError: what is given is no key.
    """
    given = config.control.secret_key
    if given is not None and given.reveal():
        texts = [text.strip() for text in given.reveal().split(",")]
        return Vault(_keys_of(texts, where="TAILRACE_SECRET_KEY"))
    path = key_path(config)
    if not path.exists():
        return None
    return Vault(_keys_of(_read(path), where=str(path)), file=path)


def make_vault(config: Config) -> Vault:
    """Return a vault with a new key, kept in the key file."""
    _write(config, [_new_key()])
    vault = open_vault(config)
    assert vault is not None, "the key file was written just now"  # noqa: S101
    return vault


def add_key(config: Config) -> None:
    """Put a new key before those of the key file: it seals from now on, the others open.

    Raises:
        ConfigError: there is no key file.
    """
    _write(config, [_new_key(), *_read(key_path(config))])


def keep_first_key(config: Config) -> int:
    """Take all keys but the first out of the key file; return how many they were.

    Raises:
        ConfigError: there is no key file.
    """
    first, *others = _read(key_path(config))
    if others:
        _write(config, [first])
    return len(others)


def webhook_place(source: str) -> str:
    """Return the place of a source's webhook secret."""
    return f"sources/{source}/webhook_secret"


def destination_place(destination: str, setting: str) -> str:
    """Return the place of a secret of a destination, in each of its versions."""
    return f"destinations/{destination}/{setting}"


def alert_place(alert: str, name: str) -> str:
    """Return the place of a secret of a delivery alert."""
    return f"delivery-alerts/{alert}/{name}"


def key_path(config: Config) -> Path:
    """Return the file of the keys."""
    return config.data_dir / KEY_NAME


def _new_key() -> str:
    return secrets.token_urlsafe(KEY_BYTES)


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def _write(config: Config, texts: Sequence[str]) -> None:
    write_private(key_path(config), "".join(f"{text}\n" for text in texts).encode())


def _stamp(path: Path | None) -> tuple[int, ...]:
    """Return what changes when the file is replaced; nothing for no file."""
    if path is None or not path.exists():
        return ()
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def _keys_of(texts: Sequence[str], *, where: str) -> list[bytes]:
    if not texts:
        raise ConfigError(f"{where} is empty; make a key: {_HOW_TO}")
    return [_key(text, where=where) for text in texts]


def _key(text: str, *, where: str) -> bytes:
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{where}: a secret key is {KEY_BYTES} random bytes in base64, 43 characters; this one "
            f"has {len(text)}. Make one: {_HOW_TO}"
        )
    return key
