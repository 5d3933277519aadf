"""Errors of wishes: invalid, undeliverable, not stored."""

from collections.abc import Sequence
from reprlib import Repr
from typing import Final

_SHORT: Final = Repr(maxother=60, maxstring=60, maxlong=30, maxdict=4, maxlist=4, maxlevel=2)


class AqaraError(Exception):
    """Base class of all errors of the core."""


def short(value: object) -> str:
    """Return a value for a message, shortened."""
    return _SHORT.repr(value)


class ConversionError(AqaraError):
    """The value is invalid for a property. Raised before anything is sent.

    Attributes:
        name: the property, as in `Property.name`.
        value: the invalid value.
        allowed: the valid values, in Zigbee2MQTT's order; empty for numbers.
    """

    def __init__(self, name: str, value: object, allowed: Sequence[str] = ()) -> None:
        choice = f", choose between: {', '.join(allowed)}" if allowed else ""
        super().__init__(f"{short(value)} is not a value of {name}{choice}")
        self.name = name
        self.value = value
        self.allowed = tuple(allowed)


class ContradictionError(ConversionError):
    """Switches were to be on together, but the device allows only one of them."""

    def __init__(self, name: str, together: Sequence[str], by: str) -> None:
        super().__init__(name, value=True)
        self.args = (f"{' and '.join(together)} cannot be on together while {by} is on",)


class UnknownProperty(AqaraError):
    """The device does not have the property, or not with this access."""

    def __init__(self, name: str, direction: str) -> None:
        super().__init__(f"{name} cannot be {direction}")
        self.name = name
        self.direction = direction


class DeliveryError(AqaraError):
    """A request did not reach the device, as far as known.

    Attributes:
        status: the radio's status code; None without an answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class StorageError(AqaraError):
    """The value could not be stored on disk; the text is the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Could not be saved: {reason}")
        self.reason = reason


class ObeyedNotStoredError(StorageError):
    """The device was set, but the value is only known here and could not be stored on disk."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.args = (
            f"The device obeyed, but its value is unknown after a restart. It could not be stored: {reason}",
        )


class RefusedError(DeliveryError):
    """The device rejected the request; `status` is the ZCL or ZDO status of its response."""


class NotOwnerError(AqaraError):
    """Only the program that owns the network can do this."""

    def __init__(self) -> None:
        super().__init__("the network is managed by ZHA; use ZHA for this")
