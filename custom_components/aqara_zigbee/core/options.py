"""Settings whose value lives with us and not in the device: calibration, precision, legacy, names.

They act on the next report; what was decoded before is not computed anew (contract 0.5).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .codec import number
from .errors import ConversionError
from .property import Numeric, Property, Scalar

LEGACY = "legacy"
"""Whether the MQTT payload carries the locks' older keys (contract 1.4)."""

USERS = "users"
"""Names of a lock's users by their id in decimal digits."""


@dataclass(frozen=True, slots=True)
class Option:
    """A number that changes how readings are shown.

    Attributes:
        name: as Zigbee2MQTT spells it, such as ``power_calibration``.
        default: its value while nobody set it.
        minimum, maximum, step: limits, in `unit`.
        unit: the reading's own unit, "%" for a share of it, None for a count of digits.
        enabled: whether its entity is enabled from the start.
    """

    name: str
    default: float
    minimum: float
    maximum: float
    step: float
    unit: str | None
    enabled: bool

    def check(self, value: Scalar) -> float:
        """The value if it is one.

        Raises:
            ConversionError: it is no number, or outside the limits.
        """
        if isinstance(value, int | float) and not isinstance(value, bool):
            found = number(value)
            if found is not None and self.minimum <= found <= self.maximum:
                return found
        raise ConversionError(self.name, value)


def options_of(properties: tuple[Property, ...]) -> Iterator[Option]:
    """Calibration and precision of every reading that has them.

    The temperature's stand in the contract and are offered at once; those that only newer
    Zigbee2MQTT knows are there for who enables them.
    """
    for row in properties:
        if not isinstance(row, Numeric) or row.quantity.calibration is None:
            continue
        offset = row.quantity.calibration == "offset"
        unit = row.quantity.unit if offset else "%"
        decimals = row.usual_decimals or 0
        enabled = offset and row.enabled
        yield Option(row.calibration_option, 0, -100, 100, 0.1 if offset else 0.01, unit, enabled)
        yield Option(row.precision_option, decimals, 0, max(3, decimals), 1, None, enabled)
