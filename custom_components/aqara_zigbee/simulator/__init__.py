"""A simulated TI coordinator, at serial level, with simulated devices.

The unmodified zigpy-znp uses it as a real one: it probes, forms, starts, permits joins, sends,
scans, backs up and restores. It serves demos without hardware, tests of automations, and our own
tests.

Read `home` first: it puts the parts together. Then, from the host to the devices: `port` (the
serial line, in memory or over TCP), `mt` (frames), `coordinator` and `commands` (the firmware),
`nvram` and `records` (its memory), `network` (the air), `node` and `devices` (the members),
`faults` (failures), `life` (a day's events).
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
from .stranger import Chatter, EzspAdapter, MuteAdapter
from .transport import VirtualTransport

__all__ = [
    "MODELS",
    "Chatter",
    "Clock",
    "Coordinator",
    "Delivery",
    "EzspAdapter",
    "Faults",
    "Firmware",
    "Home",
    "Knob",
    "Life",
    "Lock",
    "LockS2",
    "MuteAdapter",
    "Network",
    "Node",
    "Plug",
    "Port",
    "Relay",
    "Thermometer",
    "VirtualTransport",
]
