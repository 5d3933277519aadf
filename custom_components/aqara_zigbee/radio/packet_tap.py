"""Reads the packets of a zigpy application that another program runs."""

from collections.abc import Callable
from typing import Any

from zigpy.application import ControllerApplication
import zigpy.types as t


class Tap:
    """Wraps an application's `packet_received`, which every radio library calls.

    zigpy has no other hook for complete packets, with link quality and destination.

    Attributes:
        has_failed: whether zigpy has failed with the current packet.
    """

    def __init__(
        self, app: ControllerApplication, received: Callable[[t.ZigbeePacket], None]
    ) -> None:
        """Install the wrapper.

        Args:
            app: the application.
            received: called with each packet after zigpy; must not raise.

        Raises:
            AttributeError: the application does not allow it.
        """
        self._app = app
        self._received = received
        self._inner: Callable[[t.ZigbeePacket], Any] = app.packet_received
        self._shadowed = vars(app).get("packet_received")
        self._depth = 0
        self._is_open = True
        self.has_failed = False
        app.packet_received = self  # type: ignore[method-assign]

    def __call__(self, packet: t.ZigbeePacket) -> Any:
        """Pass a packet to zigpy, then read it, even if zigpy failed."""
        self._depth += 1
        try:
            return self._inner(packet)
        except Exception:
            self.has_failed = True
            raise
        finally:
            self._depth -= 1
            if self._is_open:
                self._received(packet)
            self.has_failed = False

    @property
    def is_passing(self) -> bool:
        """Whether zigpy is currently handling a packet from here."""
        return self._depth > 0

    def close(self) -> None:
        """Remove the wrapper. If another one was installed since, packets are only passed on."""
        self._is_open = False
        if vars(self._app).get("packet_received") is not self:
            return
        if self._shadowed is None:
            del self._app.packet_received  # the class's own method is used again
        else:
            self._app.packet_received = self._shadowed
