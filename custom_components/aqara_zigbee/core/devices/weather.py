"""WSDCGQ11LM, a thermometer with hygrometer and barometer.

Source: zigbee-herdsman-converters 26.105.0, WSDCGQ11LM; zha-quirks, `lumi.weather`.
"""

from ..definition import Definition, Feed
from ..property import Numeric, Shown
from ..quantity import HUMIDITY, PRESSURE, TEMPERATURE, Bounds
from ..source import Tag, attribute, scaled, tag
from ..zcl import Cluster
from .lumi import LINKQUALITY, battery, power_outage_count, unpack

# A CR2032 of 3 V; with 1 V a radio cannot send.
CHARGE, VOLTAGE = battery(2850, 3000, (Tag(0x01),), Bounds(1000, 4000, zero_means_none=True))

WEATHER = Definition(
    zigbee_model="lumi.weather",
    vendor="Aqara",
    model="WSDCGQ11LM",
    description="Temperature and humidity sensor",
    feed=Feed.SLEEPY,
    unpack=unpack,
    properties=(
        CHARGE,
        Numeric(
            "temperature",
            (attribute(Cluster.TEMPERATURE, 0x0000, scaled(0.01)), tag(0x64, scaled(0.01))),
            TEMPERATURE,
            plausible=Bounds(-60, 65),
            decimals=2,
        ),
        Numeric(
            "humidity",
            (attribute(Cluster.HUMIDITY, 0x0000, scaled(0.01)), tag(0x65, scaled(0.01))),
            HUMIDITY,
        ),
        Numeric(
            "pressure",
            (
                # The finer value follows the whole one; its scale, 0x0014, is -1 in all known frames.
                attribute(Cluster.PRESSURE, 0x0000),
                attribute(Cluster.PRESSURE, 0x0010, scaled(0.1)),
                tag(0x66, scaled(0.01)),
            ),
            PRESSURE,
        ),
        VOLTAGE,
        power_outage_count(shown=Shown.NOT_EXPOSED),
        LINKQUALITY,
    ),
)
