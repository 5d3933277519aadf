"""Zigbee2MQTT's own words for properties, options and clusters, where no row can know them.

Clients show these texts and some match on them, so they are facts of the contract
(zigbee-herdsman-converters 26.112, exposes of the five models).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a property.

    Attributes:
        description: a sentence; None where Zigbee2MQTT has none.
        category: "config", "diagnostic" or None. Home Assistant's differs in places.
        values: the words of an enumeration in documented order; None if the row's order is it.
    """

    description: str | None = None
    category: str | None = None
    values: tuple[str, ...] | None = None


def _reading(description: str) -> Words:
    return Words(description, "diagnostic")


PROPERTIES: Mapping[str, Words] = {
    "action": _reading("Triggered action (e.g. a button click)"),
    "action_rotation_angle": _reading("Rotation angle"),
    "action_rotation_angle_speed": _reading("Rotation angle speed"),
    "action_rotation_button_state": _reading("Button state during rotation"),
    "action_rotation_percent": _reading("Rotation percent"),
    "action_rotation_percent_speed": _reading("Rotation percent speed"),
    "action_rotation_time": _reading("Rotation time"),
    "battery": _reading("Remaining battery in %, can take up to 24 hours before reported"),
    "battery_low": _reading("Indicates if the battery of this device is almost empty"),
    "current": Words("Instantaneous measured electrical current"),
    "device_temperature": _reading("Temperature of the device"),
    "energy": Words("Sum of consumed energy"),
    "interlock": Words("Enabling prevents both relais being on at the same time"),
    "linkquality": _reading("Link quality (signal strength)"),
    "operation_mode": Words(
        "Command mode is useful for binding. Event mode is useful for processing.",
        values=("event", "command"),
    ),
    "power": Words("Instantaneous measured power"),
    "power_outage_count": _reading("Number of power outages"),
    "power_outage_memory": Words(
        "Enable/disable the power outage memory, this recovers the on/off mode after power failure",
        "config",
    ),
    "sensitivity": Words("Rotation sensitivity"),
}
"""By property."""

BY_UNIT: Mapping[tuple[str, str], Words] = {
    ("voltage", "V"): Words("Measured electrical potential value"),
    ("voltage", "mV"): _reading("Voltage of the battery in millivolts"),
}
"""Where one name means two things (contract 7.6)."""

CONTACT = Words("On/off state of the switch")
"""Of everything that can be toggled."""

CALIBRATION = (
    "Calibrates the {name} value ({how} offset), takes into effect on next report of device."
)
PRECISION = (
    "Number of digits after decimal point for {name}, takes into effect on next report of device."
    " This option can only decrease the precision, not increase it."
)
STATE_ACTION = "State actions will also be published as 'action' when true (default false)."
LEGACY = (
    "Set to false to disable the legacy integration (highly recommended), will change structure of"
    " the published payload (default true)."
)

CLUSTERS: Mapping[int, str] = {
    0x0000: "genBasic",
    0x0001: "genPowerCfg",
    0x0002: "genDeviceTempCfg",
    0x0003: "genIdentify",
    0x0004: "genGroups",
    0x0005: "genScenes",
    0x0006: "genOnOff",
    0x0008: "genLevelCtrl",
    0x000A: "genTime",
    0x000C: "genAnalogInput",
    0x000F: "genBinaryInput",
    0x0010: "genBinaryOutput",
    0x0012: "genMultistateInput",
    0x0013: "genMultistateOutput",
    0x0014: "genMultistateValue",
    0x0019: "genOta",
    0x0101: "closuresDoorLock",
    0x0B04: "haElectricalMeasurement",
    0xFCC0: "manuSpecificLumi",
}
"""Clusters of our devices, by zigbee-herdsman's names."""


def cluster_name(number: int) -> str:
    """A cluster's name, its number where it has none."""
    return CLUSTERS.get(number, str(number))
