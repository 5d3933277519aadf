"""Message counts of devices for ``bridge/health``."""

from collections import Counter
from datetime import datetime

from ..core.device import Device
from ..core.events import NetworkEvent
from ..core.gateway import Gateway
from ..core.radio import Ieee
from .names import address
from .payload import Json


class MessageCounts:
    """Counts of messages, leaves and new addresses of each device since the start."""

    def __init__(self, now: datetime) -> None:
        self._since = now
        self._messages: Counter[Ieee] = Counter()
        self._leaves: Counter[Ieee] = Counter()
        self._moves: Counter[Ieee] = Counter()
        self._nwks: dict[Ieee, int] = {}

    def on_frame(self, device: Device) -> None:
        """Count a frame."""
        self._messages[device.ieee] += 1

    def on_event(self, event: NetworkEvent, device: Device) -> None:
        """Count a leave or a new address."""
        if event is NetworkEvent.LEFT:
            self._leaves[device.ieee] += 1
        if self._nwks.get(device.ieee, device.node.nwk) != device.node.nwk:
            self._moves[device.ieee] += 1
        self._nwks[device.ieee] = device.node.nwk

    def report(self, gateway: Gateway, now: datetime) -> Json:
        """Return the counts of all members of the network."""
        seconds = max((now - self._since).total_seconds(), 1.0)
        return {
            address(ieee): {
                "messages": self._messages[ieee],
                "messages_per_sec": round(self._messages[ieee] / seconds, 4),
                "leave_count": self._leaves[ieee],
                "network_address_changes": self._moves[ieee],
            }
            for ieee in gateway
        }
