"""The events of a network: of its devices, and of its radio."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .device import Device


class NetworkEvent(StrEnum):
    """Events of a device on the network.

    ``DESCRIBED`` follows ``INTERVIEWED``, when its firmware and information were read, too.
    """

    JOINED = "joined"
    INTERVIEW_STARTED = "interview_started"
    INTERVIEWED = "interviewed"
    DESCRIBED = "described"
    INTERVIEW_FAILED = "interview_failed"
    ANNOUNCED = "announced"
    LEFT = "left"
    REMOVED = "removed"
    AVAILABILITY = "availability"


@dataclass(frozen=True, slots=True)
class RadioLost:
    """The radio was lost, and with it every device.

    Attributes:
        reason: the radio's message.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class RadioFound:
    """A lost radio is connected again."""


@dataclass(frozen=True, slots=True)
class PermitChanged:
    """`Gateway.open_until` has changed."""


type EventListener = Callable[[NetworkEvent, Device], None]
type NetworkChange = RadioLost | RadioFound | PermitChanged
type ChangeListener = Callable[[NetworkChange], None]
