"""Devices that leave ZHA's network for a coordinator of another entry keep what users gave them."""

import logging
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN
from .core.device import Device
from .core.errors import AqaraError
from .core.events import NetworkEvent
from .core.radio import Ieee
from .registry import register_with_details, registered_device
from .runtime import SIGNAL_DEVICE_EVENT, AqaraConfigEntry, is_guest

_LOGGER = logging.getLogger(__name__)


@callback
def async_setup_newcomers(hass: HomeAssistant) -> None:
    """Migrate the data of devices that join and that an entry on ZHA's network has or had.

    This is done before their entities are made, which have the same unique ids.
    """
    options: dict[Ieee, dict[str, Any]] = {}

    @callback
    def on_event(entry: AqaraConfigEntry, event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.JOINED:
            for other in hass.config_entries.async_loaded_entries(DOMAIN):
                if is_guest(other) and (found := _take(hass, other, entry, device.ieee)):
                    options[device.ieee] = found
        elif event is NetworkEvent.INTERVIEWED and device.ieee in options:
            work = _configure(device, options.pop(device.ieee))
            entry.async_create_background_task(hass, work, f"{DOMAIN} options of {device.ieee}")

    async_dispatcher_connect(hass, SIGNAL_DEVICE_EVENT, on_event)


@callback
def _take(
    hass: HomeAssistant, former: AqaraConfigEntry, entry: AqaraConfigEntry, ieee: Ieee
) -> dict[str, Any]:
    """Remove a device from its former entry, and register it with its details; return its options."""
    registered = registered_device(hass, former.entry_id, ieee)
    options = former.runtime_data.gateway.hand_over(ieee)
    if registered is not None:
        register_with_details(
            hass,
            entry,
            ieee,
            name=registered.name_by_user,
            area=registered.area_id,
            labels=registered.labels,
        )
    return options


async def _configure(device: Device, options: dict[str, Any]) -> None:
    try:
        await device.configure({**options, **device.options})
    except AqaraError as error:
        _LOGGER.warning("%s: the options from ZHA's network are not used: %s", device.ieee, error)
