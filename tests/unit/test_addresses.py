"""Addresses that are shown to people."""

import pytest

from tailrace.addresses import name_in, url_by_name, url_of
from tailrace.cli.run import shown_address


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8282"),
        ("0.0.0.0", "http://127.0.0.1:8282"),
        ("::", "http://[::1]:8282"),
        ("::1", "http://[::1]:8282"),
        ("10.0.0.7", "http://10.0.0.7:8282"),
        ("events.example", "http://events.example:8282"),
    ],
)
def test_this_machine_reaches_a_server_wherever_it_listens(host: str, url: str) -> None:
    assert url_of(host, 8282) == url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://box.example:8282"),
        ("::", "http://box.example:8282"),
        ("127.0.0.1", "http://127.0.0.1:8282"),
        ("10.0.0.7", "http://10.0.0.7:8282"),
    ],
)
def test_a_name_stands_for_a_wildcard_only(host: str, url: str) -> None:
    assert url_by_name(host, 8282, name="box.example") == url


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("box.example", "box.example"),
        ("box.example:8283", "box.example"),
        ("192.0.2.7:8283", "192.0.2.7"),
        ("[2001:db8::1]:8283", "[2001:db8::1]"),
        ("", ""),
        ("box.example:port", ""),
        ("user@box.example", ""),
        ("box.example/<script>", ""),
        ("a b", ""),
    ],
)
def test_only_a_host_is_taken_from_a_header(header: str, name: str) -> None:
    assert name_in(header) == name


def test_an_address_for_every_network_is_shown_by_the_machines_name() -> None:
    shown = shown_address("0.0.0.0", 8282, name="box")

    assert shown.startswith("http://box:8282 ")
    assert "http://127.0.0.1:8282" in shown


def test_an_address_for_this_machine_alone_is_shown_plainly() -> None:
    assert shown_address("127.0.0.1", 8282, name="box") == "http://127.0.0.1:8282"
