"""The ways in which a wish can fail, and those in which it was no wish."""

from collections.abc import Sequence


class AqaraError(Exception):
    """Anything this package says no to."""


class ConversionError(AqaraError):
    """A value that a property does not know. Raised before anything is sent.

    Attributes:
        name: the property, as in `Property.name`.
        value: what was asked for.
        allowed: the words it would have understood, in Zigbee2MQTT's order; empty for numbers.
    """

    def __init__(self, name: str, value: object, allowed: Sequence[str] = ()) -> None:
        choice = f", choose between: {', '.join(allowed)}" if allowed else ""
        super().__init__(f"{value!r} is no value of {name}{choice}")
        self.name = name
        self.value = value
        self.allowed = tuple(allowed)


class ContradictionError(ConversionError):
    """Switches that were to be on together while the device allows only one of them."""

    def __init__(self, name: str, together: Sequence[str], by: str) -> None:
        super().__init__(name, value=True)
        self.args = (f"{' and '.join(together)} cannot be on together while {by} is on",)


class UnknownProperty(AqaraError):
    """A property that the device does not have, or not in this direction."""

    def __init__(self, name: str, direction: str) -> None:
        super().__init__(f"{name} cannot be {direction}")
        self.name = name
        self.direction = direction


class DeliveryError(AqaraError):
    """A request that did not reach the device, as far as we know.

    Attributes:
        status: the radio's own code; None when nobody answered.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RefusedError(DeliveryError):
    """The device got the request and said no; `status` is the ZCL or ZDO status of its answer."""
