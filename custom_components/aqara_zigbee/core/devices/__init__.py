"""The five models. A sixth is a file here and a line below."""

from ..definition import Definition
from .plug_mi import PLUG_MI
from .relay_dual import RELAY_DUAL

DEFINITIONS: dict[str, Definition] = {
    definition.zigbee_model: definition for definition in (PLUG_MI, RELAY_DUAL)
}
"""All definitions by Zigbee model identifier."""
