"""A zigpy device whose attribute frames are read here, complete and raw.

zigpy cuts binary strings at their first NUL, drops frames with a wrong length byte and everything
from undeclared endpoints and clusters, and stores every value it reads. A listener for
``handle_message`` would get the raw bytes too, but neither the link quality of the frame nor the
group address that marks a retransmission, and zigpy would process them in addition. So frames with
attributes end here, and all others are passed on to zigpy.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
import logging
from typing import Any, Protocol, cast, override

from zigpy.application import ControllerApplication
from zigpy.const import APS_REPLY_TIMEOUT
import zigpy.device
from zigpy.exceptions import DeliveryError
from zigpy.profiles import zha
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl
from .frames import DUPLICATE_SECONDS, MOST_ANSWERS, FrameHandler, Key, is_unicast

_LOGGER = logging.getLogger(__name__)

_ZDO = 0
_MOST_HEADS = 8
"""Maximum frames of one device that zigpy may still answer."""
_REPEAT_SECONDS = 1.0
"""Seconds after which an equal OTA request counts again: its response was lost."""

OTA = 0x0019
"""The cluster of firmware updates (ZCL revision 8, chapter 11)."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request of a device's OTA client: a command, to be answered with its sequence number."""

    endpoint: int
    sequence: int
    command: int
    payload: bytes


class FrameListener(Protocol):
    """The listener of devices' frames."""

    def announced(self, device: RawDevice) -> None:
        """Called when a device announced itself."""
        ...

    def received(
        self,
        device: RawDevice,
        report: zcl.Report | None,
        link_quality: int | None,
        now: datetime,
    ) -> None:
        """Called when a device sent attributes, or None for any other frame."""
        ...

    def asked(self, device: RawDevice, question: Question) -> None:
        """Called when a device's OTA client sent a request."""
        ...

    def sender_of(self, nwk: int) -> RawDevice | None:
        """Return the device with a network address, if it is ours."""
        ...

    def is_router(self, device: RawDevice) -> bool:
        """Whether a device forwards frames of others."""
        ...


def _read_question(packet: t.ZigbeePacket, frame: bytes) -> Question | None:
    """Return the request of a device's OTA client; None for all other frames.

    zigpy would answer, too, but only clients that devices declare, and it drops repeated requests.
    """
    head = zcl.read_header(frame) if packet.cluster_id == OTA else None
    if head is None or head[0].is_general or head[0].is_from_server:
        return None
    header, payload = head
    return Question(packet.src_ep or 1, header.sequence, header.command, payload)


