"""Settings of a device that are stored here and are no options of its model.

They are the maximum silence of an available device, the names of a lock's users, which the lock reports by
number, and the starts of counters that the user has reset (`meter`). They share `Device.options` with the
options (`options`) and with the mirror's settings, which the core only stores.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeIs

from . import limits
from .errors import ConversionError
from .limits import is_moment, is_text
from .property import LONGEST_STATE

AVAILABILITY = "availability"
"""Device option: minutes of silence after which a device is unavailable; 0 means never."""

LONGEST_SILENCE = 366 * 24 * 60
"""Maximum minutes of `AVAILABILITY`."""


def _is_silence(value: object) -> TypeIs[int | float]:
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
        minutes = options.get(AVAILABILITY)
        return cls(minutes) if _is_silence(minutes) else None

    def as_option(self) -> dict[str, Any]:
        """Return it as a device's option."""
        return {AVAILABILITY: self.minutes}

    @property
    def limit(self) -> timedelta | None:
        """Return the maximum silence; None for no limit."""
        return timedelta(minutes=self.minutes) if self.minutes else None


USERS = "users"
"""Device option: names of a lock's users by their number in decimal digits."""


def _are_people(value: object) -> bool:
    """Whether it is a valid value of the option."""
    return isinstance(value, Mapping) and all(_is_person(*each) for each in value.items())


def _is_person(number: object, name: object) -> bool:
    is_number = isinstance(number, str) and number.isascii() and number.isdigit()
    return is_number and isinstance(name, str)


@dataclass(frozen=True, slots=True)
class People:
    """The names of a lock's users.

    Attributes:
        names: by their number in decimal digits.
    """

    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Self:
        """Return the stored names, without invalid ones."""
        stored = options.get(USERS)
        members = stored.items() if isinstance(stored, Mapping) else ()
        return cls({number: name for number, name in members if _is_person(number, name)})

    def as_option(self) -> dict[str, Any]:
        """Return them as a device's option."""
        return {USERS: dict(self.names)}

    def name_of(self, user: int) -> str:
        """Return the name of a user; the number itself if it has none."""
        name = self.names.get(str(user))
        return name[:LONGEST_STATE] if name and is_text(name) else f"#{user}"

    @property
    def known(self) -> list[str]:
        """Return all names that can be states."""
        return [name[:LONGEST_STATE] for name in self.names.values() if is_text(name)]


ENERGY_RESETS = "tallies"
"""Device option: the start of each counter that was reset, by property."""


def _are_resets(value: object) -> bool:
    """Whether it is a valid value of the option."""
    return isinstance(value, Mapping) and all(map(_is_reset, value.values()))


def _is_reset(value: object) -> bool:
    match value:
        case {"base": int() | float(), "since": str(since), **rest} if not rest:
            return is_moment(since)
        case {
            "base": int() | float(),
            "since": str(since),
            "former": int() | float(),
            "restarted": str(restarted),
            **rest,
        } if not rest:
            return is_moment(since) and is_moment(restarted)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class EnergyReset:
    """The start of a counter.

    Attributes:
        base: the meter's reading, in the property's unit.
        since: the time.
        former: the former `base`, if the meter seems to have been reset itself; None if it was not,
            or certainly was.
        restarted: the time of this.
    """

    base: float
    since: datetime
    former: float | None = None
    restarted: datetime | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any], name: str) -> Self | None:
        """The start of a property's counter; None if it was not reset, or the option is invalid."""
        stored = _resets(options).get(name)
        if stored is None:
            return None
        restarted = stored.get("restarted")
        return cls(
            stored["base"],
            datetime.fromisoformat(stored["since"]),
            stored.get("former"),
            datetime.fromisoformat(restarted) if restarted else None,
        )

    def as_option(self, options: Mapping[str, Any], name: str) -> dict[str, Any]:
        """Return the device's option with this start."""
        stored = {"base": self.base, "since": self.since.isoformat()}
        if self.former is not None and self.restarted is not None:
            stored |= {"former": self.former, "restarted": self.restarted.isoformat()}
        return {ENERGY_RESETS: {**_resets(options), name: stored}}

    def after(self, total: float, now: datetime, most_per_hour: float) -> Self:
        """Return the start for the meter's current reading.

        A reading below the start means that the meter itself was reset to 0. If it reaches the
        former start faster than with the maximum load, it was not.
        """
        if total < self.base:
            return replace(self, base=0, former=self.base, restarted=now)
        if self.former is None or self.restarted is None or total < self.former:
            return self
        hours = max((now - self.restarted) / timedelta(hours=1), 1)
        was_set_back = total <= most_per_hour * hours
        base = self.base if was_set_back else self.former
        return replace(self, base=base, former=None, restarted=None)


def _resets(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the stored starts by property, without invalid ones."""
    stored = options.get(ENERGY_RESETS)
    members = stored.items() if isinstance(stored, Mapping) else ()
    return {name: reset for name, reset in members if _is_reset(reset)}


_CHECKS = {AVAILABILITY: _is_silence, USERS: _are_people, ENERGY_RESETS: _are_resets}

SETTINGS = frozenset(_CHECKS)
"""Names of these settings; no option of a model can have one of them."""


def check(name: str, value: object) -> None:
    """Check the value of any of them, or of a setting of the mirror.

    Raises:
        ConversionError: it cannot be stored (`limits`), or is invalid.
    """
    limits.check(name, value)
    if name in _CHECKS and not _CHECKS[name](value):
        raise ConversionError(name, value)
