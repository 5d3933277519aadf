"""ZNCZ02LM, the Mi smart plug (contract 4)."""

from datetime import timedelta

from ..codec import less, scaled
from ..definition import Definition, Power
from ..property import Access, Numeric, Shown
from ..quantity import COUNT, ENERGY, MAINS_VOLTAGE, POWER, TEMPERATURE
from ..source import Attribute, attribute, tag
from ..zcl import Cluster
from .lumi import LINKQUALITY, MANUFACTURER, cause, on_off, power_outage_memory, unpack

# Endpoint 3 has an analog input too, a counter that is not power (contract 4.2).
METER = attribute(Cluster.ANALOG_INPUT, 0x0055, endpoint=2)

# What Zigbee2MQTT reads to learn the outage memory; plugs answer that they have no such attribute.
MEMORY = Attribute(Cluster.LUMI, 0xFFF0, manufacturer=MANUFACTURER)

PLUG_MI = Definition(
    zigbee_model="lumi.plug",
    vendor="Xiaomi",
    model="ZNCZ02LM",
    description="Mi smart plug",
    power=Power.MAINS,
    silence=timedelta(minutes=10),
    unpack=unpack,
    properties=(
        on_off("state", heartbeat=0x64, main=True),
        Numeric("power", (METER, tag(0x98)), POWER, access=Access.STATE_GET),
        Numeric("energy", (tag(0x95),), ENERGY),
        Numeric("device_temperature", (tag(0x03),), TEMPERATURE, category="diagnostic"),
        # Only the oldest firmware has it, so nobody is promised it (contract 4.2).
        Numeric(
            "voltage",
            (tag(0x96, scaled(0.1)),),
            MAINS_VOLTAGE,
            shown=Shown.NOT_EXPOSED,
            sparse=True,
        ),
        Numeric(
            "power_outage_count",
            (tag(0x05, less(1)),),
            COUNT,
            category="diagnostic",
            shown=Shown.NOT_EXPOSED,
        ),
        power_outage_memory(MEMORY),
        cause("change_cause"),
        LINKQUALITY,
    ),
    refresh=("state", "power"),
    supports_ota=True,
)
