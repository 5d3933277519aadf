"""Facts that are so or not."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
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

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a binary sensor for every binary row that cannot be set."""
    follow(entry, async_add_entities, Platform.BINARY_SENSOR, _make)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    assert isinstance(row, Binary)
    return [AqaraBinarySensor(device, row)]


class AqaraBinarySensor(RowEntity[Binary], BinarySensorEntity):
    """A binary property."""

    def __init__(self, device: Device, row: Binary) -> None:
        super().__init__(device, row)
        if row.device_class is not None:
            self._attr_device_class = BinarySensorDeviceClass(row.device_class)

    @property
    @override
    def is_on(self) -> bool | None:
        value = self.value
        return value if isinstance(value, bool) else None
