"""Who opened a door and how, in words."""

from collections.abc import Callable

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ENTITY_ID,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, EVENT_OPENED

_METHODS = {"finger": "a fingerprint", "password": "a password"}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe our event to the logbook."""

    @callback
    def opened(event: Event) -> dict[str, str]:
        """Say "Front door was opened by Ann with a fingerprint"."""
        device = dr.async_get(hass).async_get(event.data[ATTR_DEVICE_ID])
        name = (device.name_by_user or device.name) if device else None
        who, method = event.data["name"], _METHODS.get(event.data["method"], event.data["method"])
        return {
            LOGBOOK_ENTRY_NAME: name or "Lock",
            LOGBOOK_ENTRY_MESSAGE: f"was opened by {who} with {method}",
            LOGBOOK_ENTRY_ENTITY_ID: event.data[ATTR_ENTITY_ID],
        }

    async_describe_event(DOMAIN, EVENT_OPENED, opened)
