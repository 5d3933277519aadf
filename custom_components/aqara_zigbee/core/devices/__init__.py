"""The models. A new one is a file here and a line below; the rest is in docs/architecture.md."""

from collections.abc import Iterable

from ..definition import Definition
from .contact import CONTACT
from .knob_h1 import KNOB_H1
from .lock import LOCK
from .lock_s2 import LOCK_S2
from .plug_mi import PLUG_MI
from .relay_dual import RELAY_DUAL
from .shade_e1 import SHADE_E1
from .weather import WEATHER

MODELS: tuple[Definition, ...] = (
    LOCK_S2,
    LOCK,
    KNOB_H1,
    PLUG_MI,
    RELAY_DUAL,
    WEATHER,
    CONTACT,
    SHADE_E1,
)
"""All definitions."""


def by_zigbee_model(definitions: Iterable[Definition]) -> dict[str, Definition]:
    """Return definitions by all their Zigbee model identifiers.

    Raises:
        ValueError: two definitions have the same one.
    """
    found: dict[str, Definition] = {}
    for definition in definitions:
        for name in definition.zigbee_models:
            if found.setdefault(name, definition) is not definition:
                raise ValueError(f"{found[name].model} and {definition.model} are both {name}")
    return found


DEFINITIONS: dict[str, Definition] = by_zigbee_model(MODELS)
"""All definitions by Zigbee model identifier."""
