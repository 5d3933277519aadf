"""Logbook descriptions of openings and turns, in the language of the installation."""

from collections.abc import Callable, Mapping
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.const import ATTR_DEVICE_ID, CONF_TYPE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN, EVENT
from .texts import Texts, cached_texts

_ICONS = {"opened": "mdi:door-open", "turned": "mdi:rotate-right"}
_OPENED = {"finger": "opened_by_finger", "password": "opened_by_password"}
_TURNED = {
    (False, 1): "turned_clockwise",
    (False, -1): "turned_counterclockwise",
    (False, 0): "turned",
    (True, 1): "pressed_and_turned_clockwise",
    (True, -1): "pressed_and_turned_counterclockwise",
    (True, 0): "pressed_and_turned",
}
"""Texts by whether the button is held and the sign of the angle; 0 also if it is unknown."""


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Describe our events to the logbook.

    An entry has the device's name and no entity id: the frontend would put the entity's name first.
    """

    @callback
    def describe(event: Event) -> dict[str, str]:
        device = dr.async_get(hass).async_get(event.data[ATTR_DEVICE_ID])
        name = (device.name_by_user or device.name) if device else None
        texts = cached_texts(hass, "logbook")
        return {
            LOGBOOK_ENTRY_NAME: name or texts["device"],
            LOGBOOK_ENTRY_MESSAGE: _message(texts, event.data),
            LOGBOOK_ENTRY_ICON: _ICONS[event.data[CONF_TYPE]],
        }

    async_describe_event(DOMAIN, EVENT, describe)


def _person(texts: Texts, data: Mapping[str, Any]) -> str:
    """Return who opened a door: the given name, or the user's number."""
    name: str = data["name"]
    number = data.get("user")
    return texts.put("user", number=number) if name == f"#{number}" else name


def _message(texts: Texts, data: Mapping[str, Any]) -> str:
    if data[CONF_TYPE] == "opened":
        return texts.put(_OPENED[data["method"]], name=_person(texts, data))
    # The angle since the turn began, not the last step: the direction may change during a turn.
    angle = round(data.get("angle") or 0)
    key = _TURNED[bool(data.get("pressed")), (angle > 0) - (angle < 0)]
    return texts.put(key, angle=abs(angle))