class RawDevice(zigpy.device.ZigbeeDevice):
    """A device of any model; its reports reach its `FrameListener` unparsed by zigpy."""

    def __init__(
        self, application: ControllerApplication, ieee: t.EUI64, nwk: t.NWK, listener: FrameListener
    ) -> None:
        super().__init__(application, ieee, nwk)
        self._listener = listener
        self._frames = FrameHandler(self.create_task)
        self._asked: OrderedDict[Key, tuple[zcl.Header, bool]] = OrderedDict()
        """Frames that zigpy may answer: header, and whether it was a unicast."""
        self._answers: set[asyncio.Task[Any]] = set()
        """Pending responses of zigpy."""

    @classmethod
    def of(cls, device: zigpy.device.ZigbeeDevice, listener: FrameListener) -> RawDevice:
        """Replace a device that zigpy has created."""
        raw = cls(device.application, device.ieee, device.nwk, listener)
        raw.lqi, raw.rssi = device.lqi, device.rssi
        raw.last_seen = device.last_seen
        raw.relays = device.relays
        raw.status = device.status
        raw.node_desc = device.node_desc
        raw.manufacturer, raw.model = device.manufacturer, device.model
        for endpoint in device.non_zdo_endpoints:
            own = raw.add_endpoint(endpoint.endpoint_id)
            own.status = endpoint.status
            own.profile_id, own.device_type = endpoint.profile_id, endpoint.device_type
            for cluster in endpoint.in_clusters:
                own.add_input_cluster(cluster)
            for cluster in endpoint.out_clusters:
                own.add_output_cluster(cluster)
        return raw

    @override
    def create_task[R](
        self, target: Coroutine[Any, Any, R], name: str | None = None
    ) -> asyncio.Task[R]:
        # zigpy's own does not cancel its tasks when the device is removed, and then logs their
        # errors.
        task = asyncio.get_running_loop().create_task(target, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @override
    async def group_membership_scan(self) -> None:
        """Skip the scan: there are no group commands, and these devices are awake for seconds."""

    @override
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Read an attribute frame, or pass the packet to zigpy. No packet makes it raise."""
        if (
            packet.dst is not None
            and packet.dst.addr_mode == t.AddrMode.Group
            and self._listener.is_router(self)
        ):
            # A router of this maker sends what it carries for a child under its own address, with
            # the child's network address as the group (protocol 0.6).
            owner = self._listener.sender_of(int(cast("t.Group", packet.dst.address)))
            if owner is not None and owner is not self:
                owner.handle(packet)
            else:  # an unknown child's, or its own: it only shows that the sender is there
                self._listener.received(self, None, packet.lqi, packet.timestamp)
            return
        self.handle(packet)

    def handle(self, packet: t.ZigbeePacket) -> None:
        """Handle a packet of this device."""
        if _ZDO in (packet.src_ep, packet.dst_ep) or packet.profile_id != zha.PROFILE_ID:
            self._leave_to_zigpy(packet)
            if packet.cluster_id == zdo_t.ZDOCmd.Device_annce:
                self._listener.announced(self)
            return
        frame = packet.data.serialize()
        question = _read_question(packet, frame)
        within = _REPEAT_SECONDS if question is not None else DUPLICATE_SECONDS
        if self._frames.is_duplicate(packet, frame, within):
            return
        if question is not None:
            self._listener.asked(self, question)
            self._listener.received(self, None, packet.lqi, packet.timestamp)
            return
        report, for_zigpy = self._read(packet, frame)
        self._listener.received(self, report, packet.lqi, packet.timestamp)
        if for_zigpy:
            self._leave_to_zigpy(packet)

    def _read(self, packet: t.ZigbeePacket, frame: bytes) -> tuple[zcl.Report | None, bool]:
        """Return a frame's report, and whether to pass the frame to zigpy."""
        head = zcl.read_header(frame)
        if head is None:
            return None, False
        header, _ = head
        endpoint, cluster = packet.src_ep or 0, packet.cluster_id
        self._note_asked((endpoint, cluster, header.sequence), header, packet)
        if not header.is_general:
            return None, True
        if header.command == zcl.REPORT_ATTRIBUTES:
            if header.wants_default_response and is_unicast(packet):
                self._frames.acknowledge(self, packet, header)
            return zcl.read_report(endpoint, cluster, frame), False
        if self._frames.take_answer(packet, header, frame):
            return None, False
        # A response that is not awaited here may be one to zigpy, and has values in any case.
        return zcl.read_report(endpoint, cluster, frame), True

    def _note_asked(self, key: Key, header: zcl.Header, packet: t.ZigbeePacket) -> None:
        self._asked[key] = header, is_unicast(packet)
        self._asked.move_to_end(key)
        if len(self._asked) > _MOST_HEADS:
            self._asked.popitem(last=False)

    @override
    async def reply(
        self,
        profile: int,
        cluster: int,
        src_ep: int,
        dst_ep: int,
        sequence: int,
        data: bytes,
        timeout: float = APS_REPLY_TIMEOUT,
        expect_reply: bool = False,
        use_ieee: bool = False,
        ask_for_ack: bool | None = None,
        priority: int | None = None,
        **kwargs: Any,
    ) -> Any:
        """Send a response of zigpy, with a correct header (ZCL revision 8, 2.4.1, 2.5.12).

        zigpy takes the direction from the cluster instead of the answered frame, omits the
        manufacturer code, and sends default responses to broadcasts and groupcasts.

        Raises:
            zigpy.exceptions.DeliveryError: it was not sent.
        """
        corrected = self._corrected((dst_ep, int(cluster), sequence), data)
        if corrected is None:
            return None
        if len(self._answers) >= MOST_ANSWERS:
            raise DeliveryError("too many answers to it are under way")
        return await self._finish(
            super().reply(
                profile,
                cluster,
                src_ep,
                dst_ep,
                sequence,
                corrected,
                timeout,
                expect_reply,
                use_ieee,
                ask_for_ack,
                priority,
                **kwargs,
            )
        )

    def _corrected(self, key: Key, data: bytes) -> bytes | None:
        """Return a response with the header that fits the request; None if none may be sent."""
        asked, was_unicast = self._asked.get(key, (None, True))
        head = zcl.read_header(data)
        if asked is None or head is None or not head[0].is_general:
            return data
        if head[0].command == zcl.DEFAULT_RESPONSE and not was_unicast:
            return None
        return zcl.write_answer(asked, head[0].command, head[1])

    async def _finish(self, sending: Coroutine[Any, Any, Any]) -> Any:
        """Send a response, unless the application ends before.

        Raises:
            zigpy.exceptions.DeliveryError: it was not sent.
        """
        answer = self.create_task(sending, f"answer to {self.ieee}")  # ends with the application
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)
        try:
            await asyncio.wait((answer,))
        finally:
            answer.cancel()
        if answer.cancelled():
            raise DeliveryError("it was given up")
        try:
            return answer.result()
        except Exception as error:
            # zigpy logs every exception but a delivery error as an internal error.
            _LOGGER.debug("%s was not answered", self.ieee, exc_info=True)
            raise DeliveryError(f"it was not sent: {error!r}") from error

    def _leave_to_zigpy(self, packet: t.ZigbeePacket) -> None:
        try:
            super().packet_received(packet)
        except ValueError as error:  # a truncated header or ZDO payload
            _LOGGER.debug("Unreadable packet from %s: %s", self.ieee, error)

    async def ask(self, request: zcl.Request, *, retries: int) -> bytes:
        """Send a request and wait for the response (`FrameHandler.ask`)."""
        return await self._frames.ask(self, request, retries=retries)
