"""Setting meters back."""

from typing import override

from homeassistant.components.button import ButtonEntity
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .core import tally
from .core.device import Device, Update
from .core.property import Numeric
from .entity import AqaraEntity, translated
from .platforms import follow, meters_of
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a button for each meter."""
    follow(entry, async_add_entities, Platform.BUTTON, lambda device, row: [], besides=_resets)


def _resets(device: Device) -> list[Entity]:
    return [ResetButton(device, row) for row in meters_of(device.definition)]


class ResetButton(AqaraEntity, ButtonEntity):
    """Lets a tally begin anew; nothing is sent to the device, so it may even be gone."""

    _attr_entity_category = EntityCategory.CONFIG
    _attr_entity_registry_enabled_default = False

    def __init__(self, device: Device, row: Numeric) -> None:
        super().__init__(device, f"reset_{row.name}")
        self._row = row

    @property
    @override
    def available(self) -> bool:
        return tally.total(self.device, self._row) is not None

    @override
    def _concerns(self, update: Update) -> bool:
        return self._row.name in update.state

    @override
    async def async_press(self) -> None:
        with translated():
            await tally.set_back(self.device, self._row, dt_util.utcnow())
