"""The core's radio port, filled by zigpy and zigpy-znp."""

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
from datetime import UTC, datetime
import functools
import logging
from typing import Any, cast, override

from zigpy.device import BaseDevice, ZigbeeDevice
from zigpy.exceptions import DeliveryError as ZigpyDeliveryError, RadioException, ZigbeeException
import zigpy.types as t

from ..core import zcl
from ..core.errors import DeliveryError
from ..core.radio import Coordinator, Endpoint, Ieee, Listener, Node, Radio
from .application import Application
from .device import RawDevice
from .network import (
    FAILURES,
    Port,
    RadioError,
    Trouble,
    application_config,
    check_database,
    coordinator_of,
    diagnose,
)

_LOGGER = logging.getLogger(__name__)

_ATTEMPTS = 2
_ATTEMPT_SECONDS = 5.0
_SLEEPY_SECONDS = 10.0


def node_of(device: ZigbeeDevice) -> Node:
    """What the network knows about a device."""
    descriptor = device.node_desc
    return Node(
        ieee=str(device.ieee),
        nwk=int(device.nwk),
        model=device.model,
        manufacturer=device.manufacturer,
        is_complete=device.is_initialized,
        manufacturer_code=descriptor.manufacturer_code if descriptor else None,
        logical_type=int(descriptor.logical_type) if descriptor else None,
        mac_capabilities=int(descriptor.mac_capability_flags) if descriptor else None,
        endpoints={
            endpoint.endpoint_id: Endpoint(
                endpoint.profile_id,
                endpoint.device_type,
                tuple(endpoint.in_clusters),
                tuple(endpoint.out_clusters),
            )
            for endpoint in device.non_zdo_endpoints
        },
    )


def _is_coordinator(device: ZigbeeDevice) -> bool:
    """Whether it is a stick, this one or one of before, and no device of the home."""
    return device.node_desc is not None and bool(device.node_desc.is_coordinator)


def _logged[**P](method: Callable[P, None]) -> Callable[P, None]:
    """Log what our listeners raise; zigpy would swallow it."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except Exception:
            _LOGGER.exception("%s failed", method.__name__)

    return guarded


class ZigpyRadio(Radio):
    """A network on a TI stick.

    `start` brings it up and tells the listener all devices it knows; from then on the listener
    hears everything, until `stop` or until the radio is lost.
    """

    def __init__(self, port: Port, database: str | None = None) -> None:
        """Make a radio that is not up yet.

        Args:
            port: where the stick is.
            database: the file of zigpy's database; None keeps nothing.
        """
        self._port = port
        self._database = database
        self._app: Application | None = None
        self._ear: _Ear | None = None
        self._requests: set[asyncio.Task[Any]] = set()
        self._lost = False

    async def start(self, listener: Listener) -> None:
        """Open the port and start the network the stick holds.

        The listener is told of the devices known from before, then hears everything.

        Raises:
            RadioError: it did not come up; the port is released.
        """
        ear = _Ear(self, listener)
        app = None
        try:
            if self._database is not None:
                await asyncio.to_thread(check_database, self._database)
            # zigpy declares that its own class makes its own kind.
            app = cast(
                "Application",
                await Application.new(
                    application_config(self._port, self._database),
                    start_radio=False,
                    device_resolver=ear.resolve,
                ),
            )
            ear.app = app
            app.add_listener(ear)
            for device in app.devices.values():
                if isinstance(device, RawDevice) and not _is_coordinator(device):
                    listener.known(node_of(device), _now())
            await app.startup(auto_form=False)
        except BaseException as error:
            if app is not None:
                await app.shutdown()
            if isinstance(error, FAILURES):
                raise await diagnose(self._port, error) from error
            raise
        self._app, self._ear = app, ear
        if self._lost:
            await self.stop()
            raise RadioError(Trouble.FAILED, "lost during its start")

    async def stop(self) -> None:
        """Release the port and close the database. May be called again, and after a loss."""
        self._fail_requests()
        app, self._app = self._app, None
        if app is not None:
            await app.shutdown()

    @property
    @override
    def coordinator(self) -> Coordinator:
        return coordinator_of(self._running())

    def _running(self) -> Application:
        if self._app is None or self._lost:
            raise DeliveryError("the radio is gone")
        return self._app

    def _device(self, ieee: Ieee) -> RawDevice:
        device = self._running().devices.get(t.EUI64.convert(ieee))
        if not isinstance(device, RawDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        return device

    @override
    async def request(
        self, ieee: Ieee, request: zcl.Request, *, sleepy: bool = False
    ) -> zcl.Report | None:
        device = self._device(ieee)
        once = sleepy or (isinstance(request, zcl.Command) and not request.repeatable)
        attempts = 1 if once else _ATTEMPTS
        seconds = _SLEEPY_SECONDS if sleepy else _ATTEMPT_SECONDS
        for attempt in range(1, attempts + 1):
            try:
                frame = await self._attended(
                    device.ask(request, seconds=seconds, retries=0 if once else 1)
                )
                break
            except TimeoutError as error:
                if attempt == attempts:
                    raise DeliveryError(f"{ieee} does not answer") from error
        return _read_answer(request, frame)

    async def _attended[R](self, work: Coroutine[Any, Any, R]) -> R:
        """Run something on the radio; it ends at once when the radio goes.

        Raises:
            DeliveryError: the radio could not do it or is gone.
            TimeoutError: it took too long.
        """
        task = asyncio.ensure_future(work)
        self._requests.add(task)
        try:
            return await task
        except asyncio.CancelledError as error:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                task.cancel()
                raise
            raise DeliveryError("the radio is gone") from error
        except ZigpyDeliveryError as error:
            raise DeliveryError(str(error), error.status) from error
        except (ZigbeeException, RadioException, AttributeError, RuntimeError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            # After a loss zigpy-znp fails with whatever comes first.
            raise DeliveryError(f"the radio failed: {error!r}") from error
        finally:
            self._requests.discard(task)

    def _fail_requests(self) -> None:
        for task in tuple(self._requests):
            task.cancel()

    @override
    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        app = self._running()
        node = None if via is None else t.EUI64.convert(via)
        try:
            await self._attended(app.permit(seconds, node))
        except TimeoutError as error:
            raise DeliveryError("the radio does not answer") from error

    @override
    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        device = self._device(ieee)
        if not force:
            try:
                await self._attended(device.zdo.leave(remove_children=False, rejoin=False))
            except TimeoutError as error:
                raise DeliveryError(f"{ieee} does not answer") from error
        with contextlib.suppress(TimeoutError):
            await self._attended(self._running().remove(device.ieee, remove_children=False))

    @override
    async def interview(self, ieee: Ieee) -> None:
        device = self._device(ieee)
        try:
            await self._attended(device.reinterview())
        except TimeoutError as error:
            raise DeliveryError(f"{ieee} does not answer") from error

    def note_loss(self) -> bool:
        """Mark the radio as gone; whether it was there before."""
        was_up = not self._lost
        self._lost = True
        self._fail_requests()
        return was_up


def _read_answer(request: zcl.Request, frame: bytes) -> zcl.Report | None:
    """What an answer brings.

    Raises:
        DeliveryError: the device refused.
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
            raise DeliveryError(f"the device refused: status 0x{status:02x}", status)
    return None


