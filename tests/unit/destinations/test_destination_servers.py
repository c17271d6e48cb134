"""What destinations with connections of their own share."""

import pytest

from certificates import Authority
from tailrace.destinations.api import Secret
from tailrace.destinations.nats import Settings
from tailrace.destinations.servers import pem_of, tls_context
from tailrace.errors import SettingsError


def settings(ca: str, certificate: str, key: str) -> Settings:
    return Settings(
        servers="nats.test",
        subject="events",
        tls=True,
        tls_ca=Secret(ca),
        tls_certificate=Secret(certificate),
        tls_key=Secret(key),
    )


@pytest.mark.parametrize("between", ["\n", "\r\n", " ", ""])
def test_certificates_are_read_whatever_a_form_made_of_their_line_ends(between: str) -> None:
    authority = Authority()
    pair = authority.sign("nats.test")
    given = [
        text.replace("\n", between) for text in (authority.certificate, pair.certificate, pair.key)
    ]

    context = tls_context(settings(*given))

    assert context is not None
    assert [each["subject"] for each in context.get_ca_certs()] != []
    assert pem_of(Secret(given[0])) == authority.certificate


def test_what_only_looks_like_a_certificate_is_refused_and_not_left_out() -> None:
    authority = Authority()
    pair = authority.sign("nats.test")
    broken = "-----BEGIN CERTIFICATE-----\nno certificate!\n-----END CERTIFICATE-----"

    with pytest.raises(SettingsError, match="tls_ca"):
        tls_context(settings(broken, pair.certificate, pair.key))
