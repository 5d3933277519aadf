"""Support for buttons: energy resets, network scans, and commands of devices."""

from typing import override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .core import meter
from .core.device import Device
from .core.events import Update
from .core.property import Enum, Numeric
from .entity import AqaraEntity, CoordinatorEntity, RowEntity, translated
from .platforms import Part, follow, meters_of
from .runtime import AqaraConfigEntry
from .services import scan_network

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a button for the network, for each meter, and for every settable row with one value."""
    async_add_entities([ScanButton(entry.runtime_data.gateway, "scan_network")])
    follow(entry, async_add_entities, Platform.BUTTON, _make, besides=_resets)


def _make(device: Device, part: Part) -> list[Entity]:
    assert isinstance(part, Enum)
    return [AqaraButton(device, part)]


def _resets(device: Device) -> list[Entity]:
    return [ResetButton(device, row) for row in meters_of(device.definition)]


class AqaraButton(RowEntity[Enum], ButtonEntity):
    """A command of a device, named by its only value."""

    def __init__(self, device: Device, row: Enum) -> None:
        device_class = row.name if row.name in {*ButtonDeviceClass} else None
        super().__init__(device, row, device_class)
        self._attr_device_class = ButtonDeviceClass(device_class) if device_class else None

    @override
    async def async_press(self) -> None:
        await self.wish(self.row.values[0])


class ResetButton(AqaraEntity, ButtonEntity):
    """Resets an energy counter. Nothing is sent to the device, so it may be unavailable."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_entity_registry_enabled_default = False

    def __init__(self, device: Device, row: Numeric) -> None:
        super().__init__(device, f"reset_{row.name}")
        self._row = row

    @property
    @override
    def available(self) -> bool:
        return meter.total(self.device, self._row) is not None

    @override
    def _concerns(self, update: Update) -> bool:
        return self._row.name in update.state

    @override
    async def async_press(self) -> None:
        with translated():
            await meter.set_back(self.device, self._row, dt_util.utcnow())


class ScanButton(CoordinatorEntity, ButtonEntity):
    """Scans the network for its map. It takes seconds per router and occupies the radio."""

    _attr_entity_category = EntityCategory.DIAGNOSTIC

    @property
    @override
    def available(self) -> bool:
        return self.gateway.online

    @override
    async def async_press(self) -> None:
        await scan_network(self.gateway)
