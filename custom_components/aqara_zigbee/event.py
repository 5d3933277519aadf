"""What happens at a device: presses, turns, doors, bells."""

from typing import Any, override

from homeassistant.components.event import EventDeviceClass, EventEntity
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EVENT_OPENED
from .core.device import ActionFired, Device, Update
from .core.options import Option
from .core.property import Action, Event, Row
from .entity import AqaraEntity
from .platforms import follow
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entities that action rows feed."""
    follow(entry, async_add_entities, Platform.EVENT, _make)


def _make(device: Device, row: Row | Option) -> list[Entity]:
    assert isinstance(row, Action)
    return [AqaraEvent(device, event) for event in row.events]


class AqaraEvent(AqaraEntity, EventEntity):
    """One kind of thing that happens at a device.

    It fires for frames that report it, never for what is restored or read.
    """

    def __init__(self, device: Device, event: Event) -> None:
        super().__init__(device, event.name)
        self.event = event
        self._attr_event_types = list(dict.fromkeys(kind for kind, _ in event.types.values()))
        if event.device_class is not None:
            self._attr_device_class = EventDeviceClass(event.device_class)

    @override
    @callback
    def _heard(self, update: Update) -> None:
        if update.action is not None and update.action.action in self.event.types:
            kind, extra = self.event.types[update.action.action]
            attributes = self._attributes(update.action) | dict(extra)
            self._trigger_event(kind, attributes)
            self.async_write_ha_state()
            if update.action.details.get("action_method") is not None:
                self._tell_logbook(kind, attributes)
            return
        super()._heard(update)

    @override
    def _concerns(self, update: Update) -> bool:
        return False

    def _attributes(self, fired: ActionFired) -> dict[str, Any]:
        """Details under the names this entity gives them."""
        said = {**fired.joined, **fired.details}
        return {
            name: said[detail]
            for detail, name in self.event.attributes.items()
            if said.get(detail) is not None
        }

    @callback
    def _tell_logbook(self, kind: str, attributes: dict[str, Any]) -> None:
        """Let the logbook say who came and how; an event entity alone only names its type."""
        assert self.registry_entry is not None
        data = {ATTR_ENTITY_ID: self.entity_id, ATTR_DEVICE_ID: self.registry_entry.device_id}
        self.hass.bus.async_fire(EVENT_OPENED, data | attributes | {"type": kind})
