"""Physical quantities, each named once: unit, Home Assistant's words for it, usual decimals.

Home Assistant's words stand here as plain strings; a test holds each against its enumerations.
"""

from dataclasses import dataclass
from typing import Literal

type Calibration = Literal["offset", "percent"]
"""How a user corrects a reading: by an amount in its unit, or by a percentage of it."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kind of number.

    Attributes:
        unit: as Home Assistant and Zigbee2MQTT write it, or None for a plain number.
        device_class, state_class: Home Assistant's sensor classes, or None.
        decimals: digits a reading is rounded to, 0..4; None leaves it as it came.
        calibration: how readings may be corrected, None if not at all (contract 0.5).
    """

    unit: str | None
    device_class: str | None = None
    state_class: str | None = "measurement"
    decimals: int | None = 0
    calibration: Calibration | None = None


POWER = Quantity("W", "power", decimals=2, calibration="percent")
ENERGY = Quantity("kWh", "energy", "total_increasing", decimals=2, calibration="percent")
MAINS_VOLTAGE = Quantity("V", "voltage", decimals=1, calibration="percent")
CURRENT = Quantity("A", "current", decimals=4, calibration="percent")
TEMPERATURE = Quantity("°C", "temperature", calibration="offset")
BATTERY = Quantity("%", "battery")
BATTERY_VOLTAGE = Quantity("mV", "voltage")
LINK_QUALITY = Quantity("lqi")
COUNT = Quantity(None, state_class="total_increasing")
PLAIN = Quantity(None, state_class=None, decimals=None)
ANGLE = Quantity("*", state_class=None, decimals=None)
PERCENTAGE = Quantity("%", state_class=None, decimals=None)
DURATION_MS = Quantity("ms", "duration", state_class=None, decimals=None)
