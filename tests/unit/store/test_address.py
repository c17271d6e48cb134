from pathlib import Path

import pytest

from tailrace.store.connect import Address


def test_an_embedded_store_is_a_directory_with_a_database() -> None:
    address = Address("chdb:////var/lib/tailrace/store")

    assert address.is_embedded
    assert (address.directory, address.database) == (Path("/var/lib/tailrace/store"), "tailrace")


def test_an_embedded_store_may_name_its_database() -> None:
    assert Address("chdb:////var/lib/store?database=other").database == "other"


@pytest.mark.parametrize(
    ("dsn", "database"),
    [("https://host:8443/events", "events"), ("http://me:secret@host:8123", "tailrace")],
)
def test_a_server_is_connected_to_before_its_database_exists(dsn: str, database: str) -> None:
    address = Address(dsn)

    assert not address.is_embedded
    assert address.database == database
    assert address.dsn == dsn.removesuffix("/events")
