"""Support for numbers: settable properties, and options for calibration and precision."""

from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberMode
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device
from .core.options import NumberOption
from .core.property import Numeric
from .entity import OptionEntity, RowEntity
from .platforms import Part, follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a number for every settable numeric row and every numeric option."""
    follow(entry, async_add_entities, Platform.NUMBER, _make)


def _make(device: Device, row: Part) -> list[Entity]:
    if isinstance(row, NumberOption):
        return [OptionNumber(device, row)]
    assert isinstance(row, Numeric)
    return [AqaraNumber(device, row)]


class AqaraNumber(RowEntity[Numeric], NumberEntity):
    """A settable number that the device stores."""

    _attr_mode = NumberMode.BOX

    def __init__(self, device: Device, row: Numeric) -> None:
        assert row.minimum is not None
        assert row.maximum is not None
        device_class = row.quantity.device_class
        super().__init__(device, row, device_class)
        self._attr_device_class = NumberDeviceClass(device_class) if device_class else None
        self._attr_native_min_value = row.minimum
        self._attr_native_max_value = row.maximum
        self._attr_native_step = row.step
        self._attr_native_unit_of_measurement = row.quantity.unit

    @property
    @override
    def native_value(self) -> float | None:
        value = self.known_value
        return value if isinstance(value, int | float) else None

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.wish(value)


class OptionNumber(OptionEntity[NumberOption], NumberEntity):
    """A numeric option: calibration or precision of readings.

    Few users need one, as Home Assistant rounds displayed values.
    """

    _attr_mode = NumberMode.BOX

    def __init__(self, device: Device, option: NumberOption) -> None:
        super().__init__(device, option)
        self._attr_native_min_value = option.minimum
        self._attr_native_max_value = option.maximum
        self._attr_native_step = option.step
        self._attr_native_unit_of_measurement = option.unit

    @property
    @override
    def native_value(self) -> float:
        value: float = self.device.option(self.key)
        return value

    @override
    async def async_set_native_value(self, value: float) -> None:
        await self.wish(value)
