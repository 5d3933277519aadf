"""Physical quantities, each defined once: unit, Home Assistant's classes, usual decimals.

Home Assistant's classes are plain strings here; a test checks them against its enumerations.
"""

from dataclasses import dataclass
from typing import Literal

type Calibration = Literal["offset", "percent"]
"""A user's calibration of a reading: by an offset in its unit, or by a percentage of it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of plausible readings; values outside are wrong and are dropped.

    They are not published: documented limits are the row's `minimum` and `maximum`.

    Attributes:
        lowest, highest: the bounds, in the quantity's unit.
        zero_means_none: whether 0 is implausible and means that a device has not measured yet.
    """

    lowest: float
    highest: float
    zero_means_none: bool = False

    def __contains__(self, value: float) -> bool:
        return self.lowest <= value <= self.highest and not (self.zero_means_none and value == 0)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A kind of number.

    Attributes:
        unit: as Home Assistant and Zigbee2MQTT write it, or None for a plain number.
        device_class, state_class: Home Assistant's sensor classes, or None.
        decimals: digits a reading is rounded to, 0..4; None for no rounding.
        calibration: how readings may be calibrated, None if not (protocol 0.5).
        plausible: bounds of readings for any device; a model's row can have narrower ones.
    """

    unit: str | None
    device_class: str | None = None
    state_class: str | None = "measurement"
    decimals: int | None = 0
    calibration: Calibration | None = None
    plausible: Bounds | None = None


# One phase of 250 V and 100 A at most; these meters do not count backwards.
POWER = Quantity("W", "power", decimals=2, calibration="percent", plausible=Bounds(0, 25_000))
ENERGY = Quantity(
    "kWh",
    "energy",
    "total_increasing",
    decimals=2,
    calibration="percent",
    plausible=Bounds(0, 1_000_000),
)
MAINS_VOLTAGE = Quantity(
    "V",
    "voltage",
    decimals=1,
    calibration="percent",
    plausible=Bounds(50, 300, zero_means_none=True),
)
CURRENT = Quantity("A", "current", decimals=4, calibration="percent", plausible=Bounds(0, 100))
TEMPERATURE = Quantity("°C", "temperature", calibration="offset", plausible=Bounds(-60, 150))
HUMIDITY = Quantity("%", "humidity", decimals=2, calibration="offset", plausible=Bounds(0, 100))
# The lowest and highest air pressures on land are 870 and 1085 hPa at sea level; mountains lower it to 300.
PRESSURE = Quantity(
    "hPa", "pressure", decimals=1, calibration="offset", plausible=Bounds(250, 1200)
)
BATTERY = Quantity("%", "battery", plausible=Bounds(0, 100))
BATTERY_VOLTAGE = Quantity("mV", "voltage", plausible=Bounds(500, 10_000, zero_means_none=True))
LINK_QUALITY = Quantity("lqi", plausible=Bounds(0, 255))
# 65535 is ZCL's "invalid" of 16 bits (ZCL revision 8, 2.6.2).
COUNT = Quantity(None, state_class="total_increasing", plausible=Bounds(0, 65_533))
PLAIN = Quantity(None, state_class=None, decimals=None)
ANGLE = Quantity("*", state_class=None, decimals=None, plausible=Bounds(-1_000_000, 1_000_000))
PERCENTAGE = Quantity("%", state_class=None, decimals=None, plausible=Bounds(-1_000_000, 1_000_000))
DURATION_MS = Quantity(
    "ms", "duration", state_class=None, decimals=None, plausible=Bounds(0, 86_400_000)
)
