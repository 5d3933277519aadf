"""The start of a counter that the user has reset (`meter`)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from .limits import is_moment

OPTION = "tallies"
"""Device option: the start of each counter that was reset, by property."""


def is_valid(value: object) -> bool:
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
        return {OPTION: {**_resets(options), name: stored}}

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
    stored = options.get(OPTION)
    members = stored.items() if isinstance(stored, Mapping) else ()
    return {name: reset for name, reset in members if _is_reset(reset)}
