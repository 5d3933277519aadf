"""The mirror's options in a config entry."""

from typing import Any

from ..const import CONF_ENABLED, CONF_MQTT
from ..mirror.settings import Settings
from ..runtime import AqaraConfigEntry


def options_of(entry: AqaraConfigEntry) -> dict[str, Any]:
    """Return the mirror's options, with defaults."""
    return {CONF_ENABLED: False, **Settings().as_dict(), **entry.options.get(CONF_MQTT, {})}
