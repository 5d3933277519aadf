"""Messages on the air."""

from dataclasses import dataclass
from typing import NamedTuple

from .zcl import PROFILE_HOME_AUTOMATION, Frame


@dataclass(frozen=True, slots=True)
class Message:
    """An application message.

    With endpoint 0 at both ends it is a ZDO message: a sequence number and a body.
    """

    cluster: int
    source: int
    destination: int
    data: bytes
    profile: int = PROFILE_HOME_AUTOMATION

    @classmethod
    def zdo(cls, cluster: int, sequence: int, body: bytes) -> Message:
        """A ZDO message."""
        return cls(cluster, 0, 0, bytes([sequence]) + body, 0)


class Heard(NamedTuple):
    """A ZCL frame that a device received."""

    endpoint: int
    cluster: int
    frame: Frame
