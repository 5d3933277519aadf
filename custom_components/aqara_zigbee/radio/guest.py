"""The core's radio port on a zigpy application that another program runs.

Nothing is opened, started or stopped here. Packets are read after zigpy and that program; requests
are sent through the same device objects, so that queue and sequence numbers are shared.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import logging
from typing import Any, override

from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
from zigpy.profiles import zha
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from ..core.definition import Definition
from ..core.errors import DeliveryError
from ..core.radio import Coordinator, Ieee, Listener
from .frames import DUPLICATE_SECONDS, is_unicast
from .guest_devices import GuestDevice, GuestDevices, answers_by_itself
from .interview import announced_model
from .network import coordinator_of
from .packet_tap import Tap
from .requests import LENGTHY_SECONDS, ZigpyRequests
from .zigpy_listener import logs_errors

_LOGGER = logging.getLogger(__name__)

_ZDO = 0

type Reinterview = Callable[[t.EUI64], Awaitable[object]]


_logged = logs_errors(_LOGGER)


class GuestRadio(ZigpyRequests):
    """Another program's network, while `attach`ed to its zigpy application.

    The listener gets only devices of known models.

    Attributes:
        on_bypassed: called once when packets bypass the wrapper. They are then read without link
            quality and group address.
        remembered: the models of stored devices. The application drops devices with an unfinished
            interview when it restarts.
    """

    def __init__(
        self,
        known: Mapping[str, Definition],
        accepts: Callable[[Ieee], bool] = lambda ieee: True,
    ) -> None:
        """Create a radio that is not attached.

        Args:
            known: definitions by model identifier.
            accepts: whether a device may be added.
        """
        super().__init__()
        self.on_bypassed: Callable[[], None] = lambda: None
        self.remembered: dict[Ieee, str] = {}
        self._ours = GuestDevices(known, accepts, self.remembered, self._spawn)
        self._listener: Listener | None = None
        self._tap: Tap | None = None
        self._reinterview: Reinterview | None = None
        self._coordinator: Coordinator | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._rejoining: set[t.EUI64] = set()
        self._radio_type = ""
        self._is_bypassed = False
        self._found: ZigbeeDevice | None = None

    def set_listener(self, listener: Listener) -> None:
        """Set the listener of events."""
        self._listener = listener

    @property
    def _core(self) -> Listener:
        assert self._listener is not None
        return self._listener

    @property
    def app(self) -> ControllerApplication | None:
        """The application it is attached to."""
        return self._ours.app

    def attach(
        self,
        app: ControllerApplication,
        reinterview: Reinterview | None = None,
        radio_type: str = "",
    ) -> None:
        """Read the packets of a running application, and pass its devices to the listener.

        Args:
            app: the application.
            reinterview: interviews a device again; None for zigpy's own function.
            radio_type: the program's name of the coordinator's type.
        """
        self.detach()
        self._ours.app, self._reinterview = app, reinterview
        self._radio_type = radio_type
        self._coordinator = self.coordinator
        self._is_bypassed = False
        try:
            self._tap = Tap(app, self.packet_received)
        except (AttributeError, TypeError) as error:
            _LOGGER.debug("Messages cannot be read from zigpy: %s", error)
            self._note_bypassed()
        app.add_listener(self)
        for device in tuple(app.devices.values()):
            if isinstance(device, ZigbeeDevice) and self._ours.take_in(device):
                node = self._ours.node_of(device)
                self._core.known(node, _now())
                self._core.readdressed(node)

    def detach(self) -> None:
        """Restore the application's state. May be called again."""
        app, self._ours.app = self._ours.app, None
        self._attention.end()
        if self._tap is not None:
            self._tap.close()
        if app is not None:
            app.remove_listener(self)
        for task in tuple(self._tasks):
            task.cancel()
        self._tap = self._reinterview = self._found = None
        self._ours.clear()
        self._rejoining.clear()

    @property
    def members(self) -> frozenset[Ieee]:
        """Our devices on the network (`GuestDevices.members`)."""
        return self._ours.members

    def forget(self, ieee: Ieee) -> None:
        """Remove a device that was removed while not attached, or that joined another network."""
        self._ours.forget(ieee)

    def last_seen(self, ieee: Ieee) -> datetime | None:
        """Return the time of the last frame that zigpy received from a device."""
        try:
            seen = self._device(ieee).zigpy.last_seen
        except DeliveryError:
            return None
        return None if seen is None else datetime.fromtimestamp(seen, UTC)

    # The port

    @property
    @override
    def coordinator(self) -> Coordinator:
        if self.app is not None:
            return replace(coordinator_of(self.app), radio_type=self._radio_type)
        if self._coordinator is None:
            raise DeliveryError("ZHA has not been running")
        return self._coordinator

    @override
    def _running(self) -> ControllerApplication:
        return self._ours.running()

    @override
    def _device(self, ieee: Ieee) -> GuestDevice:
        self._running()
        address = t.EUI64.convert(ieee)
        if address not in self._ours:
            raise DeliveryError(f"{ieee} is not on the network")
        return self._ours[address]

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @override
    async def _locate(self, ieee: Ieee) -> bool:
        return False  # the owner of the network searches for devices

    @override
    async def interview(self, ieee: Ieee) -> None:
        before = self._device(ieee).zigpy
        work = self._ask_anew(before)
        await self._attention.attend(work, ieee, LENGTHY_SECONDS)
        if self._device(ieee).zigpy is before:
            raise DeliveryError(f"{ieee} does not respond")

    async def _ask_anew(self, device: ZigbeeDevice) -> None:
        if self._reinterview is not None:
            await self._reinterview(device.ieee)
        else:
            await device.reinterview()

    @override
    async def addresses(self) -> Mapping[Ieee, int]:
        """Return the addresses in zigpy: the coordinator's own tables are not read beside ZHA."""
        return {
            str(device.ieee): int(device.nwk)
            for device in self._running().devices.values()
            if isinstance(device, ZigbeeDevice)
        }

    # Packets

    @_logged
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Read a packet of any sender."""
        found, self._found = self._found, None
        sender = self._ours.sender_of(packet, found)
        group = _group_of(packet)
        if group is not None and self._ours.is_router(packet, sender):
            # A router of this maker forwards a child's frames under its own address, with the
            # child's network address as the group (protocol 0.6).
            owner = self._ours.with_address(group)
            if owner is not None and owner is not sender:
                self._read(owner, packet)
            elif sender is not None:
                self._dispatch(sender, None, packet)
            return
        if sender is not None:
            self._read(sender, packet)
        elif packet.cluster_id == int(zcl.Cluster.BASIC):
            self._accept_by_report(packet)

    def _accept_by_report(self, packet: t.ZigbeePacket) -> None:
        """Add a device of a known model that may fall asleep before the end of its interview."""
        model = announced_model(packet.cluster_id, packet.data.serialize())
        device = self._ours.stranger(packet) if model is not None else None
        if model is None or device is None or not self._ours.take_in_by_report(device, model):
            return
        self._core.interviewed(self._ours.node_of(device), _now())
        self._read(self._ours[device.ieee], packet)

    def _read(self, device: GuestDevice, packet: t.ZigbeePacket) -> None:
        """Handle a packet of a device."""
        if _ZDO in (packet.src_ep, packet.dst_ep) or packet.profile_id != zha.PROFILE_ID:
            if packet.cluster_id == zdo_t.ZDOCmd.Device_annce:
                self._core.joined(self._ours.node_of(device.zigpy), _now())
            return
        frame = packet.data.serialize()
        if device.frames.is_duplicate(packet, frame, DUPLICATE_SECONDS):
            return
        head = zcl.read_header(frame)
        report = None
        if head is not None:
            report = self._report(device, packet, head, frame)
        self._dispatch(device, report, packet)

    def _report(
        self,
        device: GuestDevice,
        packet: t.ZigbeePacket,
        head: tuple[zcl.Header, bytes],
        frame: bytes,
    ) -> zcl.Report | None:
        """Return a frame's report; it is acknowledged unless zigpy does this."""
        header, payload = head
        if device.frames.take_answer(packet, header, frame) or not header.is_general:
            return None
        if (
            header.command == zcl.REPORT_ATTRIBUTES
            and header.wants_default_response
            and is_unicast(packet)
            and not self._is_answered(device, packet, frame)
        ):
            device.frames.acknowledge(device.zigpy, packet, header)
        return zcl.read_values(packet.src_ep or 0, packet.cluster_id, header, payload)

    def _is_answered(self, device: GuestDevice, packet: t.ZigbeePacket, frame: bytes) -> bool:
        """Whether zigpy sends the default response to a report, as its last step."""
        has_failed = self._tap is not None and self._tap.has_failed
        return not has_failed and answers_by_itself(device.zigpy, packet, frame)

    def _dispatch(
        self, device: GuestDevice, report: zcl.Report | None, packet: t.ZigbeePacket
    ) -> None:
        self._core.received(device.ieee, report, packet.lqi, packet.timestamp)

    def _note_bypassed(self) -> None:
        if not self._is_bypassed:
            self._is_bypassed = True
            _LOGGER.warning(
                "This version of ZHA or zigpy passes packets in a way that is not known; link quality"
                " and what routers send again for others are missing"
            )
            self.on_bypassed()

    # Events of zigpy's application

    @_logged
    def handle_message(
        self,
        device: ZigbeeDevice,
        profile: int,
        cluster: int,
        source_endpoint: int,
        destination_endpoint: int,
        frame: bytes,
    ) -> None:
        """Called for each packet, which is read here only if it bypassed the wrapper."""
        if self._tap is not None and self._tap.is_passing:
            self._found = device
            return
        if device.ieee not in self._ours and cluster != zcl.Cluster.BASIC:
            return
        self._note_bypassed()
        self.packet_received(
            t.ZigbeePacket(
                src=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=device.nwk),
                src_ep=t.uint8_t(source_endpoint),
                dst=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=t.NWK(0)),
                dst_ep=t.uint8_t(destination_endpoint),
                profile_id=t.uint16_t(profile),
                cluster_id=t.uint16_t(cluster),
                data=t.SerializableBytes(frame),
            )
        )

    @_logged
    def device_joined(self, device: ZigbeeDevice) -> None:
        """Called when a device has joined for the first time, or with a new network address."""
        self._ours.returned(device)
        if device.is_initialized:
            if self._ours.take_in(device):
                self._rejoining.add(device.ieee)
        elif str(device.ieee) in self.remembered and self._ours.take_in(device):
            self._ours.set_finished(device, is_finished=False)
            self._core.rejoined(self._ours.node_of(device), _now())

    @_logged
    def device_initialized(self, device: ZigbeeDevice) -> None:
        """Called when an interview succeeded, or was not needed as zigpy knows the device."""
        self._ours.returned(device)
        if not self._ours.take_in(device):
            return
        self._ours.set_finished(device, is_finished=True)
        node = self._ours.node_of(device)
        if device.ieee in self._rejoining:
            self._rejoining.discard(device.ieee)
            self._core.rejoined(node, _now())
        else:
            self._core.interviewed(node, _now())

    @_logged
    def device_reinterviewed(self, device: ZigbeeDevice) -> None:
        """Called when a device was interviewed again."""
        if self._ours.take_in(device):
            self._ours.set_finished(device, is_finished=True)
            self._core.interviewed(self._ours.node_of(device), _now())

    @_logged
    def device_left(self, device: ZigbeeDevice) -> None:
        """Called when a device left the network."""
        if device.ieee in self._ours:
            self._core.left(str(device.ieee))

    @_logged
    def device_removed(self, device: ZigbeeDevice) -> None:
        """Called when a device was removed from the network."""
        if self._ours.removed(device):
            self._core.removed(str(device.ieee))

    @_logged
    def connection_lost(self, error: BaseException | None) -> None:
        """Called when the coordinator is lost; its program reconnects it."""
        self.detach()
        self._core.lost(str(error) if error else "the connection was closed")


def extended_pan_id_of(app: ControllerApplication) -> str:
    """Return the extended PAN id of a running application's network."""
    return str(app.state.network_info.extended_pan_id)


def _group_of(packet: t.ZigbeePacket) -> int | None:
    """Return the group a packet was sent to, if any."""
    if packet.dst is None or not isinstance(packet.dst.address, t.Group):
        return None
    return int(packet.dst.address)


def _now() -> datetime:
    return datetime.now(UTC)
