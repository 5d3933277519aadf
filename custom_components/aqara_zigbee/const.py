"""Names that several files of Home Assistant's side need."""

from typing import Final

DOMAIN: Final = "aqara_zigbee"

EVENT_OPENED: Final = f"{DOMAIN}_opened"
"""Fired when a lock let somebody in; the logbook describes it."""
