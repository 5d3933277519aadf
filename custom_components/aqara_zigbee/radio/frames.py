"""Attribute frames of one device, and requests that wait for its responses.

Used for devices of our own network (`radio.device`) and for those of another program's
(`radio.guest_devices`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
import logging
from typing import Any, Protocol

from zigpy.exceptions import ZigbeeException
from zigpy.profiles import zha
import zigpy.types as t

from ..core import zcl

_LOGGER = logging.getLogger(__name__)

_COORDINATOR_ENDPOINT = 1
_REMEMBERED_FRAMES = 256
"""More than a turned knob sends in ten seconds."""
MOST_ANSWERS = 8
"""Maximum pending responses to one device; a device that floods gets no more."""

_ANSWERS = {zcl.READ_ATTRIBUTES_RESPONSE, zcl.WRITE_ATTRIBUTES_RESPONSE, zcl.DEFAULT_RESPONSE}

DUPLICATE_SECONDS = 10.0
"""Seconds within which an equal frame with the same sequence number is a retransmission."""

type Key = tuple[int, int, int]
"""Endpoint, cluster and sequence number."""


class Sender(Protocol):
    """The functions of a zigpy device for sending frames."""

    @property
    def ieee(self) -> t.EUI64:
        """Its address."""
        ...

    def get_sequence(self) -> int:
        """The next sequence number, 0..255."""
        ...

    async def request(
        self,
        profile: Any,
        cluster: Any,
        src_ep: Any,
        dst_ep: Any,
        sequence: Any,
        data: Any,
        *,
        expect_reply: bool = True,
        ask_for_ack: bool | None = None,
        priority: int | None = None,
        retries: int = 0,
    ) -> Any:
        """Send a frame."""
        ...


def is_unicast(packet: t.ZigbeePacket) -> bool:
    """Whether a packet was sent only to the coordinator."""
    return packet.dst is not None and packet.dst.addr_mode == t.AddrMode.NWK


class FrameHandler:
    """Reads the frames of one device, acknowledges them and sends requests to it."""

    def __init__(self, spawn: Callable[[Coroutine[Any, Any, None], str], object]) -> None:
        """Create a handler without received frames.

        Args:
            spawn: starts a named coroutine in the background.
        """
        self._spawn = spawn
        self._waiting: dict[Key, asyncio.Future[bytes]] = {}
        self._recent: OrderedDict[tuple[int | None, int, bytes], float] = OrderedDict()
        self._answering = 0

    def is_duplicate(self, packet: t.ZigbeePacket, frame: bytes, within: float) -> bool:
        """Whether an equal frame with the same sequence number came less than some seconds ago."""
        key = (packet.src_ep, packet.cluster_id, frame)
        now = packet.timestamp.timestamp()
        last = self._recent.pop(key, None)
        self._recent[key] = now
        if len(self._recent) > _REMEMBERED_FRAMES:
            self._recent.popitem(last=False)
        return last is not None and abs(now - last) < within

    def take_answer(self, packet: t.ZigbeePacket, header: zcl.Header, frame: bytes) -> bool:
        """Pass a frame to the request that waits for it; return whether there is one."""
        if not header.is_general or header.command not in _ANSWERS:
            return False
        waiting = self._waiting.get((packet.src_ep or 0, packet.cluster_id, header.sequence))
        if waiting is None or waiting.done():
            return False
        waiting.set_result(frame)
        return True

    def acknowledge(self, sender: Sender, packet: t.ZigbeePacket, header: zcl.Header) -> None:
        """Send the default response to a report, unless too many are pending."""
        if self._answering < MOST_ANSWERS:
            self._answering += 1
            self._spawn(
                self._send_default_response(sender, packet, header),
                f"default response to {sender.ieee}",
            )

    async def _send_default_response(
        self, sender: Sender, packet: t.ZigbeePacket, header: zcl.Header
    ) -> None:
        try:
            await sender.request(
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
            _LOGGER.debug("No default response to %s: %s", sender.ieee, error)
        finally:
            self._answering -= 1

    async def ask(self, sender: Sender, request: zcl.Request, *, retries: int) -> bytes:
        """Send a request and wait for the response, without a timeout.

        Args:
            sender: the device.
            request: the request.
            retries: how often zigpy may repeat it when the radio failed.

        Raises:
            zigpy.exceptions.DeliveryError: the radio could not send it.
        """
        sequence = sender.get_sequence()
        key = (request.endpoint, int(request.cluster), int(sequence))
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[key] = answer
        try:
            await sender.request(
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
