"""Names used by several files of Home Assistant's side."""

from typing import Final

DOMAIN: Final = "aqara_zigbee"

DOCS = "https://github.com/aqara-zigbee/aqara-zigbee/blob/main/docs"
"""The documentation that texts link to."""

EVENT: Final = f"{DOMAIN}_event"
"""Fired when a lock was opened or a knob was turned; the logbook describes it (`event.py`)."""

VIRTUAL_PORT = f"virtual://{DOMAIN}"
"""The port of an entry whose coordinator and devices are simulated."""

SIGNAL_EXPLAINED: Final = f"{DOMAIN}_explained"
"""Sent with a switch's entity id when its change, already shown, has its cause (`trigger.py`)."""

CONF_MQTT = "mqtt"
"""The entry's option with `CONF_ENABLED` and the settings of the MQTT mirror."""

CONF_ENABLED = "enabled"
