"""WXKG11LM, a wireless mini switch with one button.

Source: zigbee-herdsman-converters 26.105.0, WXKG11LM; zha-quirks, `lumi.remote.b1acn01`. Converters
and exposes are those of an older device, too, `lumi.sensor_switch.aq2`, which counts presses in the
On/Off cluster. This one never reports three or four presses.
"""

from ..definition import Definition, Feed
from ..property import Action, Numeric
from ..quantity import TEMPERATURE, Bounds
from ..source import Tag, attribute, tag
from ..zcl import Cluster
from .lumi import (
    BUTTON,
    IDENTIFY,
    IDENTIFY_TIME,
    LINKQUALITY,
    battery,
    power_outage_count,
    press,
    unpack,
)

# A CR2032 of 3 V; with 1 V a radio cannot send.
CHARGE, VOLTAGE = battery(2850, 3000, (Tag(0x01),), Bounds(1000, 4000, zero_means_none=True))

MINI_SWITCH = Definition(
    zigbee_model="lumi.remote.b1acn01",
    vendor="Aqara",
    model="WXKG11LM",
    description="Wireless mini switch",
    feed=Feed.SLEEPY,
    unpack=unpack,
    own_options=(IDENTIFY_TIME,),
    properties=(
        CHARGE,
        VOLTAGE,
        Numeric("device_temperature", (tag(0x03),), TEMPERATURE, category="diagnostic"),
        power_outage_count(),
        IDENTIFY,
        Action(
            "action",
            (attribute(Cluster.MULTISTATE_INPUT, 0x0055, press),),
            values=("single", "double", "triple", "quadruple", "hold", "release"),
            events=(BUTTON,),
        ),
        LINKQUALITY,
    ),
)
