"""What the two locks have in common: a door, a bell, and people with fingers and passwords.

What happens at the door is told by the methods here; how it is spelt on the air is each lock's own.
"""

from __future__ import annotations

from typing import ClassVar, override

from ..actions import action
from ..zcl import Type
from .lumi import POWER, Lumi, Tag

WHO_TO_WHAT = 1.0
"""The lock says who opened, and what happened a second later (capture ZNMS12LM-009)."""

FINGER, PASSWORD = 1, 2
SQUARE_BOLT, REVERSE_BOLT, LATCH = 0x10, 0x04, 0x01
"""Bits of the bolt state (capture ZNMS11LM-022)."""


class Door(Lumi):
    """A lock on a door.

    It sleeps, although its node descriptor says it is a router on the mains. It reports; nothing
    can be ordered.

    Attributes:
        battery: In millivolts.
        bolt: What is out, in bits: 0x10 square bolt, 0x04 reverse bolt, 0x01 latch.
        event: What happened last, in the words of contract §1.3.
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

    # -- What people do --------------------------------------------------------------------------

    @action
    def finger(self, user: int, admin: bool = False) -> None:
        """Someone opens from outside with a fingerprint; `user` is 0 to 255."""
        self._open(FINGER, user, admin=admin)

    @action
    def password(self, user: int, admin: bool = False) -> None:
        """Someone opens from outside with a password."""
        self._open(PASSWORD, user, admin=admin)

    def _open(self, method: int, user: int, *, admin: bool) -> None:
        self.say_who(method, user, admin=admin)
        self.later(WHO_TO_WHAT, self.happen, 0x0B, 0x00)

    @action
    def open_inside(self) -> None:
        """Someone leaves."""
        self.happen(0x0C, 0x00)

    @action
    def close_door(self) -> None:
        """The door falls shut."""
        self.happen(0x24, self.bolt & ~SQUARE_BOLT & 0xFF)

    @action
    def lock(self) -> None:
        """The square bolt goes out."""
        self.happen(0x01, SQUARE_BOLT | LATCH)

    @action
    def reverse_lock(self) -> None:
        """Someone inside turns the knob that keeps everyone out."""
        self.happen(0x02, self.bolt | REVERSE_BOLT | LATCH)

    @action
    def reverse_unlock(self) -> None:
        """And turns it back."""
        self.happen(0x03, (self.bolt & ~REVERSE_BOLT) | LATCH)

    @action
    def happen(self, event: int, bolt: int) -> None:
        """Anything at all: an event and a bolt state, each a byte, known to the table or not."""
        self.event, self.bolt = event, bolt
        self.say_what()

    @action
    def wrong_finger(self, tries: int = 1) -> None:
        """A finger nobody knows, for the nth time."""
        self.say_rejected(0x40, tries)

    @action
    def wrong_password(self, tries: int = 1) -> None:
        """A password nobody knows, for the nth time."""
        self.say_rejected(0x02, tries)

    @action
    def ring(self) -> None:
        """The bell."""
        self.say_rejected(0x00, 1)

    @action
    def add_finger(self, user: int) -> None:
        """A fingerprint is taught."""
        self.say_changed(1, user)

    @action
    def delete_finger(self, user: int) -> None:
        """A fingerprint is deleted."""
        self.say_changed(2, user)

    @action
    def add_password(self, user: int) -> None:
        """A password is taught."""
        self.say_changed(3, user)

    @action
    def delete_password(self, user: int) -> None:
        """A password is deleted."""
        self.say_changed(4, user)

    @action
    def battery_alarm(self, mask: int = 1) -> None:
        """Report the battery alarm mask: 1 when the lock asks for new batteries."""
        self.report(POWER, (0x0035, Type.BITMAP8, mask))

    # -- How a lock spells it ----------------------------------------------------------------------

    def say_who(self, method: int, user: int, *, admin: bool) -> None:
        """Someone was let in."""
        raise NotImplementedError

    def say_what(self) -> None:
        """The door has moved."""

    def say_rejected(self, kind: int, tries: int) -> None:
        """Someone was not let in, or rang."""
        raise NotImplementedError

    def say_changed(self, operation: int, user: int) -> None:
        """A credential has come or gone."""
        raise NotImplementedError

    @override
    def tags(self) -> list[Tag]:
        """As in the contract's `acn02-ff01` frames; what tag 100 means on a lock nobody knows."""
        return [
            (0x01, Type.U16, self.battery),
            (0x03, Type.I8, 25),
            (0x05, Type.U16, self.restarts),
            (0x64, Type.BOOL, True),
        ]
