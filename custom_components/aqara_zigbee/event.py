"""Support for events: presses, turns, doors, bells.

Event entities report every step and are meant for automations. A complete action, such as an opening or a
turn, is also an event on Home Assistant's bus, which the logbook describes (`logbook.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.event import EventDeviceClass, EventEntity, EventExtraStoredData
from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE, STATE_UNAVAILABLE, Platform
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN, EVENT
from .core.device import Device
from .core.events import ActionFired, NetworkEvent, Update
from .core.gateway import Gateway
from .core.limits import is_moment
from .core.property import Action, Event, Scalar
from .entity import TARGETED, AqaraEntity
from .platforms import Part, follow
from .registry import registered_device
from .runtime import AqaraConfigEntry

PARALLEL_UPDATES = 0

_FEATURES = {"rotation_step": 1024}
"""By event, `MediaPlayerEntityFeature.VOLUME_STEP`: triggers.yaml recognizes by it what turns."""


async def async_setup_entry(
    hass: HomeAssistant, entry: AqaraConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entities of action rows."""
    follow(entry, async_add_entities, Platform.EVENT, partial(_make, er.async_get(hass)))


def _make(registry: er.EntityRegistry, device: Device, row: Part) -> list[Entity]:
    assert isinstance(row, Action)
    events = [AqaraEvent(device, event) for event in row.events]
    for event in events:
        _move(registry, event)
    return list(events)


def _move(registry: er.EntityRegistry, entity: AqaraEvent) -> None:
    """Let an entity that was registered under a former name keep its id and the user's settings."""
    if entity.event.formerly is None:
        return
    former = f"{entity.device.ieee}-{entity.event.formerly}"
    registered = registry.async_get_entity_id(Platform.EVENT, DOMAIN, former)
    if registered is None:
        return
    if registry.async_get_entity_id(Platform.EVENT, DOMAIN, str(entity.unique_id)):
        registry.async_remove(registered)
    else:
        registry.async_update_entity(registered, new_unique_id=str(entity.unique_id))


@dataclass
class StoredEvent(EventExtraStoredData):
    """The last event, as Home Assistant stores it, and its time.

    Home Assistant restores the time from the state, which an unavailable entity does not have.
    """

    last_event_time: str | None


class AqaraEvent(AqaraEntity, EventEntity):
    """An event entity of a device.

    It fires for reports, never for restored or read values.
    """

    def __init__(self, device: Device, event: Event) -> None:
        super().__init__(device, event.name, event.device_class)
        # Also where the name is that of the device class: not all languages have its event types.
        self._attr_translation_key = event.name
        self.event = event
        kinds = [*(kind for kind, _ in event.types.values()), *event.kinds]
        self._attr_event_types = list(dict.fromkeys(kinds))
        if event.device_class is not None:
            self._attr_device_class = EventDeviceClass(event.device_class)
            self._attr_supported_features = TARGETED
        if event.name in _FEATURES:
            self._attr_supported_features = _FEATURES[event.name]

    @override
    @callback
    def _on_update(self, update: Update) -> None:
        # A changed availability is written first, with the time of the last event: two states.
        super()._on_update(update)
        if (fired := update.action) is None:
            return
        kind, extra = self._kind(fired)
        if kind is not None:
            self._trigger_event(kind, self._attributes(fired) | dict(extra))
            self.async_write_ha_state()

    @override
    def _concerns(self, update: Update) -> bool:
        return False

    @property
    @override
    def extra_restore_state_data(self) -> EventExtraStoredData:
        last = super().extra_restore_state_data
        return StoredEvent(last.last_event_type, last.last_event_attributes, self.state)

    @override
    async def async_get_last_state(self) -> State | None:
        """Return the stored state; of an unavailable entity, the time of its last event."""
        stored = await super().async_get_last_state()
        extra = await self.async_get_last_extra_data()
        time = extra.as_dict().get("last_event_time") if extra else None
        if stored is None or stored.state != STATE_UNAVAILABLE:
            return stored
        if not isinstance(time, str) or not is_moment(time):
            return stored
        return State(stored.entity_id, time, stored.attributes)

    def _kind(self, fired: ActionFired) -> tuple[str | None, Mapping[str, Scalar]]:
        """Return the event type and attributes of an action; None if it is another entity's."""
        if fired.action in self.event.types:
            return self.event.types[fired.action]
        return self.event.kind_of(fired.action, fired.details), {}

    def _attributes(self, fired: ActionFired) -> dict[str, Any]:
        """Return the details, named as in this entity."""
        said = {**fired.joined, **fired.details}
        return {
            name: said[detail]
            for detail, name in self.event.attributes.items()
            if said.get(detail) is not None
        }


@callback
def fire_bus_events(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Fire events on the bus for all devices, including those that join later."""
    followed: set[str] = set()

    @callback
    def updated(device: Device, update: Update) -> None:
        if update.action is not None:
            _fire(hass, entry, device, update.action)

    @callback
    def follow_device(device: Device) -> None:
        if device.ieee not in followed:
            followed.add(device.ieee)
            entry.async_on_unload(device.subscribe(partial(updated, device)))

    @callback
    def changed(event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.REMOVED:
            followed.discard(device.ieee)
        else:
            follow_device(device)

    for device in gateway.values():
        follow_device(device)
    entry.async_on_unload(gateway.subscribe(changed))


@callback
def _fire(hass: HomeAssistant, entry: AqaraConfigEntry, device: Device, fired: ActionFired) -> None:
    row = device.definition.action if device.definition else None
    kind = row.bus_events.get(fired.action) if row else None
    if row is None or kind is None:
        return
    registered = registered_device(hass, entry.entry_id, device.ieee)
    if registered is not None:
        data = {ATTR_DEVICE_ID: registered.id, CONF_TYPE: kind, **_details(row, fired)}
        hass.bus.async_fire(EVENT, data)


def _details(row: Action, fired: ActionFired) -> dict[str, Scalar]:
    """Return the action's details, named as in the event entity."""
    (event,) = [each for each in row.events if fired.action in each.types]
    return {
        name: value
        for detail, name in event.attributes.items()
        if (value := fired.details.get(detail)) is not None
    }
