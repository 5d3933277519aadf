"""The device option with the names of a lock's users, which the lock reports by number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from .limits import is_text
from .property import LONGEST_STATE

OPTION = "users"
"""Device option: names of a lock's users by their number in decimal digits."""


def is_valid(value: object) -> bool:
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
        stored = options.get(OPTION)
        members = stored.items() if isinstance(stored, Mapping) else ()
        return cls({number: name for number, name in members if _is_person(number, name)})

    def as_option(self) -> dict[str, Any]:
        """Return them as a device's option."""
        return {OPTION: dict(self.names)}

    def name_of(self, user: int) -> str:
        """Return the name of a user; the number itself if it has none."""
        name = self.names.get(str(user))
        return name[:LONGEST_STATE] if name and is_text(name) else f"#{user}"

    @property
    def known(self) -> list[str]:
        """Return all names that can be states."""
        return [name[:LONGEST_STATE] for name in self.names.values() if is_text(name)]
