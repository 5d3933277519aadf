"""Support for binary sensors: binary properties, and the connection of the coordinator."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorDeviceClass, BinarySensorEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device
from .core.gateway import Gateway
from .core.property import Binary
from .entity import CoordinatorEntity, RowEntity
from .platforms import Part, follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a binary sensor for every binary row that cannot be set."""
    async_add_entities([CoordinatorConnection(entry.runtime_data.gateway)])
    follow(entry, async_add_entities, Platform.BINARY_SENSOR, _make)


def _make(device: Device, row: Part) -> list[Entity]:
    assert isinstance(row, Binary)
    return [AqaraBinarySensor(device, row)]


class CoordinatorConnection(CoordinatorEntity, BinarySensorEntity):
    """Whether the coordinator is connected. It is available even while the coordinator is not."""

    _attr_device_class = BinarySensorDeviceClass.CONNECTIVITY
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway, "connectivity", BinarySensorDeviceClass.CONNECTIVITY)

    @property
    @override
    def is_on(self) -> bool:
        return self.gateway.online


class AqaraBinarySensor(RowEntity[Binary], BinarySensorEntity):
    """A binary property."""

    def __init__(self, device: Device, row: Binary) -> None:
        super().__init__(device, row, row.device_class)
        if row.device_class is not None:
            self._attr_device_class = BinarySensorDeviceClass(row.device_class)

    @property
    @override
    def is_on(self) -> bool | None:
        value = self.known_value
        return value if isinstance(value, bool) else None
