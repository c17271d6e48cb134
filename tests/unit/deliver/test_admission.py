"""What an event's `integrations` and consent say of where it may go, as tables."""

from typing import Any

import pytest

from tailrace.deliver.admission import is_consented, is_integrated

NAMES = ("webhook", "Webhook")


@pytest.mark.parametrize(
    ("integrations", "goes"),
    [
        ({}, True),
        (None, True),
        ("none", True),
        ({"All": True}, True),
        ({"All": False}, False),
        ({"All": None}, True),
        ({"All": False, "Webhook": True}, True),
        ({"All": False, "webhook": True}, True),
        ({"All": False, "hook": True}, True),
        ({"All": False, "Webhook": {}}, True),
        ({"All": False, "Webhook": {"timeout": 5}}, True),
        ({"All": False, "WEBHOOK": True}, False),
        ({"All": False, "Slack": True}, False),
        ({"Webhook": False}, False),
        ({"All": True, "Webhook": False}, False),
        ({"hook": False}, False),
        ({"webhook": False}, False),
        ({"Slack": False}, True),
        ({"Webhook": False, "hook": True}, True),
        ({"Warehouses": {"all": False}}, True),
        ({"Warehouses": False}, True),
    ],
)
def test_the_integrations_object_decides_for_a_tool(integrations: Any, *, goes: bool) -> None:
    assert is_integrated(integrations, slug="hook", names=NAMES) is goes


@pytest.mark.parametrize(
    ("integrations", "goes"),
    [
        ({}, True),
        ({"All": False}, True),
        ({"All": True, "Warehouses": {"all": False}}, False),
        ({"All": False, "Warehouses": {"all": True}}, True),
        ({"All": False, "Warehouses": {"warehouseIds": ["w1"]}}, True),
        ({"All": False, "Warehouses": {"warehouseIds": ["w2"]}}, False),
        ({"Warehouses": {"warehouseIds": []}}, False),
        ({"Warehouses": {"all": False, "warehouseIds": ["w1"]}}, True),
        ({"Warehouses": {"all": True, "warehouseIds": ["w2"]}}, True),
        ({"Warehouses": {}}, True),
        ({"Warehouses": False}, False),
        ({"Warehouses": True}, True),
        ({"w1": False}, False),
        ({"w1": True, "Warehouses": {"all": False}}, True),
        ({"PostgreSQL": False}, False),
    ],
)
def test_warehouses_go_by_an_entry_of_their_own(integrations: Any, *, goes: bool) -> None:
    names = ("postgres", "PostgreSQL")

    assert is_integrated(integrations, slug="w1", names=names, is_warehouse=True) is goes


def consent(preferences: object) -> dict[str, Any]:
    return {"context": {"consent": {"categoryPreferences": preferences}}}


@pytest.mark.parametrize(
    ("event", "goes"),
    [
        ({}, True),
        ({"context": {}}, True),
        ({"context": {"consent": None}}, True),
        ({"context": {"consent": {}}}, False),
        ({"context": {"consent": "yes"}}, False),
        (consent({}), False),
        (consent(None), False),
        (consent({"Analytics": True}), False),
        (consent({"Analytics": True, "Marketing": False}), False),
        (consent({"Analytics": True, "Marketing": True}), True),
        (consent({"Analytics": True, "Marketing": "true"}), False),
        (consent({"Analytics": 1, "Marketing": 1}), False),
        (consent({"Analytics": True, "Marketing": True, "Other": False}), True),
        (consent({"analytics": True, "marketing": True}), False),
    ],
)
def test_a_person_has_to_agree_to_every_category(event: dict[str, Any], *, goes: bool) -> None:
    assert is_consented(event, ["Analytics", "Marketing"]) is goes


def test_a_destination_without_categories_asks_for_no_consent() -> None:
    assert is_consented(consent({}), [])
