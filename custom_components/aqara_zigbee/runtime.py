"""Data of a loaded config entry for its platforms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.util.signal_type import SignalType

from .const import DOMAIN
from .core.device import Device
from .core.events import NetworkEvent
from .core.gateway import Gateway
from .core.updates import Updates

if TYPE_CHECKING:
    from .simulation import Simulation
    from .storage.backups import Backups
    from .watch.repairs_monitor import RepairsMonitor

type AqaraConfigEntry = ConfigEntry[Runtime]

SIGNAL_DEVICE_EVENT: SignalType[AqaraConfigEntry, NetworkEvent, Device] = SignalType(
    f"{DOMAIN}_device_event"
)
"""Sent for each event of a device on our own coordinator, before its entities are added."""

CONF_HOST = "host"
"""In an entry's data: the integration whose network it uses, instead of a coordinator of its own."""

ZHA = "zha"


CONF_DISABLE_ZHA = "disable_zha_entities"
"""In an entry's options: whether ZHA's entities of our devices are disabled."""


CONF_DISABLED = "disabled_zha_entities"
"""In an entry's data: ZHA's checked entities by registry id, and whether we disabled them."""


def disables_zha(entry: AqaraConfigEntry) -> bool:
    """Whether ZHA's entities of our devices are to be disabled."""
    return is_guest(entry) and entry.options.get(CONF_DISABLE_ZHA) is True


def is_guest(entry: AqaraConfigEntry) -> bool:
    """Whether an entry uses ZHA's network."""
    return entry.data.get(CONF_HOST) == ZHA


@dataclass(slots=True)
class OwnNetwork:
    """The parts of a network on our own coordinator.

    Attributes:
        updates: firmware updates.
        backups: backups.
        watch: repair issues.
        simulation: the simulated home of a virtual entry.
    """

    updates: Updates
    backups: Backups
    watch: RepairsMonitor
    simulation: Simulation | None = None


@dataclass(slots=True)
class Runtime:
    """A running network.

    Attributes:
        gateway: its devices.
        own: the parts for our own coordinator; None on ZHA's network.
    """

    gateway: Gateway
    own: OwnNetwork | None
