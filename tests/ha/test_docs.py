"""docs/devices.md says of every model where each property is found: in Home Assistant and in MQTT."""

from collections.abc import Iterator
from pathlib import Path

from homeassistant.const import Platform
import pytest

from custom_components.aqara_zigbee.core.definition import Definition
from custom_components.aqara_zigbee.core.devices import DEFINITIONS
from custom_components.aqara_zigbee.core.property import Action, Binary, Row, Shown
from custom_components.aqara_zigbee.platforms import platform_of
from tests.ha.test_entities import TRANSLATIONS

PAGE = (Path(__file__).parents[2] / "docs" / "devices.md").read_text()

CONTRACT: dict[str, set[str]] = {
    "ZNMS12LM": {
        *("linkquality", "battery", "voltage", "battery_low", "state", "reverse"),
        *("action", "action_user", "action_repeat", "user", "repeat"),
    },
    "ZNMS11LM": {
        *("linkquality", "state", "reverse", "action", "action_user", "action_repeat"),
        *("user", "repeat", "data"),
    },
    "ZNXNKG02LM": {
        *("linkquality", "battery", "voltage", "operation_mode", "sensitivity", "action"),
        *("action_rotation_angle", "action_rotation_angle_speed", "action_rotation_percent"),
        *("action_rotation_percent_speed", "action_rotation_time"),
        "action_rotation_button_state",
    },
    "ZNCZ02LM": {
        *("linkquality", "state", "power", "energy", "device_temperature"),
        *("power_outage_memory", "voltage"),
    },
    "LLKZMK11LM": {
        *("linkquality", "power", "energy", "device_temperature", "voltage", "current"),
        *("state_l1", "state_l2", "power_outage_count", "power_outage_memory", "interlock"),
    },
}
"""The properties of the contract's table (section 8), by model."""


def name_of(platform: Platform, key: str) -> str:
    """An entity as the user interface calls it."""
    return f"{platform.replace('_', ' ')} *{TRANSLATIONS['entity'][platform][key]['name']}*"


def where(definition: Definition, row: Row) -> str:
    """Where Home Assistant shows a property."""
    action = definition.action
    if isinstance(row, Action):
        return ", ".join(name_of(Platform.EVENT, event.name) for event in row.events)
    places = [
        f"`{event.attributes[row.name]}` of {name_of(Platform.EVENT, event.name)}"
        for event in (action.events if action else ())
        if row.name in event.attributes
    ]
    if row.name in definition and Shown.HOME in row.shown:
        if isinstance(row, Binary) and row.main:
            places.insert(0, f"{platform_of(row)} with the device's name")
        else:
            places.insert(0, name_of(platform_of(row), row.name))
    return ", ".join(places) or "—"


def lines(definition: Definition) -> Iterator[str]:
    """The lines of a model's table."""
    action = definition.action
    for row in (*definition.properties, *(action.details if action else ())):
        key = f"`{row.name}`" if Shown.PAYLOAD in row.shown else "—"
        yield f"| {row.name} | {where(definition, row)} | {key} |"


def properties(definition: Definition) -> set[str]:
    """All that a model's table names."""
    return {line.split(" | ")[0].removeprefix("| ") for line in lines(definition)}


EVERY_MODEL = pytest.mark.parametrize("definition", DEFINITIONS.values(), ids=lambda one: one.model)


@EVERY_MODEL
def test_tables(definition: Definition) -> None:
    _, _, after = PAGE.partition(f"\n## {definition.model} ")
    section = after.partition("\n## ")[0].splitlines()
    table = [line for line in section if line.startswith("| ") and not line.startswith("| Prop")]
    assert table == list(lines(definition)), "\n".join(lines(definition))


@EVERY_MODEL
def test_whole_contract_is_there(definition: Definition) -> None:
    assert properties(definition) >= CONTRACT[definition.model]
