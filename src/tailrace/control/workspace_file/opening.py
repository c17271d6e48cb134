"""Opens sealed secrets to compare them; they leave the process in no form."""

import secrets

from tailrace.config import Secret
from tailrace.control.vault import Vault
from tailrace.errors import ConfigError


class Opener:
    """Opens what the installation's keys can open."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault

    def open(self, sealed: str, *, place: str) -> Secret:
        """Return the secret; for one that cannot be opened, one that equals no other."""
        if self._vault is not None:
            try:
                return self._vault.open(sealed, place=place)
            except ConfigError:
                pass
        return Secret(secrets.token_urlsafe(32))
