"""The entities of every model, and their texts."""

import json
from pathlib import Path
from typing import Any

from homeassistant.components import event as event_component
from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.button import ButtonDeviceClass
from homeassistant.components.event import EventDeviceClass
from homeassistant.components.sensor import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.components.switch import SwitchDeviceClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from syrupy.assertion import SnapshotAssertion

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.group import Cover
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.options import Option
from custom_components.aqara_zigbee.core.property import (
    Action,
    Binary,
    Enum,
    Numeric,
    Row,
    Shown,
)
from custom_components.aqara_zigbee.core.quantity import Quantity
from custom_components.aqara_zigbee.entity import translation_key
from custom_components.aqara_zigbee.platforms import meters_of, parts_of, platform_of
from custom_components.aqara_zigbee.sensor import FIGURES
from custom_components.aqara_zigbee.simulator.devices import MODELS as SIMULATED
from custom_components.aqara_zigbee.simulator.home import Home
from tests.ha.conftest import join, simulated, until

PACKAGE = Path(__file__).parents[2] / "custom_components" / "aqara_zigbee"
EVERY_MODEL = pytest.mark.parametrize(
    "model", [each.zigbee_model for each in DEFINITIONS.distinct()]
)


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
    device = await join(home, gateway, simulated(model))
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
    assert coordinator.name == entry.title, "of two coordinators, nobody knows which is which"
    entities = er.async_entries_for_device(
        entity_registry, registered.id, include_disabled_entities=True
    )
    for entity in entities:
        check_texts(entity)
    names = [entity.original_name for entity in entities]
    assert sorted(set(names), key=str) == sorted(names, key=str), "two entities have one name"
    assert sorted((describe(entity) for entity in entities), key=str) == snapshot(name="entities")


def describe(entity: er.RegistryEntry) -> dict[str, Any]:
    """Return the tested data of a registered entity."""
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


def check_texts(entity: er.RegistryEntry) -> None:
    """Whether an entity has a name, ours or Home Assistant's, and an icon where its class has none."""
    key = entity.translation_key
    is_main = entity.original_name is None
    texts = TRANSLATIONS["entity"].get(entity.domain, {}).get(key, {})
    # Such an event has the name and icon of its class, but texts of our own for its types.
    is_named_by_class = entity.domain == Platform.EVENT and key == entity.original_device_class
    has_name = is_main or key is None or is_named_by_class or "name" in texts
    assert has_name, f'add "{key}": {{"name": …}} to entity.{entity.domain} in translations/en.json'
    assert is_main or texts.get("name") in (None, entity.original_name)
    # An enumeration is a device class without an icon that means anything, and a turn is no press.
    has_icon = entity.original_device_class not in (None, SensorDeviceClass.ENUM) and (
        entity.domain != Platform.EVENT or is_named_by_class
    )
    icons = ICONS["entity"].get(entity.domain, {})
    assert has_icon is (key not in icons), (
        f'{"remove" if has_icon else "add"} "{key}" in entity.{entity.domain} of icons.json'
    )


def keys(definition: Definition) -> set[tuple[Platform, str]]:
    """Return platform and translation key of all entities of a model with texts of their own."""
    found: set[tuple[Platform, str]] = {(Platform.SENSOR, "last_seen")}
    if not definition.feed.listens:
        found.add((Platform.SENSOR, "pending_changes"))
    for row in parts_of(definition):
        if isinstance(row, Cover):
            found |= {(Platform.COVER, row.name)} if len(definition.groups) > 1 else set()
        elif isinstance(row, Action):
            found |= {(Platform.EVENT, event.name) for event in row.events}
        elif translation_key(row.name, class_of(row)) is None:
            continue
        else:
            found.add((platform_of(row), row.name))
    for row in meters_of(definition):
        found |= {
            (Platform.SENSOR, f"{row.name}_since_reset"),
            (Platform.BUTTON, f"reset_{row.name}"),
        }
    return found


def class_of(row: Row | Option) -> str | None:
    """Home Assistant's device class for a row, None if it has none."""
    match row:
        case Binary(device_class=found) | Numeric(quantity=Quantity(device_class=found)):
            return found
        case Enum() if platform_of(row) is Platform.BUTTON and row.name in {*ButtonDeviceClass}:
            return row.name
        case _:
            return None


