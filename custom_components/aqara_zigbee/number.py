"""How readings are corrected and rounded; the values live with us and act on the next report."""

from typing import override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device, Update
from .core.options import Option
from .core.property import Row
from .entity import AqaraEntity
from .platforms import follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a number for every option of the device's table."""
    follow(entry, async_add_entities, Platform.NUMBER, _make)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    assert isinstance(row, Option)
    return [OptionNumber(device, row)]


class OptionNumber(AqaraEntity, NumberEntity):
    """An option of a device."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_mode = NumberMode.BOX

    def __init__(self, device: Device, option: Option) -> None:
        super().__init__(device, option.name)
        self._attr_entity_registry_enabled_default = option.enabled
        self._attr_native_min_value = option.minimum
        self._attr_native_max_value = option.maximum
        self._attr_native_step = option.step
        self._attr_native_unit_of_measurement = option.unit

    @property
    @override
    def available(self) -> bool:
        """It is ours to change whether or not the device is there."""
        return True

    @override
    def _concerns(self, update: Update) -> bool:
        return not update.state

    @property
    @override
    def native_value(self) -> float:
        value: float = self.device.option(self.key)
        return value

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.wish(value)
