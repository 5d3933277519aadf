"""A device with a button that reports its presses in the multistate cluster (protocol 3.2)."""

from ..actions import action
from ..zcl import Type
from .lumi import MULTISTATE, Lumi

HOLD, SINGLE, DOUBLE, RELEASE = 0, 1, 2, 255


class ButtonDevice(Lumi):
    """The button of a knob or a mini switch."""

    @action
    def press(self) -> None:
        """A short press."""
        self._button(SINGLE)

    @action
    def double(self) -> None:
        """Two presses."""
        self._button(DOUBLE)

    @action
    def hold(self, seconds: float = 1.0) -> None:
        """A long press, and the release."""
        self._button(HOLD)
        self.later(seconds, self._button, RELEASE)

    def _button(self, value: int) -> None:
        self.report(MULTISTATE, (0x0055, Type.U16, value))
