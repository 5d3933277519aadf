"""MCCGQ11LM, a door and window sensor.

Source: zigbee-herdsman-converters 26.105.0, MCCGQ11LM; zha-quirks, `lumi.sensor_magnet.aq2`.
"""

from ..definition import Definition, Feed
from ..property import Binary, Numeric
from ..quantity import PLAIN, TEMPERATURE, Bounds
from ..source import Tag, attribute, tag
from ..value import Value
from ..zcl import Cluster
from .lumi import IDENTIFY, IDENTIFY_TIME, LINKQUALITY, battery, power_outage_count, unpack

# A CR1632 of 3 V; with 1 V a radio cannot send.
CHARGE, VOLTAGE = battery(2850, 3000, (Tag(0x01),), Bounds(1000, 4000, zero_means_none=True))


def triggers(value: Value) -> int | None:
    """Decode the count of movements. Above 16 bits routers of this maker add unrelated data."""
    if not isinstance(value, int) or value & 0xFFFF == 0:
        return None
    return (value & 0xFFFF) - 1


CONTACT = Definition(
    zigbee_model="lumi.sensor_magnet.aq2",
    vendor="Aqara",
    model="MCCGQ11LM",
    description="Door and window sensor",
    feed=Feed.SLEEPY,
    unpack=unpack,
    own_options=(IDENTIFY_TIME,),
    properties=(
        CHARGE,
        # True if open, as for doors in Home Assistant; on MQTT true means closed.
        Binary(
            "contact",
            (attribute(Cluster.ON_OFF, 0x0000), tag(0x64)),
            on=False,
            off=True,
            device_class="door",
        ),
        Numeric("device_temperature", (tag(0x03),), TEMPERATURE, category="diagnostic"),
        VOLTAGE,
        power_outage_count(),
        Numeric(
            "trigger_count",
            (tag(0x06, triggers),),
            PLAIN,
            plausible=Bounds(0, 65_534),
            category="diagnostic",
            enabled=False,
        ),
        IDENTIFY,
        LINKQUALITY,
    ),
)
