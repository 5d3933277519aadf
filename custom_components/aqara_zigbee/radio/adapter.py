"""The core's radio port, filled by zigpy and zigpy-znp."""

import asyncio
from collections.abc import Callable, Container, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
import functools
import logging
from typing import Any, cast, override

from zigpy.device import ZigbeeDevice
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from ..core.errors import DeliveryError, RefusedError
from ..core.identity import Identity
from ..core.radio import Coordinator, Ieee, Listener, Neighbour, Radio
from .application import Application
from .attention import Attention, to_the_end
from .backup import Backup, load
from .device import RawDevice
from .ear import Ear
from .identity import identity_of
from .interview import Receptionist
from .library import Library
from .neighbours import neighbours_of
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
from .nodes import is_coordinator, node_of
from .ota import FirmwareServer
from .transfer import Patience

_LOGGER = logging.getLogger(__name__)

_ATTEMPTS = 2
_ATTEMPT_SECONDS = 5.0
_SLEEPY_SECONDS = 10.0
_ADMINISTRATION_SECONDS = 15.0
_LENGTHY_SECONDS = 60.0

_COORDINATOR = "the coordinator"


class ZigpyRadio(Radio):
    """A network on a TI stick.

    `start` brings it up and tells the listener all devices it knows; from then on the listener
    hears everything, until `stop` or until the radio is lost. Then it can be started again.

    Attributes:
        firmware: brings firmware to its devices.
        recognise: whether the network a stick holds is the one that is wanted; asked before it is
            started.
    """

    def __init__(
        self,
        port: Port,
        database: str | None = None,
        known: Container[str] = (),
        library: Library | None = None,
        patience: Patience | None = None,
    ) -> None:
        """Make a radio that is not up yet.

        Args:
            port: where the stick is.
            database: the file of zigpy's database; None keeps nothing.
            known: model identifiers that are accepted on a device's word, should it fall asleep
                during its interview.
            library: firmware for its devices; None for none.
            patience: how long devices are waited for that are to have firmware.
        """
        self.firmware = FirmwareServer(self, library or Library(), patience or Patience())
        self.recognise: Callable[[Identity], bool] = lambda identity: True
        self._port = port
        self._database = database
        self._known = known
        self._listener: Listener | None = None
        self._coordinator: Coordinator | None = None
        self._app: Application | None = None
        self._ear: Ear | None = None
        self._attention = Attention()
        self._lost = False

    @property
    def path(self) -> str:
        """Where the stick is."""
        return self._port.path

    def tell(self, listener: Listener) -> None:
        """Who is to hear what happens."""
        self._listener = listener

    async def start(self) -> None:
        """Open the port and start the network the stick holds.

        The listener is told of the devices known from before, then hears everything.

        Cancelled in the middle, it comes to an end first: zigpy and zigpy-znp leave threads and
        tasks behind when they are interrupted while they open a database or a port.

        Raises:
            RadioError: it did not come up; the port is released.
        """
        try:
            await to_the_end(self._bring_up())
        except asyncio.CancelledError:
            await self.stop()
            raise

    async def _bring_up(self) -> None:
        assert self._listener is not None
        ear = Ear(self._listener, self.firmware, self._note_loss)
        app = None
        self._lost = False
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
            ear.app, ear.receptionist = app, Receptionist(app, self._known)
            app.add_listener(ear)
            app.on_sent = ear.sent
            app.before_start = functools.partial(self._look_at, app)
            for device in app.devices.values():
                if isinstance(device, RawDevice) and not is_coordinator(device):
                    self._listener.known(node_of(device), datetime.now(UTC))
            await app.startup(auto_form=False)
        except BaseException as error:
            if app is not None:
                await app.shutdown()
            if isinstance(error, FAILURES):
                raise await diagnose(self._port, error) from error
            raise
        self._app, self._ear = app, ear
        self._coordinator = coordinator_of(app)
        if self._lost:
            await self.stop()
            raise RadioError(Trouble.FAILED, "lost during its start")

    def _look_at(self, app: Application) -> None:
        """Refuse a network that is not wanted.

        Raises:
            RadioError: it is another one.
        """
        if not self.recognise(identity_of(Backup.from_app(app))):
            raise RadioError(Trouble.OTHER_NETWORK)

    @property
    def identity(self) -> Identity | None:
        """The network that is up; None while there is none."""
        if self._app is None or self._lost:
            return None
        return identity_of(Backup.from_app(self._app))

    async def stop(self) -> None:
        """Release the port and close the database. May be called again, and after a loss.

        Cancelled in the middle, it comes to an end first.
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
            raise DeliveryError("the coordinator was never there")
        return self._coordinator

    def _running(self) -> Application:
        if self._app is None or self._lost:
            raise DeliveryError("the coordinator is not connected")
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
                asking = device.ask(request, retries=0 if once else 1)
                frame = await self._attention.attend(asking, ieee, seconds)
                break
            except DeliveryError as error:
                if attempt == attempts or not isinstance(error.__cause__, TimeoutError):
                    raise
        return _read_answer(request, frame)

    async def with_device[R](
        self,
        ieee: Ieee,
        work: Callable[[RawDevice], Coroutine[Any, Any, R]],
        seconds: float | None = None,
    ) -> R:
        """Run something with a device, for as long as it takes or some seconds at most.

        Raises:
            DeliveryError: it is not on the network, or the radio could not do it or is gone.
        """
        return await self._attention.attend(work(self._device(ieee)), ieee, seconds)

    @override
    async def permit(self, seconds: int, via: Ieee | None = None) -> None:
        app = self._running()
        if via is None or via == self.coordinator.ieee:
            who = _COORDINATOR
            opening = app.permit(seconds, None if via is None else app.state.node_info.ieee)
        else:
            # zigpy's own way only logs when the router does not hear it.
            who, opening = via, self._device(via).zdo.permit(seconds)
        answer = await self._attention.attend(opening, who, _ADMINISTRATION_SECONDS)
        if answer is not None and answer[0] != zdo_t.Status.SUCCESS:
            raise RefusedError(f"{who} refused: status 0x{answer[0]:02x}", int(answer[0]))

    @override
    async def energy_scan(self) -> Mapping[int, float]:
        app = self._running()
        scan = app.energy_scan(channels=t.Channels.ALL_CHANNELS, duration_exp=4, count=1)
        energies = await self._attention.attend(scan, _COORDINATOR, _ADMINISTRATION_SECONDS)
        return {int(channel): round(energy / 2.55, 1) for channel, energy in energies.items()}

    @override
    async def change_channel(self, channel: int) -> None:
        # zigpy would wait for ever for a stick that does not move.
        moving = self._running().move_network_to_channel(channel)
        await self._attention.attend(moving, _COORDINATOR, _LENGTHY_SECONDS)

    @override
    async def remove(self, ieee: Ieee, *, force: bool = False) -> None:
        # Told of a join, one may want it gone at once; zigpy has not even begun its interview then.
        await asyncio.sleep(0)
        device = self._running().devices.get(t.EUI64.convert(ieee))
        if not isinstance(device, ZigbeeDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        if not force:
            leaving = device.zdo.leave(remove_children=False, rejoin=False)
            await self._attention.attend(leaving, ieee, _ADMINISTRATION_SECONDS)
        removing = self._running().remove(device.ieee, remove_children=False)
        await self._attention.attend(removing, _COORDINATOR, _ADMINISTRATION_SECONDS)

    async def backup(self) -> Backup:
        """The network as data, with all the stick knows of its devices.

        Raises:
            DeliveryError: the radio is gone, or could not be read.
        """
        loading = load(self._running())
        found = await self._attention.attend(loading, _COORDINATOR, _LENGTHY_SECONDS)
        if found is None:
            raise DeliveryError("the coordinator holds no network")
        return found

    @override
    async def neighbours(self, ieee: Ieee) -> Sequence[Neighbour]:
        device = self._running().devices.get(t.EUI64.convert(ieee))
        if not isinstance(device, ZigbeeDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        return await self._attention.attend(neighbours_of(device), ieee, _ADMINISTRATION_SECONDS)

    @override
    async def addresses(self) -> Mapping[Ieee, int]:
        return (await self.backup()).addresses

    @override
    async def interview(self, ieee: Ieee) -> None:
        device = self._device(ieee)
        await self._attention.attend(device.reinterview(), ieee, _LENGTHY_SECONDS)
        if self._device(ieee) is device:  # zigpy logs why, and keeps what it knew
            raise DeliveryError(f"{ieee} does not answer")

    def _note_loss(self, app: Application) -> bool:
        """Mark the radio as gone; whether that is news. It is none while it is being started."""
        was_up = not self._lost and app is self._app
        self._lost = True
        self._attention.end()
        return was_up


def _read_answer(request: zcl.Request, frame: bytes) -> zcl.Report | None:
    """What an answer brings.

    Raises:
        RefusedError: the device refused.
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
            raise RefusedError(f"the device refused: status 0x{status:02x}", status)
    return None
