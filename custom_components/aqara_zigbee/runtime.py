"""What a loaded config entry holds for its platforms."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

from .core.gateway import Gateway
from .core.updates import Updates
from .simulation import Simulation

if TYPE_CHECKING:
    from .backup import Backups
    from .troubles import Watch

type AqaraConfigEntry = ConfigEntry[Runtime]


@dataclass(slots=True)
class Runtime:
    """A network that is up.

    Attributes:
        gateway: its devices.
        updates: what updates their firmware.
        backups: what backs it up.
        watch: what looks for troubles.
        simulation: the home that is not there, for an entry that has one.
    """

    gateway: Gateway
    updates: Updates
    backups: Backups
    watch: Watch
    simulation: Simulation | None = None
