"""Support for selects: settings of devices, and options with a few choices.

Settings belong to sleepy devices, so a choice is pending until the device has confirmed it. The state is
the last reported one. The pending choice is an attribute, which the frontend does not show: there the sensor
*Pending changes* has it.
"""

from typing import Any, override

from homeassistant.components.select import SelectEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device
from .core.events import Update
from .core.options import ChoiceOption
from .core.property import Enum
from .entity import OptionEntity, RowEntity
from .platforms import Part, follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a select for every settable enumeration and every option with choices."""
    follow(entry, async_add_entities, Platform.SELECT, _make)


def _make(device: Device, row: Part) -> list[Entity]:
    if isinstance(row, ChoiceOption):
        return [OptionSelect(device, row)]
    assert isinstance(row, Enum)
    return [AqaraSelect(device, row)]


class AqaraSelect(RowEntity[Enum], SelectEntity):
    """A settable enumeration."""

    def __init__(self, device: Device, row: Enum) -> None:
        super().__init__(device, row)
        self._attr_options = list(row.values)

    @override
    def _concerns(self, update: Update) -> bool:
        return super()._concerns(update) or self.key in update.pending

    @property
    @override
    def current_option(self) -> str | None:
        value = self.known_value
        return value if isinstance(value, str) else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """Return the choice that waits for the device to wake up."""
        pending = self.device.pending.get(self.row.name)
        return None if pending is None else {"pending": pending}

    @override
    async def async_select_option(self, option: str) -> None:
        await self.wish(option)


class OptionSelect(OptionEntity[ChoiceOption], SelectEntity):
    """An option with a few choices."""

    def __init__(self, device: Device, option: ChoiceOption) -> None:
        super().__init__(device, option)
        self._attr_options = list(option.values)

    @property
    @override
    def current_option(self) -> str:
        value: str = self.device.option(self.key)
        return value

    @override
    async def async_select_option(self, option: str) -> None:
        await self.wish(option)
