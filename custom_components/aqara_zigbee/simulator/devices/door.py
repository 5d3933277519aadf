"""Common parts of the two locks: a door, a bell, and people with fingerprints and codes.

The methods here are the events at the door; each lock's class encodes its own frames.
"""

from typing import ClassVar, override

from ..actions import action
from ..zcl import Type
from .lumi import POWER, Lumi, Tag

WHO_TO_WHAT = 1.0
"""Seconds between the report of who opened and that of what happened (capture ZNMS12LM-009)."""

FINGER, PASSWORD = 1, 2
SQUARE_BOLT, REVERSE_BOLT, LATCH = 0x10, 0x04, 0x01
"""Bits of the bolt state (capture ZNMS11LM-022)."""


def octet(name: str, value: int) -> int:
    """Return a number that a lock reports in one octet.

    Raises:
        ValueError: it is too big or negative.
    """
    if not 0 <= value <= 255:
        raise ValueError(f"{name} is 0 to 255")
    return value


class Door(Lumi):
    """A lock on a door.

    It sleeps, although its node descriptor claims a router on mains power. It only reports; there
    are no commands.

    Attributes:
        battery: in millivolts.
        bolt: the extended bolts, in bits: 0x10 square bolt, 0x04 reverse bolt, 0x01 latch.
        event: the last event, by the names of protocol 1.3.
    """

    SLEEPY = True
    PREFIX = "00:15:8d:00"
    STATE: ClassVar[tuple[str, ...]] = (*Lumi.STATE, "battery", "bolt", "event")
    DOOR_LOCK: ClassVar[int] = 0x0101

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.listens_for = 1.0
        self.battery = 3900
        self.bolt = SQUARE_BOLT | LATCH
        self.event = 0x01

    # -- Actions of people -----------------------------------------------------------------------

    @action
    def finger(self, user: int, admin: bool = False) -> None:
        """Open from outside with a fingerprint; `user` is 0 to 255."""
        self._open(FINGER, user, admin=admin)

    @action
    def password(self, user: int, admin: bool = False) -> None:
        """Open from outside with a code."""
        self._open(PASSWORD, user, admin=admin)

    def _open(self, method: int, user: int, *, admin: bool) -> None:
        self.report_user(method, octet("user", user), admin=admin)
        self.later(WHO_TO_WHAT, self.happen, 0x0B, 0x00)

    @action
    def open_inside(self) -> None:
        """Open from inside."""
        self.happen(0x0C, 0x00)

    @action
    def close_door(self) -> None:
        """Close the door."""
        self.happen(0x24, self.bolt & ~SQUARE_BOLT & 0xFF)

    @action
    def lock(self) -> None:
        """Extend the square bolt."""
        self.happen(0x01, SQUARE_BOLT | LATCH)

    @action
    def reverse_lock(self) -> None:
        """Turn the inner knob that locks the door against opening from outside."""
        self.happen(0x02, self.bolt | REVERSE_BOLT | LATCH)

    @action
    def reverse_unlock(self) -> None:
        """Turn the inner knob back."""
        self.happen(0x03, (self.bolt & ~REVERSE_BOLT) | LATCH)

    @action
    def happen(self, event: int, bolt: int) -> None:
        """Report any event and bolt state, each one byte, known to the definition or not."""
        self.event, self.bolt = event, bolt
        self.report_status()

    @action
    def wrong_finger(self, tries: int = 1) -> None:
        """Try an unknown fingerprint, for the nth time."""
        self.report_rejected(0x40, octet("tries", tries))

    @action
    def wrong_password(self, tries: int = 1) -> None:
        """Try an unknown code, for the nth time."""
        self.report_rejected(0x02, octet("tries", tries))

    @action
    def ring(self) -> None:
        """Ring the bell."""
        self.report_rejected(0x00, 1)

    @action
    def add_finger(self, user: int) -> None:
        """Add a fingerprint."""
        self.report_credential(1, octet("user", user))

    @action
    def delete_finger(self, user: int) -> None:
        """Delete a fingerprint."""
        self.report_credential(2, octet("user", user))

    @action
    def add_password(self, user: int) -> None:
        """Add a code."""
        self.report_credential(3, octet("user", user))

    @action
    def delete_password(self, user: int) -> None:
        """Delete a code."""
        self.report_credential(4, octet("user", user))

    @action
    def battery_alarm(self, mask: int = 1) -> None:
        """Report the battery alarm mask: 1 when the battery is low."""
        self.report(POWER, (0x0035, Type.BITMAP8, octet("mask", mask)))

    # -- Each lock's frames ------------------------------------------------------------------------

    def report_user(self, method: int, user: int, *, admin: bool) -> None:
        """Report who opened."""
        raise NotImplementedError

    def report_status(self) -> None:
        """Report the last event and the bolts."""

    def report_rejected(self, kind: int, tries: int) -> None:
        """Report a rejected attempt, or the bell."""
        raise NotImplementedError

    def report_credential(self, operation: int, user: int) -> None:
        """Report an added or deleted credential."""
        raise NotImplementedError

    @override
    def tags(self) -> list[Tag]:
        """The tags of the examples `acn02-ff01`; the meaning of tag 100 on a lock is unknown."""
        return [
            (0x01, Type.U16, self.battery),
            (0x03, Type.I8, 25),
            (0x05, Type.U16, self.restarts),
            (0x64, Type.BOOL, True),
        ]
