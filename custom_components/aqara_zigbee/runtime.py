"""What a loaded config entry holds for its platforms."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .core.gateway import Gateway

type AqaraConfigEntry = ConfigEntry[Runtime]


@dataclass(slots=True)
class Runtime:
    """A network that is up.

    Attributes:
        gateway: its devices.
    """

    gateway: Gateway
