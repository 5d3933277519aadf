"""Commands waiting for one device, carried out one after the other.

A new wish for a property replaces an older one that was not sent yet, so that a burst ends with the
last value, and there are never more wishes than properties.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.device import Device
from ..core.property import TOGGLE, Wish
from .payload import Json

MOST_READS = 16
"""Maximum number of waiting read messages for a device."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a command.

    Attributes:
        endpoint: the name or number of the endpoint in its topic, if any.
    """

    device: Device
    name: str
    endpoint: str | None = None


@dataclass(slots=True)
class Write:
    """The wishes of one message.

    Attributes:
        wishes: by property, in the order in which they are to be sent.
        keys: the message's key of each property.
    """

    target: Target
    wishes: dict[str, Wish] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """The reads of one message."""

    target: Target
    body: Mapping[str, Json]

    def is_like(self, other: Read) -> bool:
        """Whether both read the same."""
        same_endpoint = self.target.endpoint == other.target.endpoint
        return same_endpoint and self.body.keys() == other.body.keys()


class WaitingCommands:
    """The commands waiting for one device."""

    def __init__(self) -> None:
        self._commands: list[Write | Read] = []

    def write(self, new: Write) -> list[str]:
        """Add a message's wishes.

        Returns:
            Properties whose waiting wish was replaced.
        """
        replaced: list[str] = []
        for old in self._commands:
            if isinstance(old, Write):
                replaced += _replace(old, new)
        self._commands = [each for each in self._commands if isinstance(each, Read) or each.wishes]
        if new.wishes:
            self._commands.append(new)
        return replaced

    def read(self, new: Read) -> bool:
        """Add a message's reads; return whether there was room."""
        others = [
            each for each in self._commands if isinstance(each, Write) or not each.is_like(new)
        ]
        if sum(isinstance(each, Read) for each in others) >= MOST_READS:
            return False
        self._commands = [*others, new]
        return True

    def next(self) -> Write | Read | None:
        """Remove and return the next command; None if there is none."""
        return self._commands.pop(0) if self._commands else None


def _replace(old: Write, new: Write) -> list[str]:
    """Remove wishes from an older message that a newer one has, too."""
    names = [name for name in old.wishes if name in new.wishes]
    for name in names:
        wish = _in_one(old.wishes.pop(name), new.wishes[name])
        if wish is None:
            del new.wishes[name]
        else:
            new.wishes[name] = wish
    return names


def _in_one(first: Wish, second: Wish) -> Wish:
    """Return one wish for two in sequence; None if they cancel each other out."""
    if second is not TOGGLE:
        return second
    return None if first is TOGGLE else not first
