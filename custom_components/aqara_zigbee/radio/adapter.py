"""The core's radio port for our own coordinator, on zigpy and zigpy-znp."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
import functools
from importlib import import_module
import logging
from typing import TYPE_CHECKING, Any, cast, override

from zigpy.device import ZigbeeDevice
import zigpy.types as t

from ..core.errors import DeliveryError
from ..core.firmware import ImageSources, Patience
from ..core.identity import Identity
from ..core.limits import until_nul
from ..core.models import Definitions
from ..core.radio import Coordinator, Ieee, Listener, Owner
from .application import Application
from .device import RawDevice
from .firmware_server import FirmwareServer
from .interview import InterviewFallback
from .network import (
    FAILURES,
    Port,
    RadioError,
    RadioProblem,
    application_config,
    check_database,
    coordinator_of,
    diagnose,
    identity_of,
)
from .nodes import is_coordinator, node_of
from .requests import (
    ADMINISTRATION_SECONDS,
    COORDINATOR,
    LENGTHY_SECONDS,
    ZigpyRequests,
    to_the_end,
)
from .zigpy_listener import ZigpyListener

if TYPE_CHECKING:
    from .backup import Backup

_LOGGER = logging.getLogger(__name__)


class ZigpyRadio(ZigpyRequests, Owner):
    """A network on a TI coordinator.

    `start` runs the network and passes all known devices to the listener, which then gets all
    events until `stop` or until the radio is lost. Then it can be started again.

    Attributes:
        firmware: the OTA server.
        recognise: whether the coordinator's network is the expected one; called before it is
            started.
    """

    def __init__(
        self,
        port: Port,
        database: str | None = None,
        known: Definitions | None = None,
        images: ImageSources | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Create a radio that is not started.

        Args:
            port: the coordinator's port.
            database: the file of zigpy's database; None for no database.
            known: the definitions, loaded for the network's devices; such a device is accepted by
                its reported model if it falls asleep during its interview.
            images: where firmware for its devices comes from; None for none.
            patience: timeouts of firmware updates.
        """
        super().__init__()
        self.firmware = FirmwareServer(self, images or ImageSources(), patience or Patience())
        self.recognise: Callable[[Identity], bool] = lambda identity: True
        self._port = port
        self._database = database
        self._known = known or Definitions({})
        self._listener: Listener | None = None
        self._coordinator: Coordinator | None = None
        self._app: Application | None = None
        self._zigpy_listener: ZigpyListener | None = None
        self._lost = False

    @property
    def path(self) -> str:
        """The path of the coordinator's port."""
        return self._port.path

    def set_listener(self, listener: Listener) -> None:
        """Set the listener of events."""
        self._listener = listener

    async def start(self) -> None:
        """Open the port and start the coordinator's network.

        The listener gets the known devices, then all events.

        It completes even if it is cancelled: zigpy and zigpy-znp leave threads and tasks behind
        when they are interrupted while they open a database or a port.

        Raises:
            RadioError: it failed; the port is released.
        """
        try:
            await to_the_end(self._bring_up())
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def _bring_up(self) -> None:
        assert self._listener is not None
        zigpy_listener = ZigpyListener(self._listener, self.firmware, self._note_loss)
        app = None
        self._lost = False
        try:
            if self._database is not None:
                await asyncio.to_thread(check_database, self._database)
            # zigpy's class declares another return type.
            app = cast(
                "Application",
                await Application.new(
                    application_config(self._port, self._database),
                    start_radio=False,
                    device_resolver=zigpy_listener.resolve,
                ),
            )
            app.before_start = functools.partial(self._look_at, app)
            app.definitions = self._known
            await asyncio.to_thread(self._known.load, _models(app))
            self._connect(app, zigpy_listener, self._listener)
            await app.startup(auto_form=False)
        except BaseException as error:
            if app is not None:
                await app.shutdown()
            if isinstance(error, FAILURES):
                raise await diagnose(self._port, error) from error
            raise
        self._app, self._zigpy_listener = app, zigpy_listener
        self._coordinator = coordinator_of(app)
        if self._lost:
            await self.stop()
            raise RadioError(RadioProblem.FAILED, "disconnected during startup")

    def _connect(self, app: Application, zigpy_listener: ZigpyListener, listener: Listener) -> None:
        """Connect zigpy's application with the listeners, which get the known devices."""
        fallback = InterviewFallback(app, self._known)
        zigpy_listener.app, zigpy_listener.interview_fallback = app, fallback
        app.add_listener(zigpy_listener)
        app.on_sent = zigpy_listener.sent
        app.on_readdressed = zigpy_listener.readdressed
        fallback.accept_stored()
        for device in app.devices.values():
            if isinstance(device, ZigbeeDevice) and not is_coordinator(device):
                listener.known(node_of(device), datetime.now(UTC))

    def _look_at(self, app: Application) -> None:
        """Check that the network is the expected one.

        Raises:
            RadioError: it is another one.
        """
        if not self.recognise(identity_of(app.backups.from_network_state())):
            raise RadioError(RadioProblem.OTHER_NETWORK)

    @property
    def identity(self) -> Identity | None:
        """The running network's identity; None while there is none."""
        if self._app is None or self._lost:
            return None
        return identity_of(self._app.backups.from_network_state())

    async def stop(self) -> None:
        """Release the port and close the database. May be called again, and after a loss.

        It completes even if it is cancelled.
        """
        self._attention.end()
        app, self._app = self._app, None
        if app is not None:
            await to_the_end(app.shutdown())

    @property
    @override
    def coordinator(self) -> Coordinator:
        if self._app is not None:
            return coordinator_of(self._app)
        if self._coordinator is None:
            raise DeliveryError("the coordinator has not been connected")
        return self._coordinator

    @override
    def _running(self) -> Application:
        if self._app is None or self._lost:
            raise DeliveryError("the coordinator is not connected")
        return self._app

    @override
    def _device(self, ieee: Ieee) -> RawDevice:
        device = self._running().devices.get(t.EUI64.convert(ieee))
        if not isinstance(device, RawDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        return device

    @override
    async def _locate(self, ieee: Ieee) -> bool:
        searching = self._running().locate(self._device(ieee))
        return await self._attention.attend(searching, ieee, None)

    async def with_device[R](
        self,
        ieee: Ieee,
        work: Callable[[RawDevice], Coroutine[Any, Any, R]],
        seconds: float | None = None,
    ) -> R:
        """Run a coroutine with a device, optionally with a timeout.

        Raises:
            DeliveryError: it is not on the network, or the radio failed or was lost.
        """
        return await self._attention.attend(work(self._device(ieee)), ieee, seconds)

    @override
    async def change_channel(self, channel: int) -> None:
        # zigpy would wait endlessly for a coordinator that does not react.
        moving = self._running().move_network_to_channel(channel)
        await self._attention.attend(moving, COORDINATOR, LENGTHY_SECONDS)

    @override
    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        # A device may be removed right after its join, before zigpy has started the interview.
        await asyncio.sleep(0)
        device = self._running().devices.get(t.EUI64.convert(ieee))
        if not isinstance(device, ZigbeeDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        if not force:
            leaving = device.zdo.leave(remove_children=False, rejoin=False)
            await self._attention.attend(leaving, ieee, ADMINISTRATION_SECONDS)
        removing = self._running().remove(device.ieee, remove_children=False)
        await self._attention.attend(removing, COORDINATOR, ADMINISTRATION_SECONDS)

    async def backup(self) -> Backup:
        """Return the network as data, with the coordinator's device and key tables.

        What reads and checks backups is loaded for the first one.

        Raises:
            DeliveryError: the radio was lost or could not be read.
        """
        module = await asyncio.to_thread(import_module, f"{__package__}.backup")
        loading = module.load(self._running())
        found: Backup | None = await self._attention.attend(loading, COORDINATOR, LENGTHY_SECONDS)
        if found is None:
            raise DeliveryError("the coordinator has no network")
        return found

    @override
    async def addresses(self) -> Mapping[Ieee, int]:
        return (await self.backup()).addresses

    @override
    async def interview(self, ieee: Ieee) -> None:
        device = self._device(ieee)
        await asyncio.to_thread(self._known.load)
        await self._attention.attend(device.reinterview(), ieee, LENGTHY_SECONDS)
        if self._device(ieee) is device:  # zigpy logs the reason and keeps its data
            raise DeliveryError(f"{ieee} does not respond")

    def _note_loss(self, app: Application) -> bool:
        """Mark the radio as lost; return whether it was running."""
        was_up = not self._lost and app is self._app
        self._lost = True
        self._attention.end()
        return was_up


def _models(app: Application) -> set[str] | None:
    """Return the models of an application's devices; None if one of them is not known yet."""
    devices = [device for device in app.devices.values() if isinstance(device, ZigbeeDevice)]
    if not all(device.is_initialized for device in devices if not is_coordinator(device)):
        return None
    return {until_nul(device.model or "") for device in devices}
