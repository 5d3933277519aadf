"""A device of another program's network, used in addition to that program."""

from collections.abc import Callable, Coroutine
from typing import Any

from zigpy.device import ZigbeeDevice
import zigpy.types as t
from zigpy.zcl.clusters.general import Basic, Ota, PollControl

from ..core import zcl
from ..core.radio import Ieee
from .frames import FrameHandler

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
