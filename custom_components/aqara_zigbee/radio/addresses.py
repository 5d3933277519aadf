"""Assignment of network addresses to devices.

A device keeps its IEEE address; its network address (16 bits) changes when it joins again, and the
network may give a former one to another device. zigpy stores the last known address of each device,
so two can have the same one, of which the first gets all frames. Here an address belongs to the
device that announced it last; the other one's address is unknown until its next frame. A device
that takes the address of a known device gets an IEEE address request, and keeps it unless another
device answers.
"""

import asyncio
from collections.abc import Callable, Iterable
import contextlib
import logging
from typing import Any, cast, override

from zigpy.device import BaseDevice, ZigbeeDevice
from zigpy.exceptions import DeliveryError, ZigbeeException
import zigpy.types as t
import zigpy.zdo.types as zdo_t
from zigpy_znp.exceptions import CommandNotRecognized

from .joiners import JoiningApplication, RateLimit

_LOGGER = logging.getLogger(__name__)

UNKNOWN = t.NWK(0xFFFE)
"""The network address of a device without one (Zigbee specification, 3.6.1.7)."""

_FIRST, _LAST = 0x0001, 0xFFF7
_NOT_A_DEVICE = frozenset({t.EUI64([0] * 8), t.EUI64([0xFF] * 8)})

_SEARCH_SECONDS = 1.5
"""Seconds to wait for the response to a broadcast address request."""
_SEARCH_PAUSE = 10.0
"""Seconds between two searches for the same device."""
_QUESTION_PAUSE = 2.0
"""Seconds between two requests to the same unknown network address."""
_MOST_QUESTIONS = 16
"""Maximum number of requests to unknown addresses, or of searches, within their pause."""

_LOG_PAUSE = 3600.0
"""Seconds between two log messages about frames of the same unknown address."""
_MOST_LOGGED = 64
"""Maximum number of unknown addresses that are logged within `_LOG_PAUSE`."""

_MOST_AWAITED = 64
"""Maximum number of network addresses with pending requests; further ones are not requested."""

_GREEN_POWER = 242
"""The endpoint of frames that zigpy takes before it looks for their sender."""

_ANNOUNCEMENT, _ANSWER = 12, 12
"""Minimum octets of a Device_annce, and of a response to NWK_addr_req or IEEE_addr_req."""

_SINGLE_DEVICE = 0x00
"""Request type of IEEE_addr_req and NWK_addr_req: a single device (2.4.3.1.1)."""

_FAILURES = (
    ZigbeeException,
    CommandNotRecognized,
    OSError,
    RuntimeError,
    AttributeError,
)
"""Exceptions of sending, also on a line that has just failed."""


def is_device_address(nwk: int) -> bool:
    """Whether a device can have this address: neither the coordinator's nor a broadcast address."""
    return _FIRST <= nwk <= _LAST


def _claim_of(packet: t.ZigbeePacket) -> tuple[t.EUI64, int] | None:
    """Return the IEEE and network address in a ZDO packet (2.4.3.1.11, 2.4.4.2.1)."""
    data = packet.data.serialize()
    match packet.cluster_id:
        case zdo_t.ZDOCmd.Device_annce if len(data) >= _ANNOUNCEMENT:
            nwk, ieee = data[1:3], data[3:11]
        case zdo_t.ZDOCmd.NWK_addr_rsp | zdo_t.ZDOCmd.IEEE_addr_rsp if len(data) >= _ANSWER:
            ieee, nwk = data[2:10], data[10:12]
        case _:
            return None
    return t.EUI64(ieee), int.from_bytes(nwk, "little")


