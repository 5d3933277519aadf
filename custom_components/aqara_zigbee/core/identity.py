"""A network's identity, and its differences from another network."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from .limits import known_members
from .radio import Ieee

COORDINATOR = "coordinator"
EXTENDED_PAN_ID = "extended_pan_id"
PAN_ID = "pan_id"
CHANNEL = "channel"
KEY = "key"

_MOVABLE = {PAN_ID, CHANNEL}
"""Values that a network can change, informing its devices (Zigbee specification, 3.6.1.13)."""

_HALF_WAY = 128

_PREFIX = "epid="


def unique_id(extended_pan_id: str) -> str:
    """Return the unique id of a network's config entry.

    Args:
        extended_pan_id: eight octets, in the format of `Ieee`.
    """
    return f"{_PREFIX}{extended_pan_id}".lower()


def extended_pan_id_in(unique_id: str | None) -> str | None:
    """Return the extended PAN id in an entry's unique id; None without one."""
    if unique_id is None or not unique_id.startswith(_PREFIX):
        return None
    return unique_id.removeprefix(_PREFIX).partition(",")[0]


@dataclass(frozen=True, slots=True)
class Identity:
    """A network's identity, without its key.

    Attributes:
        coordinator: the coordinator's address; devices report to it.
        extended_pan_id: eight octets, in the format of `Ieee`.
        pan_id: 16 bits.
        channel: IEEE 802.15.4 channel, 11..26.
        update_id: counts the changes of channel and PAN id; one octet that wraps.
        key: a fingerprint of the network key, from which the key cannot be derived.
    """

    coordinator: Ieee
    extended_pan_id: str
    pan_id: int
    channel: int
    update_id: int
    key: str

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Create an identity from `as_dict`.

        Raises:
            ValueError: it is damaged.
        """
        texts = dict.fromkeys((COORDINATOR, EXTENDED_PAN_ID, KEY), str)
        numbers = dict.fromkeys((PAN_ID, CHANNEL, "update_id"), int)
        return cls(**known_members(stored, **texts, **numbers))

    def as_dict(self) -> dict[str, Any]:
        """Return the identity for storage."""
        return asdict(self)

    def differences(self, other: Identity) -> tuple[str, ...]:
        """Return the differences of another network."""
        names = (COORDINATOR, EXTENDED_PAN_ID, PAN_ID, CHANNEL, KEY)
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))

    def is_same_network(self, other: Identity) -> bool:
        """Whether both are states of one network, whose channel and PAN id may change."""
        return _MOVABLE.issuperset(self.differences(other))

    def has_become(self, later: Identity) -> bool:
        """Whether another one is this network, now or after a change of channel or PAN id.

        A program that forms the network again with another channel does not continue the update id,
        and its devices do not follow.
        """
        differences = set(self.differences(later))
        steps = (later.update_id - self.update_id) % 256
        return not differences or (differences <= _MOVABLE and 0 < steps < _HALF_WAY)
