"""Takes secrets out of what is shown of a request."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, quote_plus

import msgspec

from tailrace.control.vault import STARS

HEADER_CHARACTERS_MAX: Final = 4_096
HEADERS_MAX: Final = 100
_WORD_CHARACTERS_MIN: Final = 8
_SECRET_HEADERS: Final = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-amz-security-token",
        "x-api-key",
    }
)
_OF_ROLE: Final = re.compile("<(SecretAccessKey|SessionToken)>[^<]*")
"""What STS of AWS answers when a role is assumed: secrets that no settings have."""


_ESCAPE: Final = re.compile("%[0-9A-F]{2}")


class Hiding:
    """Puts stars in the place of secrets, in each form that a request may carry them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # The longest first: one secret may hold another.
        self._forms = sorted(forms, key=len, reverse=True)
        self._bytes_max = max((len(form.encode()) for form in forms), default=0)

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for form in self._forms:
            text = text.replace(form, STARS)
        return _OF_ROLE.sub(rf"<\1>{STARS}", text)

    def beginning(self, content: bytes, *, characters_max: int) -> str:
        """Return the beginning of a text without secrets, without reading all of it.

        A secret that is cut in two is not known as one. So some more is read than is returned, and
        as much left out at the end as the longest secret is long.
        """
        read = content[: 4 * characters_max + self._bytes_max]
        text = self(read.decode(errors="replace"))
        if len(read) < len(content):
            text = text[: max(0, len(text) - self._bytes_max)]
        return text[:characters_max]

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Return headers without secrets; those that are for secrets are stars altogether."""
        return {
            self(name): STARS
            if name.lower() in _SECRET_HEADERS
            else self(value)[:HEADER_CHARACTERS_MAX]
            for name, value in list(headers.items())[:HEADERS_MAX]
        }


def _forms(secret: str) -> set[str]:
    """Return how a secret may be written: as it is, in JSON, in an address, within base64."""
    texts = {msgspec.json.encode(secret).decode()[1:-1], json.dumps(secret)[1:-1]}
    texts |= {text.replace("/", "\\/") for text in texts}
    quoted = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    # Readers of addresses differ in how they write the digits.
    quoted |= {_ESCAPE.sub(lambda found: found[0].lower(), text) for text in quoted}
    forms = {secret, *texts, *quoted}
    # A scheme such as "Bearer" is no part of what must not be seen.
    forms |= {word for word in secret.split() if len(word) >= _WORD_CHARACTERS_MIN}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            whole = encode(b"\0" * before + secret.encode()).decode().rstrip("=")
            # The first and the last characters depend on what stands beside the secret.
            inner = whole[(0, 2, 3)[before] : -1]
            if len(inner) >= _WORD_CHARACTERS_MIN:
                forms.add(inner)
    return forms
