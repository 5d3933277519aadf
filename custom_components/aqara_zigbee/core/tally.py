"""Counting anew what a meter counts for ever.

No command sets the meters of these devices back (Koenkk/zigbee2mqtt#5530). So the device counts on,
untouched, and what it stood at when its owner wanted a new beginning is remembered here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from .codec import round_half_up
from .device import Device
from .errors import UnknownProperty
from .property import Numeric

TALLIES = "tallies"
"""The option of a device that holds where each tally began, by property."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a count began.

    Attributes:
        base: what the meter stood at, in the property's unit.
        since: when.
    """

    base: float
    since: datetime

    @classmethod
    def of(cls, device: Device, row: Numeric) -> Self | None:
        """Where a device's count began; None if it was never set back."""
        stored = device.options.get(TALLIES, {}).get(row.name)
        return cls(stored["base"], datetime.fromisoformat(stored["since"])) if stored else None

    def as_option(self, device: Device, row: Numeric) -> dict[str, Any]:
        """The device's option with this beginning in the place of another."""
        stored = {"base": self.base, "since": self.since.isoformat()}
        return {TALLIES: {**device.options.get(TALLIES, {}), row.name: stored}}


def total(device: Device, row: Numeric) -> float | None:
    """What the meter stands at; None while it never said."""
    value = device.state.get(row.name)
    return value if isinstance(value, int | float) else None


def counted(device: Device, row: Numeric) -> float | None:
    """What was counted since the last set-back, or ever; None while the meter never said."""
    tally, now = Tally.of(device, row), total(device, row)
    if tally is None or now is None:
        return now
    return round_half_up(now - tally.base, row.quantity.decimals or 0)


def mend(device: Device, row: Numeric) -> None:
    """Begin at nought when a meter stands at less than it began with: it was set back itself."""
    tally, now = Tally.of(device, row), total(device, row)
    if tally is not None and now is not None and now < tally.base:
        device.remember(Tally(0, tally.since).as_option(device, row))


async def set_back(device: Device, row: Numeric, now: datetime) -> None:
    """Begin anew. It is kept when this returns.

    Raises:
        UnknownProperty: the meter has not said yet what it stands at.
    """
    base = total(device, row)
    if base is None:
        raise UnknownProperty(row.name, "set back before it is known")
    await device.configure(Tally(base, now).as_option(device, row))
