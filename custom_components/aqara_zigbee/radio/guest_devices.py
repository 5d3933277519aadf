"""Devices of another program's network, used in addition to that program."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
import functools
import logging
from typing import Any
from weakref import WeakSet

from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
import zigpy.types as t
from zigpy.zcl.clusters.general import Basic, Ota, PollControl

from ..core import zcl
from ..core.definition import Definition
from ..core.errors import DeliveryError
from ..core.limits import until_nul
from ..core.radio import Ieee, Node
from .frames import FrameHandler
from .nodes import is_coordinator, node_of

_LOGGER = logging.getLogger(__name__)

_removed: WeakSet[ZigbeeDevice] = WeakSet()
"""Removed devices that zigpy still has: it asks them to leave for up to 30 s before it drops them."""

_ALWAYS_READ = {Basic.cluster_id, Ota.cluster_id, PollControl.cluster_id}
"""The clusters that zigpy reads before it knows all endpoints of a device."""


def answers_by_itself(device: ZigbeeDevice, packet: t.ZigbeePacket, frame: bytes) -> bool:
    """Whether zigpy itself sends the default response to a report of a device.

    It drops frames of unknown endpoints and clusters, and those that it cannot parse.
    """
    endpoint = device.endpoints.get(packet.src_ep or 0)
    is_read = device.all_endpoints_init or packet.cluster_id in _ALWAYS_READ
    if not is_read or endpoint is None or endpoint is device.zdo:
        return False
    clusters = {**endpoint.out_clusters, **endpoint.in_clusters}
    cluster = clusters.get(packet.cluster_id)
    if cluster is None:
        return False
    try:
        cluster.deserialize(frame)
    except Exception:  # noqa: BLE001 - whatever it is, zigpy drops the frame then
        return False
    return True


class GuestDevice:
    """One of our devices on another program's network.

    The zigpy object is looked up for each use, as the other program may replace it.

    Attributes:
        ieee: its address.
        frames: the handler of its frames.
        model: its first known model identifier.
    """

    def __init__(
        self,
        ieee: Ieee,
        find: Callable[[], ZigbeeDevice],
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
        model: str,
    ) -> None:
        """Create a device without received frames.

        Args:
            ieee: its address.
            find: returns its zigpy object; raises `core.errors.DeliveryError` without one.
            spawn: starts a named coroutine in the background.
            model: its model identifier.
        """
        self.ieee = ieee
        self._find = find
        self.frames = FrameHandler(spawn)
        self.model = model

    @property
    def zigpy(self) -> ZigbeeDevice:
        """The current zigpy object.

        Raises:
            DeliveryError: it is not on the network any more.
        """
        return self._find()

    @property
    def nwk(self) -> t.NWK:
        """Its network address."""
        return self.zigpy.nwk

    @property
    def zdo(self) -> Any:
        """Zigpy's access to its ZDO."""
        return self.zigpy.zdo

    async def ask(self, request: zcl.Request, *, retries: int) -> bytes:
        """Send a request and wait for the response (`FrameHandler.ask`)."""
        return await self.frames.ask(self.zigpy, request, retries=retries)


