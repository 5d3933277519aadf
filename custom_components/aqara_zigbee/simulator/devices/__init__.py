"""The simulated devices, one per file.

They import no definition: a simulator built from the table under test proves nothing.
"""

from ..node import Node
from .contact import Contact
from .door import Door
from .knob import Knob
from .lock import Lock
from .lock_s2 import LockS2
from .lumi import Lumi
from .mains import Mains
from .mini_switch import MiniSwitch
from .other import Thermometer
from .plug import Plug
from .relay import Movement, Relay
from .shade import Shade
from .weather import Weather

MODELS: dict[str, type[Node]] = {
    kind.MODEL: kind
    for kind in (LockS2, Lock, Knob, Plug, Relay, Weather, Contact, Shade, MiniSwitch, Thermometer)
}
"""The class of each device by its Zigbee model identifier."""

__all__ = [
    "MODELS",
    "Contact",
    "Door",
    "Knob",
    "Lock",
    "LockS2",
    "Lumi",
    "Mains",
    "MiniSwitch",
    "Movement",
    "Plug",
    "Relay",
    "Shade",
    "Thermometer",
    "Weather",
]
