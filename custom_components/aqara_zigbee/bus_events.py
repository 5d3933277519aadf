"""Events on Home Assistant's bus for complete actions: an opening, a turn.

The logbook describes them (`logbook.py`). Event entities report every step and are meant for
automations.
"""

from functools import partial

from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE
from homeassistant.core import HomeAssistant, callback

from .const import EVENT
from .core.device import Device
from .core.events import ActionFired, NetworkEvent, Update
from .core.gateway import Gateway
from .core.property import Action, Scalar
from .registry import registered_device
from .runtime import AqaraConfigEntry


@callback
def follow(hass: HomeAssistant, entry: AqaraConfigEntry, gateway: Gateway) -> None:
    """Fire events for all devices, including those that join later."""
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
