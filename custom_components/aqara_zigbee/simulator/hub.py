"""The coordinator's interface for the air."""

from typing import TYPE_CHECKING, NamedTuple, Protocol

from .message import Message

if TYPE_CHECKING:
    from .member import Member


class Identity(NamedTuple):
    """A network's identity; devices with another identity or key receive nothing."""

    extended_pan: bytes
    key: bytes


class Hub(Protocol):
    """The coordinator's interface for the air."""

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
        """Whether it permits joins at itself."""

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
        """Add a member to the address manager and the trust centre's table."""

    def deliver(
        self, member: Member, source: int, message: Message, *, group: int, broadcast: bool
    ) -> None:
        """Called with a member's message; `source` is the network address it came from."""

    def joined(self, member: Member) -> None:
        """Called when the trust centre admitted a device."""

    def left(self, ieee: str, nwk: int, *, rejoin: bool) -> None:
        """Called when a member left; `nwk` was its address."""
