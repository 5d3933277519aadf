"""What the air needs from the coordinator."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .message import Message

if TYPE_CHECKING:
    from .member import Member


class Identity(NamedTuple):
    """Which network: those of another one, or with another key, hear nothing."""

    extended_pan: bytes
    key: bytes


class Hub(Protocol):
    """What the air needs from the coordinator."""

    @property
    def identity(self) -> Identity | None:
        """The network it runs, or None while it runs none."""

    @property
    def formed(self) -> Identity | None:
        """The network in its memory, running or not."""

    @property
    def channel(self) -> int:
        """Channel, 11 to 26."""

    @property
    def is_open(self) -> bool:
        """Whether it lets devices join at itself."""

    @property
    def ieee_bytes(self) -> bytes:
        """Its IEEE address."""

    def trusts(self, member: Member, parent: Member | None) -> bool:
        """Whether its trust centre gives the key to this device."""

    def count_frame(self) -> int:
        """The frame counter of the next transmission."""

    def known_address(self, ieee: str) -> int | None:
        """The network address its address manager has for a device."""

    def remember(self, member: Member) -> None:
        """Enter a member into the address manager and the trust centre's table."""

    def heard(
        self, member: Member, source: int, message: Message, *, group: int, broadcast: bool
    ) -> None:
        """A member has said something; `source` is the network address it came from."""

    def joined(self, member: Member) -> None:
        """The trust centre has let a device in."""

    def left(self, ieee: str, nwk: int, *, rejoin: bool) -> None:
        """A member has left; `nwk` was its address."""