def test_no_text_is_unused() -> None:
    wanted = {key for definition in DEFINITIONS.values() for key in keys(definition)}
    for texts in (TRANSLATIONS["entity"], ICONS["entity"]):
        written = {(Platform(p), key) for p, names in texts.items() for key in names}
        assert {key for key in written if key[0] in {p for p, _ in wanted}} <= wanted | BESIDES


BESIDES: set[tuple[Platform, str]] = {
    (Platform.BUTTON, "scan_network"),
    (Platform.SWITCH, "permit_join"),
    (Platform.SWITCH, "plugged_in"),
    *((Platform.SENSOR, name) for name, *_ in FIGURES),
}
"""Entities that belong to the network and not to a device."""


@EVERY_MODEL
def test_every_state_is_translated(model: str) -> None:
    for row in DEFINITIONS[model].properties:
        has_texts = Shown.HOME in row.shown and DEFINITIONS[model].group_of(row.name) is None
        if isinstance(row, Enum) and has_texts and platform_of(row) is not Platform.BUTTON:
            names = TRANSLATIONS["entity"].get(platform_of(row), {}).get(row.name, {})
            texts = names.get("state", {})
            assert set(texts) == set(row.values), (
                f'translate the states in "{row.name}" of entity.{platform_of(row)}'
                " in translations/en.json"
            )
        if isinstance(row, Action):
            for event in row.events:
                kinds = {kind for kind, _ in event.types.values()}
                check_event_texts(event.name, {*kinds, *event.kinds})


def check_event_texts(name: str, kinds: set[str]) -> None:
    """All event types have names, also the standard ones: Home Assistant lacks these in some languages."""
    texts = TRANSLATIONS["entity"]["event"].get(name, {}).get("state_attributes", {})
    assert kinds <= set(texts.get("event_type", {}).get("state", {}))


def test_standard_event_types_are_home_assistants_in_english() -> None:
    """English users read the same as before."""
    path = Path(event_component.__file__).parent / "translations" / "en.json"
    classes = json.loads(path.read_text())["entity_component"]
    for each in EventDeviceClass:
        ours = TRANSLATIONS["entity"]["event"].get(each, {}).get("state_attributes", {})
        theirs = classes.get(each, {}).get("state_attributes", {})
        for name, texts in ours.items():
            assert texts["state"].items() <= theirs[name]["state"].items()


@EVERY_MODEL
def test_home_assistants_texts_are_its_own(model: str) -> None:
    """Units, classes and categories stand in the core as plain strings."""
    for row in DEFINITIONS[model].properties:
        if row.category is not None:
            EntityCategory(row.category)
        match row:
            case Binary(device_class=str() as device_class):
                (SwitchDeviceClass if row.settable else BinarySensorDeviceClass)(device_class)
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


@pytest.mark.parametrize(
    ("model", "platform", "key", "enabled"),
    [
        ("lumi.lock.acn02", Platform.BINARY_SENSOR, "battery_low", True),
        ("lumi.plug", Platform.SENSOR, "power", True),
        ("lumi.plug", Platform.NUMBER, "device_temperature_precision", False),
        ("lumi.relay.c2acn01", Platform.SENSOR, "power_outage_count", False),
    ],
)
async def test_existing_entities_stay_as_they_are(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entity_registry: er.EntityRegistry,
    model: str,
    platform: Platform,
    key: str,
    enabled: bool,
) -> None:
    """An existing entity keeps its id, and stays enabled; new ones may be disabled."""
    node = SIMULATED[model]()
    node.ieee = "00:15:8d:00:aa:bb:cc:dd"
    (entry,) = hass.config_entries.async_entries("aqara_zigbee")
    old = entity_registry.async_get_or_create(
        platform,
        "aqara_zigbee",
        f"{node.ieee}-{key}",
        suggested_object_id="old",
        config_entry=entry,
    )
    await join(home, gateway, simulated(model))
    await join(home, gateway, node)
    await hass.async_block_till_done()
    assert hass.states.get(old.entity_id) is not None
    entities = [e for e in entity_registry.entities.values() if e.unique_id.endswith(f"-{key}")]
    assert {e.entity_id: e.disabled_by is None for e in entities if e.id != old.id} == {
        e.entity_id: enabled for e in entities if e.id != old.id
    }
    assert len(entities) == 2
