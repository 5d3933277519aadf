"""Contacts and settings that are on or off."""

from typing import Any, override

from homeassistant.components.switch import SwitchDeviceClass, SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device
from .core.options import Option
from .core.property import Binary, Row
from .entity import RowEntity
from .platforms import follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a switch for every settable binary row."""
    follow(entry, async_add_entities, Platform.SWITCH, _make)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    assert isinstance(row, Binary)
    return [AqaraSwitch(device, row)]


class AqaraSwitch(RowEntity[Binary], SwitchEntity):
    """A binary property that can be set."""

    def __init__(self, device: Device, row: Binary) -> None:
        super().__init__(device, row)
        if row.main:
            self._attr_name = None
        if row.toggle is not None:
            self._attr_device_class = (
                SwitchDeviceClass.OUTLET if row.main else SwitchDeviceClass.SWITCH
            )

    @property
    @override
    def is_on(self) -> bool | None:
        value = self.value
        return value if isinstance(value, bool) else None

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        await self.wish(value=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        await self.wish(value=False)
