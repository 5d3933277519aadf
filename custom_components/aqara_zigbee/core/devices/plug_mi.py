"""ZNCZ02LM, the Mi smart plug (protocol 4)."""

from ..definition import Definition, Feed
from ..property import Access, Numeric, Shown
from ..quantity import ENERGY, MAINS_VOLTAGE, POWER, TEMPERATURE
from ..source import Attribute, attribute, scaled, tag
from ..zcl import Cluster
from .lumi import (
    LINKQUALITY,
    MANUFACTURER,
    POWER_BOUNDS,
    cause,
    on_off,
    power_outage_count,
    power_outage_memory,
    unpack,
)

# Endpoint 3 has an analog input too, a counter that is not power (protocol 4.1, 4.2).
METER = attribute(Cluster.ANALOG_INPUT, 0x0055, endpoint=2)

# Zigbee2MQTT reads it for the outage memory; plugs answer "unsupported attribute".
MEMORY = Attribute(Cluster.LUMI, 0xFFF0, manufacturer=MANUFACTURER)

PLUG_MI = Definition(
    zigbee_model="lumi.plug",
    vendor="Xiaomi",
    model="ZNCZ02LM",
    description="Mi smart plug",
    feed=Feed.MAINS,
    unpack=unpack,
    properties=(
        on_off("state", heartbeat=0x64, main=True, zha=True),
        Numeric(
            "power",
            (METER, tag(0x98)),
            POWER,
            plausible=POWER_BOUNDS,
            access=Access.STATE_GET,
            zha=True,
        ),
        Numeric("energy", (tag(0x95),), ENERGY, most_per_hour=POWER_BOUNDS.highest / 1000),
        Numeric("device_temperature", (tag(0x03),), TEMPERATURE, category="diagnostic"),
        # Only the oldest firmware has it, so it appears with its first value (protocol 4.2).
        Numeric(
            "voltage",
            (tag(0x96, scaled(0.1)),),
            MAINS_VOLTAGE,
            shown=Shown.NOT_EXPOSED,
            sparse=True,
        ),
        power_outage_count(shown=Shown.NOT_EXPOSED),
        power_outage_memory(MEMORY),
        cause("change_cause", of="state"),
        LINKQUALITY,
    ),
    refresh=("state", "power"),
    supports_ota=True,
)
