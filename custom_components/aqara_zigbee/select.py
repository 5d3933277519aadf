"""Settings that are one of a few words.

They belong to devices that sleep, so a choice is shown as pending until the device has taken it and
said so. The state is always what the device itself told last.
"""

from typing import Any, override

from homeassistant.components.select import SelectEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.device import Device, Update
from .core.options import Option
from .core.property import Enum, Row
from .entity import RowEntity
from .platforms import follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 1


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a select for every settable word."""
    follow(entry, async_add_entities, Platform.SELECT, _make)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    assert isinstance(row, Enum)
    return [AqaraSelect(device, row)]


class AqaraSelect(RowEntity[Enum], SelectEntity):
    """A word that can be chosen."""

    def __init__(self, device: Device, row: Enum) -> None:
        super().__init__(device, row)
        self._attr_options = list(row.values)

    @override
    def _concerns(self, update: Update) -> bool:
        """An update without state tells that something waits, or waits no longer."""
        return super()._concerns(update) or not update.state

    @property
    @override
    def current_option(self) -> str | None:
        value = self.value
        return value if isinstance(value, str) else None

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """The choice that waits for the device to wake up."""
        pending = self.device.pending.get(self.row.name)
        return None if pending is None else {"pending": pending}

    @override
    async def async_select_option(self, option: str) -> None:
        await self.wish(option)
