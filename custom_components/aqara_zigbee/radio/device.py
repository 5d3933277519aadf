"""A zigpy device whose attribute frames are read by us, whole and raw.

zigpy cuts binary strings at their first NUL, drops frames whose length byte lies and everything
from endpoints and clusters that a device did not declare, and stores every value it reads. A
listener for ``handle_message`` would see the raw bytes too, but neither the link quality of the
frame nor the group address that marks a retransmission, and zigpy would do all its work besides.
So the frames that carry attributes end here, and all others go on to zigpy.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
import logging
from typing import Any, Protocol, cast, override

from zigpy.application import ControllerApplication
import zigpy.device
from zigpy.exceptions import ZigbeeException
from zigpy.profiles import zha
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from ..core import zcl

_LOGGER = logging.getLogger(__name__)

_ZDO = 0
_COORDINATOR_ENDPOINT = 1
_DUPLICATE_SECONDS = 10.0
_REMEMBERED_FRAMES = 256
"""More than a knob that is turned sends in that time."""
_REPEAT_SECONDS = 1.0
"""The same question about firmware may be asked again: its answer got lost."""

OTA = 0x0019
"""The cluster of firmware updates (ZCL revision 8, chapter 11)."""

_ANSWERS = {zcl.READ_ATTRIBUTES_RESPONSE, zcl.WRITE_ATTRIBUTES_RESPONSE, zcl.DEFAULT_RESPONSE}

type _Key = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What a device's OTA client asks: a command, to be answered under its sequence number."""

    endpoint: int
    sequence: int
    command: int
    payload: bytes


class Ear(Protocol):
    """Who wants to know what devices send."""

    def announced(self, device: RawDevice) -> None:
        """A device said that it is on the network."""
        ...

    def received(
        self,
        device: RawDevice,
        report: zcl.Report | None,
        link_quality: int | None,
        now: datetime,
    ) -> None:
        """A device sent attributes, or None for anything else."""
        ...

    def asked(self, device: RawDevice, question: Question) -> None:
        """A device asks about firmware."""
        ...

    def sender_of(self, nwk: int) -> RawDevice | None:
        """The device at a network address, if it is one of ours."""
        ...


def _read_question(packet: t.ZigbeePacket, frame: bytes) -> Question | None:
    """What a device's OTA client asks; None for all other frames.

    zigpy would answer too, but only to clients that devices declare, and it does not see a question
    that is asked again.
    """
    head = zcl.read_header(frame) if packet.cluster_id == OTA else None
    if head is None or head[0].is_general or head[0].is_from_server:
        return None
    header, payload = head
    return Question(packet.src_ep or 1, header.sequence, header.command, payload)