class _Ear:
    """Hears zigpy's application and its devices, and tells the core."""

    app: Application

    def __init__(self, radio: ZigpyRadio, listener: Listener) -> None:
        self._radio = radio
        self._listener = listener

    def resolve(self, device: BaseDevice) -> BaseDevice:
        """Put our device in the place of zigpy's. Must not raise: zigpy would not start."""
        if type(device) is not ZigbeeDevice:
            return device  # the coordinator, or one of ours already
        try:
            return RawDevice.of(device, self)
        except Exception:
            _LOGGER.exception("Could not take over %s", device.ieee)
            return device

    # What devices say

    def announced(self, device: RawDevice) -> None:
        """A known device is back."""
        self._listener.joined(node_of(device), _now())

    def received(
        self,
        device: RawDevice,
        report: zcl.Report | None,
        link_quality: int | None,
        now: datetime,
    ) -> None:
        """A device sent something."""
        try:
            self._listener.received(str(device.ieee), report, link_quality, now)
        except Exception:
            _LOGGER.exception("A frame of %s could not be taken in", device.ieee)

    def sender_of(self, nwk: int) -> RawDevice | None:
        """The device at a network address, if it is one of ours."""
        try:
            device = self.app.get_device(nwk=nwk)
        except KeyError:
            return None
        return device if isinstance(device, RawDevice) else None

    # What zigpy says

    @_logged
    def device_joined(self, device: ZigbeeDevice) -> None:
        """A device has joined for the first time, or under a new network address."""
        if not device.is_initialized:
            self._listener.joined(node_of(device), _now())

    @_logged
    def device_initialized(self, device: ZigbeeDevice) -> None:
        """An interview has ended well; also told when a known device joins anew."""
        if isinstance(device, RawDevice):
            self._listener.interviewed(node_of(device), _now())

    @_logged
    def device_reinterviewed(self, device: ZigbeeDevice) -> None:
        """A device was asked anew what it is."""
        self.device_initialized(device)

    @_logged
    def device_init_failure(self, device: ZigbeeDevice) -> None:
        """A device fell silent during its interview."""
        self._listener.interview_failed(node_of(device))

    @_logged
    def device_left(self, device: ZigbeeDevice) -> None:
        """A device left the network."""
        self._listener.left(str(device.ieee))

    @_logged
    def device_removed(self, device: ZigbeeDevice) -> None:
        """A device was taken out of the network."""
        self._listener.removed(str(device.ieee))

    @_logged
    def connection_lost(self, error: BaseException | None) -> None:
        """The stick is gone, or dead."""
        if self._radio.note_loss():
            self._listener.lost(repr(error) if error else "the connection was closed")


def _now() -> datetime:
    return datetime.now(UTC)
