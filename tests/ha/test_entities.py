"""What every model looks like in Home Assistant, and that words exist for all of it."""

import json
from pathlib import Path
from typing import Any

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.event import EventDeviceClass
from homeassistant.components.sensor import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.devices import DEFINITIONS
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.options import Option
from custom_components.aqara_zigbee.core.property import (
    Action,
    Binary,
    Enum,
    Numeric,
    Shown,
)
from custom_components.aqara_zigbee.platforms import meters_of, platform_of
from custom_components.aqara_zigbee.radio.virtual.devices import MODELS as SIMULATED
from custom_components.aqara_zigbee.radio.virtual.home import Home
from custom_components.aqara_zigbee.sensor import FIGURES
from tests.ha.conftest import join, until

PACKAGE = Path(__file__).parents[2] / "custom_components" / "aqara_zigbee"
EVERY_MODEL = pytest.mark.parametrize("model", DEFINITIONS)


@EVERY_MODEL
async def test_registered(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    model: str,
) -> None:
    """The device and its entities, as they are registered."""
    device = await join(home, gateway, SIMULATED[model]())
    if DEFINITIONS[model].supports_ota:
        await until(lambda: device.upkeep.running)
    (entry,) = hass.config_entries.async_entries("aqara_zigbee")
    registered = device_registry.async_get_device_by_identifier(
        ("aqara_zigbee", device.ieee), entry.entry_id
    )
    assert isinstance(registered, dr.DeviceEntry)
    shown = (
        "name",
        "manufacturer",
        "model",
        "model_id",
        "sw_version",
        "hw_version",
        "serial_number",
    )
    assert {name: getattr(registered, name) for name in shown} == snapshot(name="device")
    assert registered.connections == {("zigbee", device.ieee)}
    coordinator = device_registry.async_get(registered.via_device_id or "")
    assert isinstance(coordinator, dr.DeviceEntry)
    assert coordinator.manufacturer == "Texas Instruments"
    entities = er.async_entries_for_device(
        entity_registry, registered.id, include_disabled_entities=True
    )
    assert sorted((describe(entity) for entity in entities), key=str) == snapshot(name="entities")


def describe(entity: er.RegistryEntry) -> dict[str, Any]:
    """What matters of a registered entity."""
    return {
        "entity_id": entity.entity_id,
        "name": entity.original_name,
        "unique_id": entity.unique_id.rpartition("-")[2],
        "category": entity.entity_category,
        "device_class": entity.original_device_class,
        "unit": entity.unit_of_measurement,
        "enabled": entity.disabled_by is None,
        "capabilities": entity.capabilities,
    }


TRANSLATIONS = json.loads((PACKAGE / "translations" / "en.json").read_text())
ICONS = json.loads((PACKAGE / "icons.json").read_text())


def keys(definition: Definition) -> set[tuple[Platform, str]]:
    """Platform and translation key of all entities of a model."""
    found: set[tuple[Platform, str]] = {(Platform.SENSOR, "last_seen")}
    if definition.supports_ota:
        found.add((Platform.UPDATE, "firmware"))
    for row in (*definition.properties, *definition.options):
        if isinstance(row, Action):
            found |= {(Platform.EVENT, event.name) for event in row.events}
        elif isinstance(row, Option) or Shown.HOME in row.shown:
            found.add((platform_of(row), row.name))
    for row in meters_of(definition):
        found |= {
            (Platform.SENSOR, f"{row.name}_since_reset"),
            (Platform.BUTTON, f"reset_{row.name}"),
        }
    return found


@EVERY_MODEL
def test_every_entity_has_a_name_and_an_icon(model: str) -> None:
    for platform, key in keys(DEFINITIONS[model]):
        assert TRANSLATIONS["entity"][platform][key]["name"]
        assert ICONS["entity"][platform][key]["default"].startswith("mdi:")


def test_no_word_is_for_nothing() -> None:
    wanted = {key for definition in DEFINITIONS.values() for key in keys(definition)}
    for words in (TRANSLATIONS["entity"], ICONS["entity"]):
        written = {(Platform(p), key) for p, names in words.items() for key in names}
        assert {key for key in written if key[0] in {p for p, _ in wanted}} <= wanted | BESIDES


BESIDES: set[tuple[Platform, str]] = {
    (Platform.SWITCH, "permit_join"),
    (Platform.SWITCH, "plugged_in"),
    *((Platform.SENSOR, name) for name, *_ in FIGURES),
}
"""Entities that belong to the network and not to a device."""


@EVERY_MODEL
def test_every_word_of_a_state_is_translated(model: str) -> None:
    for row in DEFINITIONS[model].properties:
        if isinstance(row, Enum) and Shown.HOME in row.shown:
            words = TRANSLATIONS["entity"][platform_of(row)][row.name]["state"]
            assert set(words) == set(row.values)
        if isinstance(row, Action):
            for event in row.events:
                check_event_words(event.name, {kind for kind, _ in event.types.values()})


def check_event_words(name: str, kinds: set[str]) -> None:
    """Event types of our own have names; Home Assistant's standard ones have theirs."""
    words = TRANSLATIONS["entity"]["event"][name].get("state_attributes", {})
    ours = words.get("event_type", {}).get("state", {})
    standard = {"ring", "press_end", "multi_press_end", "long_press_start", "long_press_end"}
    assert kinds - standard <= set(ours)


@EVERY_MODEL
def test_home_assistants_words_are_its_own(model: str) -> None:
    """Units, classes and categories stand in the core as plain strings."""
    for row in DEFINITIONS[model].properties:
        if row.category is not None:
            EntityCategory(row.category)
        match row:
            case Binary(device_class=str() as device_class):
                BinarySensorDeviceClass(device_class)
            case Numeric() if Shown.HOME in row.shown:
                check_quantity(row)
            case Action():
                for event in row.events:
                    assert event.device_class is None or EventDeviceClass(event.device_class)
            case _:
                pass


def check_quantity(row: Numeric) -> None:
    """Whether Home Assistant accepts unit and classes together."""
    quantity = row.quantity
    if quantity.device_class is None:
        return
    device_class = SensorDeviceClass(quantity.device_class)
    assert quantity.unit in DEVICE_CLASS_UNITS[device_class]
    if quantity.state_class is not None:
        state_class = SensorStateClass(quantity.state_class)
        assert state_class in DEVICE_CLASS_STATE_CLASSES[device_class]
