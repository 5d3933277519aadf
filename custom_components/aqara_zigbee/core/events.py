"""The events of devices and networks: the updates of a device, and how devices and the radio come and go."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .errors import AqaraError
from .property import Scalar


@dataclass(frozen=True, slots=True)
class ActionFired:
    """An action of a device.

    Attributes:
        action: one of the action row's values.
        details: the details in the same frame.
        joined: the details of an earlier frame about the same event (`property.Join`).
    """

    action: str
    details: Mapping[str, Scalar] = field(default_factory=dict)
    joined: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Update:
    """The changes of one frame or command.

    Attributes:
        state: properties with their new values, also those that stayed the same.
        gone: properties that are no longer known.
        action: the action, if any.
        believed: whether it is a written value that the device has not reported.
        failed: properties whose waiting value was finally rejected, with the reason.
        firmware: whether `Device.upkeep` has changed.
        received: whether it is of a frame that the device sent unrequested.
        availability: whether `Device.available` has changed.
        options: whether `Device.options` has changed.
        pending: properties whose value in `Device.pending` has changed.
        explained: properties that changed earlier, in a frame without a cause, and whose change has
            its cause with this update (`Context.explained`).
    """

    state: Mapping[str, Scalar] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    action: ActionFired | None = None
    believed: bool = False
    failed: Mapping[str, AqaraError] = field(default_factory=dict)
    firmware: bool = False
    received: bool = False
    availability: bool = False
    options: bool = False
    pending: frozenset[str] = frozenset()
    explained: frozenset[str] = frozenset()


type Observer = Callable[[Update], None]
type Unsubscribe = Callable[[], None]


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


type NetworkChange = RadioLost | RadioFound | PermitChanged
type ChangeListener = Callable[[NetworkChange], None]