class RawDevice(zigpy.device.ZigbeeDevice):
    """A device of any model; what it reports reaches its `Ear` unparsed by zigpy."""

    def __init__(
        self, application: ControllerApplication, ieee: t.EUI64, nwk: t.NWK, ear: Ear
    ) -> None:
        super().__init__(application, ieee, nwk)
        self._ear = ear
        self._waiting: dict[_Key, asyncio.Future[bytes]] = {}
        self._recent: OrderedDict[tuple[int | None, int, bytes], float] = OrderedDict()

    @classmethod
    def of(cls, device: zigpy.device.ZigbeeDevice, ear: Ear) -> RawDevice:
        """Take the place of a device that zigpy has made."""
        raw = cls(device.application, device.ieee, device.nwk, ear)
        raw.lqi, raw.rssi = device.lqi, device.rssi
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
        # zigpy's own forgets its tasks when the device is removed, and then complains of them.
        task = asyncio.get_running_loop().create_task(target, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @override
    async def group_membership_scan(self) -> None:
        """Ask nothing: nobody is sent to in groups, and these devices are awake for seconds."""

    @override
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Read a packet of ours, or let zigpy have it. Never raises for what a device sent."""
        if packet.dst is not None and packet.dst.addr_mode == t.AddrMode.Group:
            # A router of this maker sends what it carries for a child under its own address, with
            # the child's network address as the group (contract 0.6).
            owner = self._ear.sender_of(int(cast("t.Group", packet.dst.address)))
            if owner is not None and owner is not self:
                owner.hear(packet)
            return
        self.hear(packet)

    def hear(self, packet: t.ZigbeePacket) -> None:
        """Take in a packet of this device."""
        if _ZDO in (packet.src_ep, packet.dst_ep) or packet.profile_id != zha.PROFILE_ID:
            self._leave_to_zigpy(packet)
            if packet.cluster_id == zdo_t.ZDOCmd.Device_annce:
                self._ear.announced(self)
            return
        frame = packet.data.serialize()
        question = _read_question(packet, frame)
        within = _REPEAT_SECONDS if question is not None else _DUPLICATE_SECONDS
        if self._is_duplicate(packet, frame, within):
            return
        if question is not None:
            self._ear.asked(self, question)
            self._ear.received(self, None, packet.lqi, packet.timestamp)
            return
        report, for_zigpy = self._read(packet, frame)
        self._ear.received(self, report, packet.lqi, packet.timestamp)
        if for_zigpy:
            self._leave_to_zigpy(packet)

    def _read(self, packet: t.ZigbeePacket, frame: bytes) -> tuple[zcl.Report | None, bool]:
        """What a frame reports, and whether zigpy should see it."""
        head = zcl.read_header(frame)
        if head is None:
            return None, False
        header, _ = head
        endpoint, cluster = packet.src_ep or 0, packet.cluster_id
        if not header.is_general:
            return None, True
        if header.command == zcl.REPORT_ATTRIBUTES:
            if header.wants_default_response:
                self._acknowledge(packet, header)
            return zcl.read_report(endpoint, cluster, frame), False
        if header.command in _ANSWERS:
            waiting = self._waiting.get((endpoint, cluster, header.sequence))
            if waiting is not None and not waiting.done():
                waiting.set_result(frame)
                return None, False
        # An answer nobody here waits for may be one to zigpy, and tells something in any case.
        return zcl.read_report(endpoint, cluster, frame), True

    def _leave_to_zigpy(self, packet: t.ZigbeePacket) -> None:
        try:
            super().packet_received(packet)
        except ValueError as error:  # a header or ZDO payload cut short
            _LOGGER.debug("Unreadable packet from %s: %s", self.ieee, error)

    def _is_duplicate(self, packet: t.ZigbeePacket, frame: bytes, within: float) -> bool:
        """Whether the same frame, sequence number and all, came less than some seconds ago."""
        key = (packet.src_ep, packet.cluster_id, frame)
        now = packet.timestamp.timestamp()
        last = self._recent.pop(key, None)
        self._recent[key] = now
        if len(self._recent) > _REMEMBERED_FRAMES:
            self._recent.popitem(last=False)
        return last is not None and abs(now - last) < within

    def _acknowledge(self, packet: t.ZigbeePacket, header: zcl.Header) -> None:
        self.create_task(
            self._send_default_response(packet, header), name=f"default response to {self.ieee}"
        )

    async def _send_default_response(self, packet: t.ZigbeePacket, header: zcl.Header) -> None:
        try:
            await self.request(
                zha.PROFILE_ID,
                packet.cluster_id,
                _COORDINATOR_ENDPOINT,
                packet.src_ep,
                header.sequence,
                zcl.write_default_response(header),
                expect_reply=False,
                ask_for_ack=False,
                priority=t.PacketPriority.LOW,
                retries=0,
            )
        except (ZigbeeException, TimeoutError, OSError) as error:
            _LOGGER.debug("No default response to %s: %s", self.ieee, error)

    async def ask(self, request: zcl.Request, *, retries: int) -> bytes:
        """Send a request and wait for the frame that answers it, for as long as it takes.

        Args:
            request: what to send.
            retries: how often zigpy may send again when the radio could not.

        Raises:
            zigpy.exceptions.DeliveryError: the radio could not send it.
        """
        sequence = self.get_sequence()
        key = (request.endpoint, int(request.cluster), sequence)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        try:
            await self.request(
                zha.PROFILE_ID,
                int(request.cluster),
                _COORDINATOR_ENDPOINT,
                request.endpoint,
                sequence,
                zcl.write_frame(request, sequence),
                expect_reply=False,
                ask_for_ack=False,
                retries=retries,
            )
            return await answer
        finally:
            del self._waiting[key]
