"""Who comes while the network is open, and how far each has got."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import override

from .device import Device
from .gateway import Event, Gateway
from .radio import Ieee


class Stage(StrEnum):
    """How far a device is. The values name the words that are shown."""

    JOINED = "joined"
    INTERVIEWING = "interviewing"
    RECOGNISED = "recognised"
    READY = "ready"
    BACK = "back"
    UNSUPPORTED = "unsupported"
    STALLED = "stalled"


_SETTLED = {Stage.READY, Stage.BACK, Stage.UNSUPPORTED, Stage.STALLED}

_STAGES = {
    Event.JOINED: Stage.JOINED,
    Event.INTERVIEW_STARTED: Stage.INTERVIEWING,
    Event.INTERVIEWED: Stage.RECOGNISED,
    Event.DESCRIBED: Stage.READY,
    Event.ANNOUNCED: Stage.BACK,
    Event.INTERVIEW_FAILED: Stage.STALLED,
}


class Arrivals(Mapping[Ieee, Stage]):
    """Watches a gateway from now on; one for each time somebody adds devices."""

    def __init__(self, gateway: Gateway, changed: Callable[[], object]) -> None:
        """Start watching.

        Args:
            gateway: the network that is open.
            changed: called whenever somebody has got further.
        """
        self._stages: dict[Ieee, Stage] = {}
        self._changed = changed
        self.stop = gateway.subscribe(self._witness)
        """Watch no longer. What was seen stays."""

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
        """Whether somebody came, and nobody is still on the way."""
        return bool(self) and all(stage in _SETTLED for stage in self.values())

    def _witness(self, event: Event, device: Device) -> None:
        if event is Event.REMOVED:
            self._stages.pop(device.ieee, None)
        elif stage := _STAGES.get(event):
            if stage is Stage.RECOGNISED and device.definition is None:
                stage = Stage.UNSUPPORTED
            self._stages[device.ieee] = stage
        else:
            return
        self._changed()