class GuestDevices:
    """Our devices on another program's network, and how they are found among its devices.

    Attributes:
        app: the program's application; None while there is none.
        remembered: the models of stored devices.
    """

    def __init__(
        self,
        known: Mapping[str, Definition],
        accepts: Callable[[Ieee], bool],
        remembered: dict[Ieee, str],
        spawn: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        """Create an empty set.

        Args:
            known: definitions by model identifier.
            accepts: whether a device may be added.
            remembered: the models of stored devices.
            spawn: starts a named coroutine in the background.
        """
        self.app: ControllerApplication | None = None
        self.remembered = remembered
        self._known = known
        self._accepts = accepts
        self._spawn = spawn
        self._devices: dict[t.EUI64, GuestDevice] = {}
        self._senders: dict[ZigbeeDevice, GuestDevice | None] = {}
        """Our devices by zigpy's, None for those of others: zigpy's addresses are slow keys."""
        self._unfinished: set[t.EUI64] = set()

    def __contains__(self, ieee: t.EUI64) -> bool:
        return ieee in self._devices

    def __getitem__(self, ieee: t.EUI64) -> GuestDevice:
        """Return a device; raises `KeyError` if it is not ours."""
        return self._devices[ieee]

    def running(self) -> ControllerApplication:
        """Return the application.

        Raises:
            DeliveryError: there is none.
        """
        if self.app is None:
            raise DeliveryError("ZHA is not running")
        return self.app

    @property
    def members(self) -> frozenset[Ieee]:
        """Our devices on the network.

        Those with an unfinished interview count, too: the application drops them when it restarts,
        and they return with their next frame.
        """
        return frozenset(map(str, self._devices.keys() | self._unfinished))

    def take_in(self, device: ZigbeeDevice) -> bool:
        """Add a device of a known model; return whether it is ours."""
        self._senders.clear()
        model = _model_of(device) or self.remembered.get(str(device.ieee), "")
        return model in self._known and self._add(device, model)

    def take_in_by_report(self, device: ZigbeeDevice, model: str) -> bool:
        """Add a device of a known model that may fall asleep before the end of its interview."""
        definition = self._known.get(model)
        if definition is None or definition.feed.listens or not self._add(device, model):
            return False
        self._senders.clear()
        self.set_finished(device, is_finished=False)
        return True

    def _add(self, device: ZigbeeDevice, model: str) -> bool:
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
        device = self.running().devices.get(ieee)
        if not isinstance(device, ZigbeeDevice):
            raise DeliveryError(f"{ieee} is not on the network")
        return device

    def set_finished(self, device: ZigbeeDevice, *, is_finished: bool) -> None:
        """Note whether the interview of a device has ended."""
        (self._unfinished.discard if is_finished else self._unfinished.add)(device.ieee)

    def returned(self, device: ZigbeeDevice) -> None:
        """Note that a device is on the network (again)."""
        _removed.discard(device)

    def removed(self, device: ZigbeeDevice) -> bool:
        """Remove a device that was removed from the network; return whether it was ours."""
        _removed.add(device)
        was_ours = device.ieee in self._devices
        self.forget(str(device.ieee))
        return was_ours

    def forget(self, ieee: Ieee) -> None:
        """Remove a device that was removed while not attached, or that joined another network."""
        self.remembered.pop(ieee, None)
        address = t.EUI64.convert(ieee)
        self._devices.pop(address, None)
        self._unfinished.discard(address)
        self._senders.clear()

    def clear(self) -> None:
        """Remove all devices. Their models, and which interviews have not ended, stay known."""
        self._devices.clear()
        self._senders.clear()

    def node_of(self, device: ZigbeeDevice) -> Node:
        """Return a device's node; possibly only its model is known."""
        node = node_of(device)
        return replace(node, model=node.model or self._devices[device.ieee].model, is_complete=True)

    # Senders of packets

    def sender_of(self, packet: t.ZigbeePacket, found: ZigbeeDevice | None) -> GuestDevice | None:
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
        return self.with_address(address)

    def with_address(self, nwk: object) -> GuestDevice | None:
        """Return our device with a network address."""
        members = {} if self.app is None else self.app.devices
        for ieee, device in self._devices.items():
            member = members.get(ieee)
            if isinstance(member, ZigbeeDevice) and member.nwk == nwk:
                return device
        return None

    def stranger(self, packet: t.ZigbeePacket) -> ZigbeeDevice | None:
        """Return zigpy's device that sent a packet, if zigpy knows it."""
        if self.app is None or packet.src is None:
            return None
        try:
            device = self.app.get_device_with_address(packet.src)
        except KeyError:
            return None
        return device if isinstance(device, ZigbeeDevice) else None

    def is_router(self, packet: t.ZigbeePacket, sender: GuestDevice | None) -> bool:
        """Whether a packet's sender forwards frames of others. The locks only claim to be routers."""
        if sender is not None and self._known[sender.model].feed.is_battery:
            return False
        device = sender.zigpy if sender is not None else self.stranger(packet)
        return device is not None and bool(device.node_desc and device.node_desc.is_router)


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
