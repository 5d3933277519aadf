"""The device option for the maximum silence of an available device."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self, TypeIs

from . import limits

OPTION = "availability"
"""Device option: minutes of silence after which a device is unavailable; 0 means never."""

LONGEST_SILENCE = 366 * 24 * 60
"""Maximum minutes of `OPTION`."""


def is_valid(value: object) -> TypeIs[int | float]:
    """Whether it is a valid value of the option."""
    if isinstance(value, bool) or not limits.is_number(value):
        return False
    return 0 <= value <= LONGEST_SILENCE


@dataclass(frozen=True, slots=True)
class ChosenSilence:
    """The user's maximum silence of a device.

    Attributes:
        minutes: minutes until the device is unavailable; 0 for never.
    """

    minutes: float

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self | None:
        """Return the stored value; None if it is not set, or invalid."""
        minutes = options.get(OPTION)
        return cls(minutes) if is_valid(minutes) else None

    def as_option(self) -> dict[str, Any]:
        """Return it as a device's option."""
        return {OPTION: self.minutes}

    @property
    def limit(self) -> timedelta | None:
        """Return the maximum silence; None for no limit."""
        return timedelta(minutes=self.minutes) if self.minutes else None
