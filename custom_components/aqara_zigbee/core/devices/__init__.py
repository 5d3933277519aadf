"""The five models. A sixth is a file here and a line below."""

from ..definition import Definition
from .knob_h1 import KNOB_H1
from .lock import LOCK
from .lock_s2 import LOCK_S2
from .plug_mi import PLUG_MI
from .relay_dual import RELAY_DUAL

DEFINITIONS: dict[str, Definition] = {
    definition.zigbee_model: definition
    for definition in (LOCK_S2, LOCK, KNOB_H1, PLUG_MI, RELAY_DUAL)
}
"""All definitions by Zigbee model identifier."""
