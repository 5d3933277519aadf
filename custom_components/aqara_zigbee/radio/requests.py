"""Requests to a running network through zigpy: the same on our own and on another program's.

All of them end when the radio is lost.
"""

from abc import abstractmethod
import asyncio
from collections.abc import Coroutine, Mapping, Sequence
import logging
import re
from typing import Any, Protocol, override

from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
from zigpy.exceptions import DeliveryError as ZigpyDeliveryError, RadioException, ZigbeeException
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from ..core.errors import DeliveryError, RefusedError
from ..core.radio import Ieee, Neighbour, Radio
from .addresses import UNKNOWN
from .nodes import neighbours_of

_LOGGER = logging.getLogger(__name__)


class RequestsInFlight:
    """Pending operations; all of them end when the radio is lost."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def attend[R](self, work: Coroutine[Any, Any, R], who: str, seconds: float | None) -> R:
        """Run a coroutine on the radio; it ends at once when the radio is lost.

        Args:
            work: the coroutine.
            who: the device that is to answer.
            seconds: the timeout; None for no timeout.

        Raises:
            DeliveryError: the radio failed or was lost, or there was no answer in time.
        """
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        try:
            async with asyncio.timeout(seconds):
                return await task
        except TimeoutError as error:
            raise DeliveryError(f"{who} does not respond") from error
        except asyncio.CancelledError as error:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            raise DeliveryError("the coordinator is not connected") from error
        except ZigpyDeliveryError as error:
            raise DeliveryError(_reason(error), error.status) from error
        except (ZigbeeException, RadioException, AttributeError, RuntimeError, OSError) as error:
            # After a loss zigpy-znp raises various exceptions.
            _LOGGER.debug("The radio failed", exc_info=error)
            raise DeliveryError(f"the coordinator failed: {_reason(error)}") from error
        finally:
            self._tasks.discard(task)

    def end(self) -> None:
        """End all operations, as the radio was lost."""
        for task in tuple(self._tasks):
            task.cancel()


_REASONS = {
    0x11: "the coordinator has no memory left for it",
    0xB7: "no confirmation came back",
    0xC8: "its address is not known to the coordinator",
    0xCC: "no confirmation came back",
    0xCD: "there is no route to it",
    0xE1: "the radio channel is too busy",
    0xE9: "no confirmation came back",
    0xF0: "it sleeps or is out of reach",
}
"""Reasons by status of an undelivered frame (`zigpy_znp.types.Status`)."""

_STATUS = re.compile(r"<\w+\.(\w+): \d+>")


def _reason(error: Exception) -> str:
    """Return the reason of a failure, with the name of the radio's status, if any.

    The library's own text, without Python's notation, is used only if there is no better one.
    """
    status = getattr(error, "status", None)
    if status is not None and int(status) in _REASONS:
        return f"{_REASONS[int(status)]} ({getattr(status, 'name', hex(status))})"
    return _STATUS.sub(r"\1", str(error)).rstrip(".") or type(error).__name__


async def to_the_end[T](work: Coroutine[Any, Any, T]) -> T:
    """Complete a coroutine even if the caller is cancelled; the cancellation follows."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        task.exception()  # retrieved, so that it is not logged
        raise
    return task.result()


_ATTEMPTS = 2
_ATTEMPT_SECONDS = 5.0
_SLEEPY_SECONDS = 10.0
ADMINISTRATION_SECONDS = 15.0
LENGTHY_SECONDS = 60.0

_UNREACHABLE = frozenset({0xB7, 0xC8, 0xCC, 0xCD, 0xE9})
"""Status codes of an unreachable network address: APS_NO_ACK, NWK_UNKNOWN_DEVICE, NWK_NO_ACK,
NWK_NO_ROUTE and MAC_NO_ACK (`zigpy_znp.types.Status`)."""

COORDINATOR = "the coordinator"


class RequestTarget(Protocol):
    """A device for requests."""

    @property
    def nwk(self) -> t.NWK:
        """Its network address."""
        ...

    @property
    def zdo(self) -> Any:
        """Zigpy's access to its ZDO."""
        ...

    async def ask(self, request: zcl.Request, *, retries: int) -> bytes:
        """Send a request and wait for the response (`FrameHandler.ask`)."""
        ...


