"""A network of the core's port, without a radio: answers are written down beforehand."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, override

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import Coordinator, Ieee, Neighbour, Node, Owner

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
IEEE = "00:15:8d:00:01:a1:b2:c4"


class ScriptedRadio(Owner):
    """Answers requests with `answer` and records them.

    Attributes:
        sent: all requests, in order.
        interviewed: the devices interviewed again.
        answer: called with each request; returns or raises the answer.
    """

    def __init__(self) -> None:
        self.sent: list[zcl.Request] = []
        self.interviewed: list[Ieee] = []
        self.answer: Callable[[zcl.Request], zcl.Report | None] = lambda request: None

    @property
    @override
    def coordinator(self) -> Coordinator:
        return Coordinator("00:12:4b:00:00:00:00:01", "CC2652", "TI", "1", 15, 1, "00")

    @override
    async def request(
        self, ieee: Ieee, request: zcl.Request, *, sleepy: bool = False
    ) -> zcl.Report | None:
        self.sent.append(request)
        return self.answer(request)

    @override
    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        raise NotImplementedError

    @override
    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        raise NotImplementedError

    @override
    async def energy_scan(self) -> Mapping[int, float]:
        raise NotImplementedError

    @override
    async def change_channel(self, channel: int) -> None:
        raise NotImplementedError

    @override
    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        raise NotImplementedError

    @override
    async def addresses(self) -> Mapping[Ieee, int]:
        raise NotImplementedError

    @override
    async def interview(self, ieee: Ieee) -> None:
        self.interviewed.append(ieee)

    def fall_silent(self) -> None:
        """Answer nothing any more."""

        def nobody(request: zcl.Request) -> zcl.Report | None:
            raise DeliveryError("nobody answers")

        self.answer = nobody


class Home:
    """A gateway with a clock that is moved by hand and work that is done on demand."""

    def __init__(self, memory: dict[str, Any] | None = None) -> None:
        self.now = NOON
        self.kept = 0
        self.radio = ScriptedRadio()
        self.work: list[Coroutine[Any, Any, None]] = []
        self.gateway = Gateway(self.radio, DEFINITIONS, self.work.append, memory, self._keep)

    async def _keep(self, _ieee: Ieee | None) -> None:
        self.kept += 1

    def close(self) -> None:
        """Drop work that a test has no use for."""
        while self.work:
            self.work.pop().close()

    def later(self, **duration: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**duration)
        return self.now

    async def settle(self) -> None:
        """Do all work that was started."""
        while self.work:
            await self.work.pop(0)

    def receive(self, frame: str, cluster: int, endpoint: int = 1, ieee: Ieee = IEEE) -> None:
        """Let a device send a frame."""
        report = zcl.read_report(endpoint, cluster, bytes.fromhex(frame))
        self.gateway.received(ieee, report, 88, self.now)


def node(model: str, ieee: Ieee = IEEE, nwk: int = 0x1234, *, complete: bool = True) -> Node:
    """A device as the network knows it."""
    return Node(ieee, nwk, model, "LUMI", complete)
