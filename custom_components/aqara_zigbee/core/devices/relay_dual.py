"""LLKZMK11LM, the two-channel relay (protocol 5)."""

from ..definition import Definition, Exclusion, Feed
from ..property import Access, Binary, Numeric
from ..quantity import CURRENT, ENERGY, MAINS_VOLTAGE, POWER, TEMPERATURE
from ..source import Attribute, Source, attribute, scaled, tag
from ..value import Type
from ..zcl import Cluster
from .lumi import (
    CURRENT_BOUNDS,
    LINKQUALITY,
    MANUFACTURER,
    POWER_BOUNDS,
    cause,
    on_off,
    power_outage_count,
    power_outage_memory,
    unpack,
)

METER = attribute(Cluster.ANALOG_INPUT, 0x0055)

# Written and read on endpoint 1 whatever the topic (protocol 5.3, capture LLKZMK11LM-059; reads:
# capture LLKZMK11LM-058).
INTERLOCK = Attribute(Cluster.BINARY_OUTPUT, 0xFF06, type=Type.BOOLEAN, manufacturer=MANUFACTURER)

RELAY_DUAL = Definition(
    zigbee_model="lumi.relay.c2acn01",
    vendor="Aqara",
    model="LLKZMK11LM",
    description="Dual relay module",
    feed=Feed.MAINS,
    unpack=unpack,
    exclusion=Exclusion("interlock", ("state_l1", "state_l2")),
    endpoints={"l1": 1, "l2": 2},
    properties=(
        # Both channels together; there is no reading per channel.
        Numeric(
            "power", (METER, tag(0x98)), POWER, plausible=POWER_BOUNDS, access=Access.STATE_GET
        ),
        Numeric("energy", (tag(0x95),), ENERGY, most_per_hour=POWER_BOUNDS.highest / 1000),
        Numeric("device_temperature", (tag(0x03),), TEMPERATURE, category="diagnostic"),
        Numeric("voltage", (tag(0x96, scaled(0.1)),), MAINS_VOLTAGE),
        # In amperes; most other models of this maker send milliamperes (protocol 0.3).
        Numeric("current", (tag(0x97),), CURRENT, plausible=CURRENT_BOUNDS),
        on_off("state_l1", heartbeat=0x64, endpoint=1),
        on_off("state_l2", heartbeat=0x65, endpoint=2),
        power_outage_count(),
        power_outage_memory(),
        Binary(
            "interlock",
            (Source(INTERLOCK),),
            access=Access.STATE_SET,
            category="config",
            read=INTERLOCK,
            read_back=True,
        ),
        cause("change_cause_l1", of="state_l1", endpoint=1),
        cause("change_cause_l2", of="state_l2", endpoint=2),
        LINKQUALITY,
    ),
    refresh=("state_l1", "state_l2", "interlock", "power"),
    supports_ota=True,
)
