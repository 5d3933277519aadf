"""Zigbee2MQTT's ``state.json``: the last states."""

import json
from typing import Any

from .z2m_files import MOST_BYTES, by_address


def read_states(data: bytes) -> dict[str, Any] | None:
    """Return the last states by address; None if the file is damaged."""
    if len(data) > MOST_BYTES:
        return None
    if not data:
        return {}
    try:
        states = json.loads(data)
    except ValueError, RecursionError:
        return None
    return by_address(states) if isinstance(states, dict) else None
