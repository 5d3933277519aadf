"""Friendly names: unique, and derived from Home Assistant's names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..core.device import Device
from ..core.radio import Ieee
from .ports import MirrorHost
from .topics import topic_name

OPTION = "friendly_name"
"""Device option ``{"of": Home Assistant's name, "is": ours}``, which keeps names stable."""

COORDINATOR = "Coordinator"


def address(ieee: Ieee) -> str:
    """Return an address in Zigbee2MQTT's format: ``0x00158d0001a1b2c4``."""
    return "0x" + ieee.replace(":", "")


@dataclass(frozen=True, slots=True)
class Name:
    """A friendly name, and Home Assistant's name that it was derived from."""

    of: str
    friendly: str

    @classmethod
    def from_options(cls, options: object) -> Self | None:
        """Return the stored name; None if there is none, or it is invalid."""
        stored = options.get(OPTION) if isinstance(options, Mapping) else None
        match stored:
            case {"of": str(of), "is": str(friendly)}:
                return cls(of, friendly)
            case _:
                return None

    def as_option(self) -> dict[str, Any]:
        """Return it as a device's option."""
        return {OPTION: {"of": self.of, "is": self.friendly}}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A changed name."""

    old: str
    new: str


class Names:
    """The friendly names of all devices.

    A device keeps its name as long as its name in Home Assistant, also over restarts; the second of
    two equal names gets a number.
    """

    def __init__(self, house: MirrorHost) -> None:
        self._house = house
        self._names: dict[Ieee, Name] = {}
        self._devices: dict[str, Device] = {}
        self._addresses: dict[str, Device] = {}

    def __getitem__(self, device: Device) -> str:
        """The friendly name of a device."""
        return self._names[device.ieee].friendly

    def __iter__(self) -> Iterator[str]:
        """All names in use."""
        return iter(self._devices)

    def find(self, text: str) -> Device | None:
        """Return the device with a friendly name or an address."""
        return self._devices.get(text) or self._addresses.get(text.lower())

    def is_free(self, name: str, device: Device) -> bool:
        """Whether a name is available for a device."""
        if name.lower() == COORDINATOR.lower():
            return False
        owner = self.find(name)
        return owner is None or owner.ieee == device.ieee

    def assign(self, devices: list[Device]) -> list[str]:
        """Name the devices at the start; first those with a stored name.

        Returns:
            Names that are not used any more since the last run.
        """
        stored = [Name.from_options(device.options) for device in devices]
        old = [name.friendly for name in stored if name]
        for device in devices:
            self._addresses[address(device.ieee)] = device
        for device in sorted(devices, key=lambda device: self._settled(device) is None):
            self.refresh(device)
        return [name for name in old if name not in self._devices]

    def refresh(self, device: Device) -> Renamed | None:
        """Update a device's name from Home Assistant's; return the change, if any."""
        known = self._names.get(device.ieee)
        if known is not None and known.of == self._house.name_of(device):
            return None
        name = self._settled(device) or self._invent(device)
        self.forget(device)
        self._names[device.ieee] = name
        self._devices[name.friendly] = self._addresses[address(device.ieee)] = device
        if Name.from_options(device.options) != name:
            device.remember(name.as_option())
        if known is None or known.friendly == name.friendly:
            return None
        return Renamed(known.friendly, name.friendly)

    def forget(self, device: Device) -> str | None:
        """Remove a device's name."""
        name = self._names.pop(device.ieee, None)
        if name is None:
            return None
        del self._devices[name.friendly], self._addresses[address(device.ieee)]
        return name.friendly

    def _settled(self, device: Device) -> Name | None:
        """Return the stored name, if it still follows from Home Assistant's."""
        name = Name.from_options(device.options)
        if name is None or name.of != self._house.name_of(device):
            return None
        is_topic = topic_name(name.friendly) == name.friendly
        return name if is_topic and self.is_free(name.friendly, device) else None

    def _invent(self, device: Device) -> Name:
        of = self._house.name_of(device)
        plain = (None if of == device.ieee else topic_name(of)) or address(device.ieee)
        friendly, number = plain, 2
        while not self.is_free(friendly, device):
            friendly, number = f"{plain}_{number}", number + 1
        return Name(of, friendly)


def stored_names(memory: Mapping[str, Any]) -> list[str]:
    """Return the friendly names in a network's stored data (`Gateway.as_dict`)."""
    devices = memory.get("devices", {}).values()
    options = [device.get("options") for device in devices if isinstance(device, Mapping)]
    return [name.friendly for each in options if (name := Name.from_options(each))]
