"""The mirror's options in a config entry."""

from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_ENABLED, CONF_MQTT
from ..mirror.settings import Settings


def options_of(entry: ConfigEntry) -> dict[str, Any]:
    """Return the mirror's options, with defaults."""
    return {CONF_ENABLED: False, **Settings().as_dict(), **entry.options.get(CONF_MQTT, {})}
