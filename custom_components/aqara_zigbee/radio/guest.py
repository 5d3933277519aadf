"""The core's radio port on a zigpy application that another program runs.

Nothing is opened, started or stopped here. Packets are read after zigpy and that program; requests
are sent through the same device objects, so that queue and sequence numbers are shared.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import UTC, datetime
import functools
import logging
from typing import Any, override
from weakref import WeakSet

from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
from zigpy.profiles import zha
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from ..core.definition import Definition
from ..core.errors import DeliveryError
from ..core.limits import until_nul
from ..core.radio import Coordinator, Ieee, Listener, Node
from .frames import DUPLICATE_SECONDS, is_unicast
from .guest_device import GuestDevice, answers_by_itself
from .interview import announced_model
from .network import coordinator_of
from .nodes import is_coordinator, node_of
from .packet_tap import Tap
from .requests import LENGTHY_SECONDS, ZigpyRequests
from .zigpy_listener import logs_errors

_LOGGER = logging.getLogger(__name__)

_ZDO = 0

_removed: WeakSet[ZigbeeDevice] = WeakSet()
"""Removed devices that zigpy still has: it asks them to leave for up to 30 s before it drops them."""

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
        self._known = known
        self._accepts = accepts
        self._listener: Listener | None = None
        self._app: ControllerApplication | None = None
        self._tap: Tap | None = None
        self._reinterview: Reinterview | None = None
        self._coordinator: Coordinator | None = None
        self._devices: dict[t.EUI64, GuestDevice] = {}
        self._senders: dict[ZigbeeDevice, GuestDevice | None] = {}
        """Our devices by zigpy's, None for those of others: zigpy's addresses are slow keys."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._rejoining: set[t.EUI64] = set()
        self._unfinished: set[t.EUI64] = set()
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
        return self._app

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
        self._app, self._reinterview = app, reinterview
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
            if isinstance(device, ZigbeeDevice) and self._is_ours(device):
                node = self._node(device)
                self._core.known(node, _now())
                self._core.readdressed(node)

    def detach(self) -> None:
        """Restore the application's state. May be called again."""
        app, self._app = self._app, None
        self._attention.end()
        if self._tap is not None:
            self._tap.close()
        if app is not None:
            app.remove_listener(self)
        for task in tuple(self._tasks):
            task.cancel()
        self._tap = self._reinterview = self._found = None
        self._devices.clear()
        self._senders.clear()
        self._rejoining.clear()

    @property
    def members(self) -> frozenset[Ieee]:
        """Our devices on the network.

        Those with an unfinished interview count, too: the application drops them when it restarts,
        and they return with their next frame.
        """
        return frozenset(map(str, self._devices.keys() | self._unfinished))

    def forget(self, ieee: Ieee) -> None:
        """Remove a device that was removed while not attached, or that joined another network."""
        self.remembered.pop(ieee, None)
        address = t.EUI64.convert(ieee)
        self._devices.pop(address, None)
        self._unfinished.discard(address)
        self._senders.clear()

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
        if self._app is not None:
            return replace(coordinator_of(self._app), radio_type=self._radio_type)
        if self._coordinator is None:
            raise DeliveryError("ZHA has not been running")
        return self._coordinator

    @override
    def _running(self) -> ControllerApplication:
        if self._app is None:
            raise DeliveryError("ZHA is not running")
        return self._app

    @override
    def _device(self, ieee: Ieee) -> GuestDevice:
        self._running()
        device = self._devices.get(t.EUI64.convert(ieee))
        if device is None:
            raise DeliveryError(f"{ieee} is not on the network")
        return device

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

    # Devices

    def _take_in(self, device: ZigbeeDevice, model: str) -> bool:
        """Add a device; return whether it is ours."""
        if is_coordinator(device):
            return False
        if device.ieee in self._devices:
            return True
        if device in _removed:
            return False
        if not self._accepts(str(device.ieee)):
            _LOGGER.debug("%s is already a device of another network", device.ieee)
            return False
        find = functools.partial(self._find, device.ieee)
        ieee = str(device.ieee)
        self._devices[device.ieee] = GuestDevice(ieee, find, self._spawn, model)
        self.remembered[ieee] = model
        return True

    def _find(self, ieee: t.EUI64) -> ZigbeeDevice:
        device = self._running().devices.get(ieee)
        if not isinstance(device, ZigbeeDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        return device

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _node(self, device: ZigbeeDevice) -> Node:
        """Return a device's node; possibly only its model is known."""
        node = node_of(device)
        return replace(node, model=node.model or self._devices[device.ieee].model, is_complete=True)

    # Packets

    @_logged
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Read a packet of any sender."""
        found, self._found = self._found, None
        sender = self._sender_of(packet, found)
        group = _group_of(packet)
        if group is not None and self._is_router(packet, sender):
            # A router of this maker forwards a child's frames under its own address, with the
            # child's network address as the group (protocol 0.6).
            owner = self._with_address(group)
            if owner is not None and owner is not sender:
                self._read(owner, packet)
            elif sender is not None:
                self._dispatch(sender, None, packet)
            return
        if sender is not None:
            self._read(sender, packet)
        elif packet.cluster_id == int(zcl.Cluster.BASIC):
            self._accept_by_report(packet)

    def _sender_of(self, packet: t.ZigbeePacket, found: ZigbeeDevice | None) -> GuestDevice | None:
        """Return our device that sent a packet.

        Args:
            packet: the packet.
            found: the sender found by zigpy, which avoids a search by address.
        """
        if packet.src is None:
            return None
        address = packet.src.address
        if found is not None and address in (found.nwk, found.ieee):
            if found not in self._senders:
                self._senders[found] = self._devices.get(found.ieee)
            return self._senders[found]
        if isinstance(address, t.EUI64):
            return self._devices.get(address)
        return self._with_address(address)

    def _with_address(self, nwk: object) -> GuestDevice | None:
        """Return our device with a network address."""
        if self._app is None:
            return None
        members = self._app.devices
        for ieee, device in self._devices.items():
            member = members.get(ieee)
            if isinstance(member, ZigbeeDevice) and member.nwk == nwk:
                return device
        return None

    def _is_router(self, packet: t.ZigbeePacket, sender: GuestDevice | None) -> bool:
        """Whether a packet's sender forwards frames of others. The locks only claim to be routers."""
        if sender is not None and self._known[sender.model].feed.is_battery:
            return False
        device = sender.zigpy if sender is not None else self._stranger(packet)
        return device is not None and bool(device.node_desc and device.node_desc.is_router)

    def _stranger(self, packet: t.ZigbeePacket) -> ZigbeeDevice | None:
        if self._app is None or packet.src is None:
            return None
        try:
            device = self._app.get_device_with_address(packet.src)
        except KeyError:
            return None
        return device if isinstance(device, ZigbeeDevice) else None

    def _accept_by_report(self, packet: t.ZigbeePacket) -> None:
        """Add a device of a known model that may fall asleep before the end of its interview."""
        model = announced_model(packet.cluster_id, packet.data.serialize())
        definition = self._known.get(model or "")
        if model is None or definition is None or definition.feed.listens:
            return
        device = self._stranger(packet)
        if device is None or not self._take_in(device, model):
            return
        self._senders.clear()
        self._unfinished.add(device.ieee)
        self._core.interviewed(self._node(device), _now())
        self._read(self._devices[device.ieee], packet)

    def _read(self, device: GuestDevice, packet: t.ZigbeePacket) -> None:
        """Handle a packet of a device."""
        if _ZDO in (packet.src_ep, packet.dst_ep) or packet.profile_id != zha.PROFILE_ID:
            if packet.cluster_id == zdo_t.ZDOCmd.Device_annce:
                self._core.joined(self._node(device.zigpy), _now())
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
        if device.ieee not in self._devices and cluster != zcl.Cluster.BASIC:
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

    def _is_ours(self, device: ZigbeeDevice) -> bool:
        """Whether it is a device of a known model that may be added."""
        self._senders.clear()
        model = _model_of(device) or self.remembered.get(str(device.ieee), "")
        return model in self._known and self._take_in(device, model)

    @_logged
    def device_joined(self, device: ZigbeeDevice) -> None:
        """Called when a device has joined for the first time, or with a new network address."""
        _removed.discard(device)
        if device.is_initialized:
            if self._is_ours(device):
                self._rejoining.add(device.ieee)
        elif str(device.ieee) in self.remembered and self._is_ours(device):
            self._unfinished.add(device.ieee)
            self._core.rejoined(self._node(device), _now())

    @_logged
    def device_initialized(self, device: ZigbeeDevice) -> None:
        """Called when an interview succeeded, or was not needed as zigpy knows the device."""
        _removed.discard(device)
        if not self._is_ours(device):
            return
        self._unfinished.discard(device.ieee)
        node = self._node(device)
        if device.ieee in self._rejoining:
            self._rejoining.discard(device.ieee)
            self._core.rejoined(node, _now())
        else:
            self._core.interviewed(node, _now())

    @_logged
    def device_reinterviewed(self, device: ZigbeeDevice) -> None:
        """Called when a device was interviewed again."""
        if self._is_ours(device):
            self._unfinished.discard(device.ieee)
            self._core.interviewed(self._node(device), _now())

    @_logged
    def device_left(self, device: ZigbeeDevice) -> None:
        """Called when a device left the network."""
        if device.ieee in self._devices:
            self._core.left(str(device.ieee))

    @_logged
    def device_removed(self, device: ZigbeeDevice) -> None:
        """Called when a device was removed from the network."""
        _removed.add(device)
        self.remembered.pop(str(device.ieee), None)
        self._unfinished.discard(device.ieee)
        self._senders.clear()
        if self._devices.pop(device.ieee, None) is not None:
            self._core.removed(str(device.ieee))

    @_logged
    def connection_lost(self, error: BaseException | None) -> None:
        """Called when the coordinator is lost; its program reconnects it."""
        self.detach()
        self._core.lost(str(error) if error else "the connection was closed")


def extended_pan_id_of(app: ControllerApplication) -> str:
    """Return the extended PAN id of a running application's network."""
    return str(app.state.network_info.extended_pan_id)


def models_of(app: ControllerApplication) -> dict[Ieee, str]:
    """Return the known model identifiers of an application's devices."""
    return {
        str(device.ieee): model
        for device in app.devices.values()
        if isinstance(device, ZigbeeDevice)
        and device not in _removed
        and (model := _model_of(device))
    }


def _model_of(device: ZigbeeDevice) -> str:
    """Return the model identifier of a zigpy device, up to the first NUL."""
    return until_nul(device.model or "")


def _group_of(packet: t.ZigbeePacket) -> int | None:
    """Return the group a packet was sent to, if any."""
    if packet.dst is None or not isinstance(packet.dst.address, t.Group):
        return None
    return int(packet.dst.address)


def _now() -> datetime:
    return datetime.now(UTC)
