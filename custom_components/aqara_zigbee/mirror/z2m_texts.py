"""Zigbee2MQTT's texts for properties, options and clusters that the rows do not have.

Clients show these texts and some match on them, so they are facts
(zigbee-herdsman-converters 26.105.0, exposes of our models).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class ExposeTexts:
    """The texts of a property.

    Attributes:
        description: a sentence; None where Zigbee2MQTT has none.
        category: "config", "diagnostic" or None. Home Assistant's differs in places.
        values: the values of an enumeration in documented order; None for the row's order.
        more: other members of its entry.
    """

    description: str | None = None
    category: str | None = None
    values: tuple[str, ...] | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


def _reading(description: str) -> ExposeTexts:
    return ExposeTexts(description, "diagnostic")


PROPERTIES: Mapping[str, ExposeTexts] = {
    "action": _reading("Triggered action (e.g. a button click)"),
    "action_rotation_angle": _reading("Rotation angle"),
    "action_rotation_angle_speed": _reading("Rotation angle speed"),
    "action_rotation_button_state": _reading("Button state during rotation"),
    "action_rotation_percent": _reading("Rotation percent"),
    "action_rotation_percent_speed": _reading("Rotation percent speed"),
    "action_rotation_time": _reading("Rotation time"),
    "battery": _reading("Remaining battery in %, can take up to 24 hours before reported"),
    "battery_low": _reading("Indicates if the battery of this device is almost empty"),
    "charging_status": ExposeTexts("The current charging status."),
    "contact": ExposeTexts(
        "Indicates if the contact is closed (= true) or open (= false)",
        more={"homeassistant": {"name": None}},
    ),
    "current": ExposeTexts("Instantaneous measured electrical current"),
    "device_temperature": _reading("Temperature of the device"),
    "energy": ExposeTexts("Sum of consumed energy"),
    "humidity": ExposeTexts("Measured relative humidity"),
    "identify": ExposeTexts(
        "Initiate device identification. This device is asleep by default."
        "You may need to wake it up first before sending the identify command.",
        "config",
    ),
    "interlock": ExposeTexts("Enabling prevents both relais being on at the same time"),
    "linkquality": _reading("Link quality (signal strength)"),
    "motor_speed": ExposeTexts("Controls the motor speed", "config"),
    "motor_state": ExposeTexts("The current state of the motor."),
    "operation_mode": ExposeTexts(
        "Command mode is useful for binding. Event mode is useful for processing.",
        values=("event", "command"),
    ),
    "position": ExposeTexts("Position of this cover"),
    "power": ExposeTexts("Instantaneous measured power"),
    "power_outage_count": _reading("Number of power outages"),
    "power_outage_memory": ExposeTexts(
        "Enable/disable the power outage memory, this recovers the on/off mode after power failure",
        "config",
    ),
    "pressure": ExposeTexts("The measured atmospheric pressure"),
    "reverse_direction": ExposeTexts("Whether the curtain direction is inverted"),
    "running": ExposeTexts("Whether the motor is moving or not"),
    "sensitivity": ExposeTexts("Rotation sensitivity"),
    "temperature": ExposeTexts("Measured temperature value"),
    "trigger_count": _reading(
        "Indicates how many times the sensor was triggered (since last scheduled report)"
    ),
}
"""Texts by property."""

BY_UNIT: Mapping[tuple[str, str], ExposeTexts] = {
    ("voltage", "V"): ExposeTexts("Measured electrical potential value"),
    ("voltage", "mV"): _reading("Voltage of the battery in millivolts"),
}
"""Texts of names with two meanings (protocol 0.4)."""

BY_MODEL: Mapping[tuple[str, str], ExposeTexts] = {
    ("WXKG11LM", "power_outage_count"): _reading("Number of power outages (since last pairing)"),
}
"""Texts of a property of one model, by its model and name, where Zigbee2MQTT has others for it."""

CONTACT = ExposeTexts("On/off state of the switch")
"""Texts of everything that can be toggled."""

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

OPTIONS: Mapping[str, str] = {
    "identify_timeout": "Sets the duration of the identification procedure in seconds (i.e., how long the device would"
    " flash).The value ranges from 1 to 30 seconds (default: 3).",
    "invert_cover": "Inverts the cover position and state, false: open=100,close=0, true: open=0,close=100"
    " (default false).",
}
"""Descriptions of the options of a model, besides calibration and precision, by name."""

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
    0x000D: "genAnalogOutput",
    0x000F: "genBinaryInput",
    0x0010: "genBinaryOutput",
    0x0012: "genMultistateInput",
    0x0013: "genMultistateOutput",
    0x0014: "genMultistateValue",
    0x0019: "genOta",
    0x0101: "closuresDoorLock",
    0x0102: "closuresWindowCovering",
    0x0400: "msIlluminanceMeasurement",
    0x0402: "msTemperatureMeasurement",
    0x0403: "msPressureMeasurement",
    0x0405: "msRelativeHumidity",
    0x0406: "msOccupancySensing",
    0x0500: "ssIasZone",
    0x0702: "seMetering",
    0x0B04: "haElectricalMeasurement",
    0xFCC0: "manuSpecificLumi",
}
"""Clusters of our devices, by zigbee-herdsman's names."""


def cluster_name(number: int) -> str:
    """Return a cluster's name, or its number if it has none."""
    return CLUSTERS.get(number, str(number))
