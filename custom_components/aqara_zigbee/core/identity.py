"""What makes a network the one we know, and in what another one differs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from .radio import Ieee

COORDINATOR = "coordinator"
EXTENDED_PAN_ID = "extended_pan_id"
PAN_ID = "pan_id"
CHANNEL = "channel"
KEY = "key"

_MOVABLE = {PAN_ID, CHANNEL}
"""What a network changes in its life, and tells its devices (Zigbee specification, 3.6.1.13)."""

_HALF_WAY = 128


@dataclass(frozen=True, slots=True)
class Identity:
    """A network, told apart from others without knowing its key.

    Attributes:
        coordinator: the stick's address; devices report to it.
        extended_pan_id: eight octets, written like an `Ieee`.
        pan_id: 16 bits.
        channel: IEEE 802.15.4 channel, 11..26.
        update_id: counts the changes of channel and PAN id; one octet that wraps.
        key: a fingerprint of the network key, from which the key cannot be found out.
    """

    coordinator: Ieee
    extended_pan_id: str
    pan_id: int
    channel: int
    update_id: int
    key: str

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """What `as_dict` gave."""
        return cls(**stored)

    def as_dict(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)

    def differences(self, other: Identity) -> tuple[str, ...]:
        """In what another network differs."""
        names = (COORDINATOR, EXTENDED_PAN_ID, PAN_ID, CHANNEL, KEY)
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))

    def has_become(self, later: Identity) -> bool:
        """Whether another one is this network, now or after it has moved of its own accord.

        A program that forms a network anew with another channel does not count on from ours, and
        the devices have not heard of it.
        """
        differences = set(self.differences(later))
        steps = (later.update_id - self.update_id) % 256
        return not differences or (differences <= _MOVABLE and 0 < steps < _HALF_WAY)
