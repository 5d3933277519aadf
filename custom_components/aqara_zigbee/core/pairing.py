"""Devices that join while joins are permitted, and their progress."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import override

from .device import Device
from .events import NetworkEvent
from .gateway import Gateway
from .radio import Ieee


class Stage(StrEnum):
    """The progress of a device. The values are keys of texts."""

    JOINED = "joined"
    INTERVIEWING = "interviewing"
    RECOGNISED = "recognised"
    READY = "ready"
    BACK = "back"
    UNSUPPORTED = "unsupported"
    STALLED = "stalled"


_SETTLED = {Stage.READY, Stage.BACK, Stage.UNSUPPORTED, Stage.STALLED}

_ADDED = {Stage.RECOGNISED, Stage.READY, Stage.UNSUPPORTED}
"""Stages that a device keeps when it announces itself again."""

_STAGES = {
    NetworkEvent.JOINED: Stage.JOINED,
    NetworkEvent.INTERVIEW_STARTED: Stage.INTERVIEWING,
    NetworkEvent.INTERVIEWED: Stage.RECOGNISED,
    NetworkEvent.DESCRIBED: Stage.READY,
    NetworkEvent.ANNOUNCED: Stage.BACK,
    NetworkEvent.INTERVIEW_FAILED: Stage.STALLED,
}


class PairingDevices(Mapping[Ieee, Stage]):
    """Follows the joins of a gateway; created each time a user adds devices."""

    def __init__(self, gateway: Gateway, changed: Callable[[], object]) -> None:
        """Subscribe to the gateway.

        Args:
            gateway: the network that permits joins.
            changed: called for each progress of a device.
        """
        self._stages: dict[Ieee, Stage] = {}
        self._changed = changed
        self.stop = gateway.subscribe(self._on_event)
        """Unsubscribes. The stages remain."""

    @override
    def __getitem__(self, ieee: Ieee) -> Stage:
        return self._stages[ieee]

    @override
    def __iter__(self) -> Iterator[Ieee]:
        return iter(self._stages)

    @override
    def __len__(self) -> int:
        return len(self._stages)

    @property
    def are_settled(self) -> bool:
        """Whether a device joined, and none is in progress."""
        return bool(self) and all(stage in _SETTLED for stage in self.values())

    def _on_event(self, event: NetworkEvent, device: Device) -> None:
        if event is NetworkEvent.REMOVED:
            self._stages.pop(device.ieee, None)
        elif stage := _STAGES.get(event):
            if stage is Stage.BACK and self._stages.get(device.ieee) in _ADDED:
                return
            if stage in (Stage.RECOGNISED, Stage.BACK) and device.definition is None:
                stage = Stage.UNSUPPORTED
            self._stages[device.ieee] = stage
        else:
            return
        self._changed()