class ZigpyRequests(Radio):
    """The part of the port that needs only a running zigpy application."""

    def __init__(self) -> None:
        self._attention = RequestsInFlight()

    @abstractmethod
    def _running(self) -> ControllerApplication:
        """The running application.

        Raises:
            DeliveryError: there is none running.
        """

    @abstractmethod
    def _device(self, ieee: Ieee) -> RequestTarget:
        """Return a device of the network.

        Raises:
            DeliveryError: it is not on the network, or the network is not running.
        """

    @abstractmethod
    async def _locate(self, ieee: Ieee) -> bool:
        """Search for an unreachable device; return whether it was searched for.

        Raises:
            DeliveryError: the radio was lost.
        """
        raise NotImplementedError

    @override
    async def request(
        self, ieee: Ieee, request: zcl.Request, *, sleepy: bool = False
    ) -> zcl.Report | None:
        once = sleepy or (isinstance(request, zcl.Command) and not request.repeatable)
        before = self._device(ieee).nwk
        try:
            frame = await self._ask(ieee, request, sleepy=sleepy, once=once)
        except DeliveryError as error:
            if sleepy or (before != UNKNOWN and error.status not in _UNREACHABLE):
                raise
            if not await self._is_found(ieee, before, elsewhere=once):
                raise
            frame = await self._ask_once(ieee, request, _ATTEMPT_SECONDS, retries=0 if once else 1)
        return _read_answer(request, frame)

    async def _ask(self, ieee: Ieee, request: zcl.Request, *, sleepy: bool, once: bool) -> bytes:
        """Send a request, again without a response, and wait for the response."""
        attempts = 1 if once else _ATTEMPTS
        seconds = _SLEEPY_SECONDS if sleepy else _ATTEMPT_SECONDS
        for _ in range(attempts - 1):
            try:
                return await self._ask_once(ieee, request, seconds, retries=1)
            except DeliveryError as error:
                if not isinstance(error.__cause__, TimeoutError):
                    raise
        return await self._ask_once(ieee, request, seconds, retries=0 if once else 1)

    async def _ask_once(
        self, ieee: Ieee, request: zcl.Request, seconds: float, *, retries: int
    ) -> bytes:
        asking = self._device(ieee).ask(request, retries=retries)
        return await self._attention.attend(asking, ieee, seconds)

    async def _is_found(self, ieee: Ieee, before: int, *, elsewhere: bool) -> bool:
        """Search for an unreachable device; return whether to try again.

        Args:
            ieee: the device.
            before: its network address when it was not reached.
            elsewhere: whether it must have another one now, because a frame without an
                acknowledgement may have arrived.
        """
        if self._device(ieee).nwk == before and not await self._locate(ieee):
            return False
        now = self._device(ieee).nwk
        return now != UNKNOWN and (now != before or not elsewhere)

    @override
    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        app = self._running()
        opening: Coroutine[Any, Any, Any]
        if via is None or via == self.coordinator.ieee:
            who = COORDINATOR
            opening = app.permit(seconds, None if via is None else app.state.node_info.ieee)
        else:
            # zigpy's own function only logs when the router does not receive it.
            who, opening = via, self._device(via).zdo.permit(seconds)
        answer = await self._attention.attend(opening, who, ADMINISTRATION_SECONDS)
        if answer is not None and answer[0] != zdo_t.Status.SUCCESS:
            raise RefusedError(
                f"{who} rejected the request: status 0x{answer[0]:02x}", int(answer[0])
            )

    @override
    async def energy_scan(self) -> Mapping[int, float]:
        app = self._running()
        scan = app.energy_scan(channels=t.Channels.ALL_CHANNELS, duration_exp=4, count=1)
        energies = await self._attention.attend(scan, COORDINATOR, ADMINISTRATION_SECONDS)
        return {int(channel): round(energy / 2.55, 1) for channel, energy in energies.items()}

    @override
    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        device = self._running().devices.get(t.EUI64.convert(ieee))
        if not isinstance(device, ZigbeeDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        return await self._attention.attend(neighbours_of(device), ieee, ADMINISTRATION_SECONDS)


def _read_answer(request: zcl.Request, frame: bytes) -> zcl.Report | None:
    """Return the report in a response.

    Raises:
        RefusedError: the response has an error status.
    """
    report = zcl.read_report(request.endpoint, int(request.cluster), frame)
    if report is not None and isinstance(request, zcl.ReadAttributes):
        if report.records:
            return report
        statuses: tuple[int, ...] = tuple(status for _, status in report.refused)
    else:
        statuses = zcl.read_statuses(frame)
    for status in statuses:
        if status != zcl.Status.SUCCESS:
            raise RefusedError(f"the device rejected the request: status 0x{status:02x}", status)
    return None
