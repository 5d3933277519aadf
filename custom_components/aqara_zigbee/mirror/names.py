"""Friendly names: each device has one, no two the same, and it follows Home Assistant's name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.device import Device
from ..core.radio import Ieee
from .ports import House
from .topics import topic_name

OPTION = "friendly_name"
"""Device option: ``{"of": Home Assistant's name, "is": ours}``, so that names stay what they were."""

COORDINATOR = "Coordinator"


def address(ieee: Ieee) -> str:
    """An address in Zigbee2MQTT's spelling: ``0x00158d0001a1b2c4``."""
    return "0x" + ieee.replace(":", "")


@dataclass(frozen=True, slots=True)
class Name:
    """A friendly name, and the name in Home Assistant that it was made of."""

    of: str
    friendly: str


@dataclass(frozen=True, slots=True)
class Renamed:
    """A name that changed."""

    old: str
    new: str


class Names:
    """Who is called what.

    A name stays with its device while its name in Home Assistant stays, over restarts too; of two
    equal ones the later gets a number.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._names: dict[Ieee, Name] = {}
        self._devices: dict[str, Device] = {}
        self._addresses: dict[str, Device] = {}

    def __getitem__(self, device: Device) -> str:
        """The friendly name of a device that was met."""
        return self._names[device.ieee].friendly

    def __iter__(self) -> Iterator[str]:
        """All names in use."""
        return iter(self._devices)

    def find(self, text: str) -> Device | None:
        """The device of a friendly name or an address."""
        return self._devices.get(text) or self._addresses.get(text.lower())

    def is_free(self, name: str, device: Device) -> bool:
        """Whether a device may have a name."""
        if name.lower() == COORDINATOR.lower():
            return False
        owner = self.find(name)
        return owner is None or owner.ieee == device.ieee

    def meet(self, devices: list[Device]) -> list[str]:
        """Name devices that are there at the start; first those whose name is settled.

        Returns:
            Names that were given up since the mirror ran last.
        """
        old = [stored.friendly for device in devices if (stored := _stored(device))]
        for device in devices:
            self._addresses[address(device.ieee)] = device
        for device in sorted(devices, key=lambda device: self._settled(device) is None):
            self.refresh(device)
        return [name for name in old if name not in self._devices]

    def refresh(self, device: Device) -> Renamed | None:
        """Follow Home Assistant's name of a device; how its name changed, if it did."""
        known = self._names.get(device.ieee)
        if known is not None and known.of == self._house.name_of(device):
            return None
        name = self._settled(device) or self._invent(device)
        self.forget(device)
        self._names[device.ieee] = name
        self._devices[name.friendly] = self._addresses[address(device.ieee)] = device
        if _stored(device) != name:
            device.remember({OPTION: {"of": name.of, "is": name.friendly}})
        if known is None or known.friendly == name.friendly:
            return None
        return Renamed(known.friendly, name.friendly)

    def forget(self, device: Device) -> str | None:
        """Let go of a device's name."""
        name = self._names.pop(device.ieee, None)
        if name is None:
            return None
        del self._devices[name.friendly], self._addresses[address(device.ieee)]
        return name.friendly

    def _settled(self, device: Device) -> Name | None:
        """The name it had when the mirror ran last, if that still follows from Home Assistant's."""
        name = _stored(device)
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


def _stored(device: Device) -> Name | None:
    """The name that was written down, if it was."""
    match device.options.get(OPTION):
        case {"of": str(of), "is": str(friendly)}:
            return Name(of, friendly)
        case _:
            return None


def stored_names(memory: Mapping[str, Any]) -> list[str]:
    """The friendly names in what a network remembers (`Gateway.as_dict`)."""
    names: list[str] = []
    for device in memory.get("devices", {}).values():
        match device:
            case {"options": {"friendly_name": {"is": str(friendly)}}}:
                names.append(friendly)
            case _:
                pass
    return names