class AddressedApplication(JoiningApplication):
    """A TI coordinator that assigns each network address to one device."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.on_readdressed: Callable[[ZigbeeDevice], None] = lambda device: None
        """Called when a known device has lost its network address, or was found under another."""
        self._questions = RateLimit(_QUESTION_PAUSE, _MOST_QUESTIONS)
        self._checks = RateLimit(_QUESTION_PAUSE, _MOST_QUESTIONS)
        self._logged = RateLimit(_LOG_PAUSE, _MOST_LOGGED)
        self._asking = 0
        """Number of pending requests to network addresses."""
        self._awaited: dict[int, None] = {}
        """Network addresses with a pending IEEE address request."""
        self._doubtful: set[int] = set()
        """Network addresses that another device took from a known one, until they are requested."""
        self._searches = RateLimit(_SEARCH_PAUSE, _MOST_QUESTIONS)
        self._sought: dict[t.EUI64, asyncio.Future[None]] = {}

    @override
    async def _load_db(self) -> None:
        await super()._load_db()
        self._settle()

    def _settle(self) -> None:
        """Of several devices with one address in a database, the last seen one keeps it.

        Devices with an unfinished interview count as new.
        """
        devices = [device for device in self.devices.values() if isinstance(device, ZigbeeDevice)]
        owners: dict[int, ZigbeeDevice] = {}
        for device in sorted(devices, key=lambda device: device.last_seen or 0.0):
            owners[int(device.nwk)] = device
        for device in devices:
            if is_device_address(device.nwk) and owners[int(device.nwk)] is not device:
                self._readdress(device, UNKNOWN)
        for device in devices:
            if not device.is_initialized:
                # zigpy would treat it as completely stored, and never store it.
                device._original_signature = None  # noqa: SLF001

    def _readdress(self, device: ZigbeeDevice, nwk: t.NWK) -> None:
        _LOGGER.debug("%s: network address 0x%04x -> 0x%04x", device.ieee, device.nwk, nwk)
        device.nwk = nwk
        listener: Any = self._dblistener
        if listener is not None:
            listener.device_joined(device)  # which only stores the address
        self.on_readdressed(device)

    @override
    def get_device(self, ieee: t.EUI64 | None = None, nwk: t.NWK | int | None = None) -> BaseDevice:
        if ieee is None and nwk == UNKNOWN:
            raise KeyError(nwk)
        found: BaseDevice = super().get_device(ieee, nwk)  # type: ignore[arg-type]
        return found

    @override
    def packet_received(self, packet: t.ZigbeePacket) -> None:
        """Pass a packet to zigpy, unless it claims an address of another device."""
        sender = packet.src
        if sender is None or sender.addr_mode != t.AddrMode.NWK:
            super().packet_received(packet)
            return
        nwk = int(cast("t.NWK", sender.address))
        claim = _claim_of(packet) if 0 in (packet.src_ep, packet.dst_ep) else None
        if claim is not None:
            if not self._is_credible(packet, nwk, *claim):
                _LOGGER.debug("0x%04x claims that %s has address 0x%04x", nwk, *claim)
                return
            if packet.cluster_id != zdo_t.ZDOCmd.Device_annce:
                self._doubtful.discard(claim[1])
        elif _GREEN_POWER not in (packet.src_ep, packet.dst_ep) and self._is_logged(nwk):
            self._ask_unknown(nwk)
            return
        super().packet_received(packet)
        if nwk in self._doubtful and self._checks.allows(nwk, asyncio.get_running_loop().time()):
            self.create_task(
                self._ask_who(t.NWK(nwk), 2 * _MOST_QUESTIONS), f"ask who has 0x{nwk:04x}"
            )

    @override
    def get_device_with_address(self, address: t.AddrModeAddress) -> BaseDevice:
        """Return the sender of a packet. Where there is none, zigpy logs its address."""
        try:
            return super().get_device_with_address(address)
        except KeyError:
            if address.addr_mode == t.AddrMode.NWK:
                self._logged.allows(int(cast("t.NWK", address.address)), _now())
            raise

    @override
    def handle_relays(self, nwk: t.NWK, relays: list[t.NWK]) -> None:
        if self._is_logged(nwk):
            self._ask_unknown(nwk)
            return
        with contextlib.suppress(KeyError):
            self.get_device_with_address(t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=nwk))
        super().handle_relays(nwk, relays)

    def _is_logged(self, nwk: int) -> bool:
        """Whether an address is unknown and was logged already, or too many others were.

        zigpy logs a warning for each frame of an unknown address, which would fill the log.
        """
        if self._logged.would_allow(int(nwk), _now()):
            return False
        try:
            self.get_device(nwk=nwk)
        except KeyError:
            return True
        return False

    def _ask_unknown(self, nwk: int) -> None:
        """Ask an unknown address for its device, as zigpy does after it has logged the address."""
        self.create_task(self._discover_unknown_device(t.NWK(nwk)), f"ask who has 0x{nwk:04x}")

    def _is_credible(self, packet: t.ZigbeePacket, sender: int, ieee: t.EUI64, nwk: int) -> bool:
        """Whether a packet can assign a network address.

        A device announces itself. Other addresses are only in responses about its children.
        """
        if packet.cluster_id == zdo_t.ZDOCmd.Device_annce:
            return sender == nwk
        if ieee in self._sought:
            return True
        if sender == nwk and nwk in self._awaited:
            del self._awaited[nwk]
            return True
        return False

    @override
    def handle_join(
        self,
        nwk: t.NWK,
        ieee: t.EUI64,
        parent_nwk: t.NWK | None,
        *,
        handle_rejoin: bool = True,
    ) -> None:
        """Assign the network address of a device that joined, announced itself, or answered."""
        ieee = t.EUI64(ieee)
        if not is_device_address(nwk) or ieee in {*_NOT_A_DEVICE, self.state.node_info.ieee}:
            _LOGGER.debug("No device can be %s with address 0x%04x", ieee, nwk)
            return
        for other in _with_address(self.devices.values(), nwk):
            if other.ieee != ieee:
                if other.is_initialized:
                    self._doubtful.add(int(nwk))
                self._readdress(other, UNKNOWN)
        device = self.devices.get(ieee)
        if handle_rejoin or not isinstance(device, ZigbeeDevice) or not device.is_initialized:
            super().handle_join(nwk, ieee, parent_nwk, handle_rejoin=handle_rejoin)
        elif device.nwk != nwk:
            # It has not joined, it was found. Waiting requests can be sent now.
            self._readdress(device, t.NWK(nwk))
        sought = self._sought.get(ieee)
        if sought is not None and not sought.done():
            sought.set_result(None)

    @override
    async def _discover_unknown_device(self, nwk: t.NWK) -> None:
        """Send an IEEE address request to the sender: broadcasts do not reach sleepy devices.

        It has just sent something, so it receives for a moment.
        """
        now = asyncio.get_running_loop().time()
        if is_device_address(nwk) and self._questions.allows(nwk, now):
            await self._ask_who(t.NWK(nwk), _MOST_QUESTIONS)

    async def _ask_who(self, nwk: t.NWK, most: int) -> None:
        """Send an IEEE address request to a network address, unless `most` are pending.

        Without an answer it takes seconds.
        """
        if self._asking >= most:
            return
        self._asking += 1
        try:
            await self._send_question(nwk)
        finally:
            self._asking -= 1

    async def _send_question(self, nwk: t.NWK) -> None:
        self._awaited[int(nwk)] = None
        while len(self._awaited) > _MOST_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        destination = t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=nwk)
        await self._ask_address(zdo_t.ZDOCmd.IEEE_addr_req, destination, nwk.serialize())

    async def locate(self, device: ZigbeeDevice) -> bool:
        """Request the address of an unreachable device, and discover a route to it.

        Takes 1.5 s at most. The same device is searched for at most once in 10 s.

        Returns:
            Whether it was searched for.
        """
        if not self._searches.allows(device.ieee, asyncio.get_running_loop().time()):
            return False
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sought[device.ieee] = answer
        destination = t.AddrModeAddress(
            addr_mode=t.AddrMode.Broadcast, address=t.BroadcastAddress.RX_ON_WHEN_IDLE
        )
        try:
            await self._ask_address(zdo_t.ZDOCmd.NWK_addr_req, destination, device.ieee.serialize())
            if device.nwk != UNKNOWN:
                self.create_task(self._try_to_route(device.nwk), f"route to {device.ieee}")
            await asyncio.wait((answer,), timeout=_SEARCH_SECONDS)
        finally:
            del self._sought[device.ieee]
        return True

    async def _try_to_route(self, nwk: t.NWK) -> None:
        try:
            await self._discover_route(nwk)
        except _FAILURES as error:
            _LOGGER.debug("No route to 0x%04x: %s", nwk, error)

    async def _ask_address(
        self, command: zdo_t.ZDOCmd, destination: t.AddrModeAddress, whom: bytes
    ) -> None:
        """Send NWK_addr_req or IEEE_addr_req; the response arrives as `handle_join`."""
        sequence = self.get_sequence()
        own = self.state.node_info.nwk
        packet = t.ZigbeePacket(
            src=t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=own),
            src_ep=t.uint8_t(0),
            dst=destination,
            dst_ep=t.uint8_t(0),
            tsn=t.uint8_t(sequence),
            profile_id=t.uint16_t(0),
            cluster_id=command,
            data=t.SerializableBytes(bytes([sequence]) + whom + bytes([_SINGLE_DEVICE, 0])),
            priority=t.PacketPriority.HIGH,
        )
        try:
            await self.send_packet(packet)
        except _FAILURES as error:
            _LOGGER.debug("%s was not sent: %s", command.name, error)

    @override
    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        destination = packet.dst
        if (
            destination is not None
            and destination.addr_mode == t.AddrMode.NWK
            and destination.address == UNKNOWN
        ):
            raise DeliveryError("its network address is not known until it sends something")
        await super().send_packet(packet)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _with_address(devices: Iterable[BaseDevice], nwk: int) -> list[ZigbeeDevice]:
    return [each for each in devices if isinstance(each, ZigbeeDevice) and each.nwk == nwk]
