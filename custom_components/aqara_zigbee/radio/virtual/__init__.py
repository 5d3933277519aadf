"""A TI coordinator that is not there, at serial level, with simulated devices.

The unmodified zigpy-znp talks to it as to a stick: it probes, forms, starts, lets devices join,
sends, scans, backs up and restores. It is the demo for people without a stick, the bench for their
automations, and the radio of our tests.

Read `home` first: it puts the parts together. Then, from the host to the devices: `port` (the
serial line, in memory or over TCP), `mt` (frames), `coordinator` and `commands` (the firmware),
`nvram` and `records` (its memory), `network` (the air), `node` and `devices` (who lives there),
`faults` (what goes wrong), `life` (what happens on a day).
"""

from .air import Delivery
from .chip import Firmware
from .clock import Clock
from .coordinator import Coordinator
from .devices import MODELS, Knob, Lock, LockS2, Plug, Relay, Thermometer
from .faults import Faults
from .home import Home
from .life import Life
from .network import Network
from .node import Node
from .port import Port
from .stranger import Chatter, EzspStick, MuteStick
from .transport import VirtualTransport

__all__ = [
    "MODELS",
    "Chatter",
    "Clock",
    "Coordinator",
    "Delivery",
    "EzspStick",
    "Faults",
    "Firmware",
    "Home",
    "Knob",
    "Life",
    "Lock",
    "LockS2",
    "MuteStick",
    "Network",
    "Node",
    "Plug",
    "Port",
    "Relay",
    "Thermometer",
    "VirtualTransport",
]
