"""Groups of rows that form one entity in Home Assistant, and one entry of exposes on MQTT.

A cover is the only kind so far. Another one, such as a light, is a class here and in `Group`; mypy
then reports the places to extend.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .property import Enum, Numeric, Property

OPEN: Final = "OPEN"
CLOSE: Final = "CLOSE"
STOP: Final = "STOP"
"""Commands of a cover; the first two are also its states."""

OPENING: Final = "opening"
CLOSING: Final = "closing"
"""Values of the motor's row while the cover moves; any other value means that it has stopped."""

FULLY_OPEN: Final = 100
"""Percent; 0 is closed."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A cover: a curtain, a blind, a shade.

    Attributes:
        state: the row of `OPEN`, `CLOSE` and possibly `STOP`.
        position: the row of the position, in percent; None without one.
        motor: the row of the motor's state, which has an entity of its own, too; None without one.
        inverted_by: the flag option that inverts the motor's states; None without one.
        device_class: Home Assistant's class of the cover.
        name: unique-id suffix; also the translation key if the device has several groups.
    """

    state: str = "state"
    position: str | None = None
    motor: str | None = None
    inverted_by: str | None = None
    device_class: str | None = None
    name: str = "cover"

    @property
    def members(self) -> tuple[str, ...]:
        """The rows that have no entity of their own because of the group."""
        return (self.state,) if self.position is None else (self.state, self.position)

    def check(self, rows: Mapping[str, Property]) -> None:
        """Refuse rows that do not form a cover.

        Raises:
            ValueError: they do not.
        """
        state = rows.get(self.state)
        if (
            not isinstance(state, Enum)
            or not state.settable
            or not {OPEN, CLOSE} <= {*state.values}
        ):
            raise ValueError(f"a cover needs a settable word with {OPEN} and {CLOSE}: {self.state}")
        if self.position is not None:
            position = rows.get(self.position)
            is_share = isinstance(position, Numeric) and (position.minimum, position.maximum) == (
                0,
                FULLY_OPEN,
            )
            if not is_share or not rows[self.position].settable:
                raise ValueError(
                    f"a cover's position is a settable number of 0..100: {self.position}"
                )
        if self.motor is not None:
            motor = rows.get(self.motor)
            if not isinstance(motor, Enum) or not {OPENING, CLOSING} <= {*motor.values}:
                raise ValueError(f"a cover's motor is {OPENING} or {CLOSING}: {self.motor}")


type Group = Cover
"""The kinds of groups; both views `match` on all of them."""
