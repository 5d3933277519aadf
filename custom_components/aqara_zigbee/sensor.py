"""Readings, words and the time of the last frame."""

from datetime import datetime
from typing import assert_never, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device, Update
from .core.options import Option
from .core.property import Action, Binary, Enum, Numeric, Row, Text
from .entity import AqaraEntity, RowEntity
from .platforms import follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for every number, word and text that cannot be set."""
    follow(entry, async_add_entities, Platform.SENSOR, _make, besides=_last_seen)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    match row:
        case Numeric():
            return [NumericSensor(device, row)]
        case Enum():
            return [EnumSensor(device, row)]
        case Text():
            return [TextSensor(device, row)]
        case Binary() | Action() | Option():
            raise TypeError(row)
        case _:
            assert_never(row)


def _last_seen(device: Device) -> list[Entity]:
    return [LastSeenSensor(device)]


class NumericSensor(RowEntity[Numeric], SensorEntity):
    """A reading."""

    def __init__(self, device: Device, row: Numeric) -> None:
        super().__init__(device, row)
        quantity = row.quantity
        self._attr_native_unit_of_measurement = quantity.unit
        if quantity.device_class is not None:
            self._attr_device_class = SensorDeviceClass(quantity.device_class)
        if quantity.state_class is not None:
            self._attr_state_class = SensorStateClass(quantity.state_class)

    @property
    @override
    def native_value(self) -> int | float | None:
        value = self.value
        return value if isinstance(value, int | float) else None


class EnumSensor(RowEntity[Enum], SensorEntity):
    """One of a few words."""

    _attr_device_class = SensorDeviceClass.ENUM

    def __init__(self, device: Device, row: Enum) -> None:
        super().__init__(device, row)
        self._attr_options = list(row.values)

    @property
    @override
    def native_value(self) -> str | None:
        value = self.value
        return value if isinstance(value, str) else None


class TextSensor(RowEntity[Text], SensorEntity):
    """Free words."""

    @property
    @override
    def native_value(self) -> str | None:
        value = self.value
        return value if isinstance(value, str) else None


class LastSeenSensor(AqaraEntity, SensorEntity):
    """When the device's last frame came. It changes with every frame, so it has to be asked for."""

    _attr_device_class = SensorDeviceClass.TIMESTAMP
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_entity_registry_enabled_default = False

    def __init__(self, device: Device) -> None:
        super().__init__(device, "last_seen")

    @property
    @override
    def available(self) -> bool:
        """It is most wanted when the device is gone."""
        return True

    @override
    def _concerns(self, update: Update) -> bool:
        return True

    @property
    @override
    def native_value(self) -> datetime | None:
        return self.device.last_seen
