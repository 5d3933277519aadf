"""The Zigbee device object (ZDO) of devices and coordinator.

Requests and responses of the device profile (Zigbee specification, document 05-3474, 2.4), as bytes
without the transaction number.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
import struct
from typing import Protocol

from .descriptors import Binding, Neighbor, NodeDescriptor, Role, Route, SimpleDescriptor

BROADCAST_ALL = 0xFFFF
BROADCAST_AWAKE = 0xFFFD
BROADCAST_ROUTERS = 0xFFFC

RESPONSE = 0x8000
"""Added to a request's cluster, it gives the cluster of the response."""


class ZdoCommand(IntEnum):
    """Cluster identifiers of the requests (2.4.3)."""

    NWK_ADDR = 0x0000
    IEEE_ADDR = 0x0001
    NODE_DESC = 0x0002
    POWER_DESC = 0x0003
    SIMPLE_DESC = 0x0004
    ACTIVE_EP = 0x0005
    MATCH_DESC = 0x0006
    DEVICE_ANNCE = 0x0013
    BIND = 0x0021
    UNBIND = 0x0022
    MGMT_LQI = 0x0031
    MGMT_RTG = 0x0032
    MGMT_BIND = 0x0033
    MGMT_LEAVE = 0x0034
    MGMT_PERMIT_JOINING = 0x0036
    MGMT_NWK_UPDATE = 0x0038


ANSWERED_WHEN_BROADCAST = frozenset(
    {ZdoCommand.NWK_ADDR, ZdoCommand.IEEE_ADDR, ZdoCommand.MATCH_DESC}
)


class ZdoStatus(IntEnum):
    """Status codes (2.4.5)."""

    SUCCESS = 0x00
    INV_REQUEST_TYPE = 0x80
    DEVICE_NOT_FOUND = 0x81
    INVALID_ENDPOINT = 0x82
    NOT_ACTIVE = 0x83
    NOT_SUPPORTED = 0x84


class Station(Protocol):
    """The data of a station that ZDO needs."""

    @property
    def nwk(self) -> int:
        """Network address."""

    @property
    def ieee_bytes(self) -> bytes:
        """IEEE address, least significant byte first."""

    @property
    def descriptor(self) -> NodeDescriptor:
        """Its node descriptor."""

    @property
    def endpoints(self) -> dict[int, SimpleDescriptor]:
        """The simple descriptors of its active endpoints."""

    @property
    def bindings(self) -> list[Binding]:
        """Its bindings."""

    def neighbors(self) -> Sequence[Neighbor]:
        """Its neighbors; empty if it has no table."""

    def routes(self) -> Sequence[Route]:
        """Its routing table."""

    def extended_pan(self) -> bytes:
        """The extended PAN id of its network."""

    def scan(self, channels: int) -> bytes | None:
        """Energy per channel, or None if it cannot scan."""


def answer(station: Station, command: int, body: bytes) -> bytes | None:
    """Return the body of the response to `command`, or None.

    `Network` answers leave and permit-join requests. A truncated request gets no response, as from
    most stacks.
    """
    respond = _ANSWERS.get(command)
    if respond is None:
        return None if command & RESPONSE else bytes([ZdoStatus.NOT_SUPPORTED])
    try:
        return respond(station, body)
    except struct.error, IndexError:
        return None


def announcement(station: Station) -> bytes:
    """Return Device_annce (2.4.3.1.11); its capabilities are those of the node descriptor."""
    return (
        struct.pack("<H", station.nwk) + station.ieee_bytes + bytes([station.descriptor.mac_flags])
    )


def _address(station: Station, _body: bytes) -> bytes:
    return bytes([ZdoStatus.SUCCESS]) + station.ieee_bytes + struct.pack("<H", station.nwk)


def _of_interest(station: Station, body: bytes, found: bytes) -> bytes:
    (nwk,) = struct.unpack_from("<H", body)
    if nwk != station.nwk:
        return struct.pack("<BH", ZdoStatus.DEVICE_NOT_FOUND, nwk)
    return struct.pack("<BH", ZdoStatus.SUCCESS, nwk) + found


def _node(station: Station, body: bytes) -> bytes:
    return _of_interest(station, body, station.descriptor.serialize())


def _power(station: Station, body: bytes) -> bytes:
    mains = bool(station.descriptor.mac_flags & 0x04)
    return _of_interest(station, body, bytes([0x10, 0xC1]) if mains else bytes([0x42, 0xC4]))


def _active(station: Station, body: bytes) -> bytes:
    return _of_interest(station, body, bytes([len(station.endpoints), *sorted(station.endpoints)]))


def _simple(station: Station, body: bytes) -> bytes:
    endpoint = body[2]
    found = station.endpoints.get(endpoint)
    if found is None:
        return struct.pack("<BHB", ZdoStatus.NOT_ACTIVE, station.nwk, 0)
    descriptor = found.serialize(endpoint)
    return _of_interest(station, body, bytes([len(descriptor)]) + descriptor)


def _match(station: Station, body: bytes) -> bytes:
    profile, inputs, outputs = _match_wanted(body)
    fitting = [
        endpoint
        for endpoint, has in sorted(station.endpoints.items())
        if has.profile == profile and (inputs & set(has.inputs) or outputs & set(has.outputs))
    ]
    return struct.pack("<BHB", ZdoStatus.SUCCESS, station.nwk, len(fitting)) + bytes(fitting)


def _match_wanted(body: bytes) -> tuple[int, set[int], set[int]]:
    profile, count = struct.unpack_from("<HB", body, 2)
    inputs = struct.unpack_from(f"<{count}H", body, 5)
    at = 5 + 2 * count
    outputs = struct.unpack_from(f"<{body[at]}H", body, at + 1)
    return profile, set(inputs), set(outputs)


def _bind(station: Station, body: bytes) -> bytes:
    wanted = Binding.parse(body)
    if wanted not in station.bindings:
        station.bindings.append(wanted)
    return bytes([ZdoStatus.SUCCESS])


def _unbind(station: Station, body: bytes) -> bytes:
    wanted = Binding.parse(body)
    if wanted in station.bindings:
        station.bindings.remove(wanted)
    return bytes([ZdoStatus.SUCCESS])


def _page(rows: Sequence[bytes], start: int, room: int = 66) -> bytes:
    """Return total, start, count, and as many rows as fit into one frame (2.4.4.3)."""
    here = rows[start : start + max(room // max(map(len, rows), default=1), 1)]
    return bytes([ZdoStatus.SUCCESS, len(rows), start, len(here)]) + b"".join(here)


def _lqi(station: Station, body: bytes) -> bytes:
    if station.descriptor.role is Role.END_DEVICE:
        return bytes([ZdoStatus.NOT_SUPPORTED])
    pan = station.extended_pan()
    return _page([row.serialize(pan) for row in station.neighbors()][:255], body[0])


def _rtg(station: Station, body: bytes) -> bytes:
    if station.descriptor.role is Role.END_DEVICE:
        return bytes([ZdoStatus.NOT_SUPPORTED])
    return _page([row.serialize() for row in station.routes()][:255], body[0])


def _bound(station: Station, body: bytes) -> bytes:
    return _page([row.serialize() for row in station.bindings], body[0])


SCAN_COMMAND_LIMIT = 5
"""Mgmt_NWK_Update_req (2.4.3.3.9): durations up to 5 request a scan, 0xFE changes the channel."""
CHANGE_CHANNEL = 0xFE


def _update(station: Station, body: bytes) -> bytes | None:
    channels, duration = struct.unpack_from("<IB", body)
    if duration > SCAN_COMMAND_LIMIT:
        return None  # a request to the network, carried out by it without a response
    energies = station.scan(channels)
    if energies is None:
        return bytes([ZdoStatus.NOT_SUPPORTED]) + bytes(9)
    return struct.pack("<BIHHB", ZdoStatus.SUCCESS, channels, 480, 12, len(energies)) + energies


_ANSWERS: dict[int, Callable[[Station, bytes], bytes | None]] = {
    ZdoCommand.NWK_ADDR: _address,
    ZdoCommand.IEEE_ADDR: _address,
    ZdoCommand.NODE_DESC: _node,
    ZdoCommand.POWER_DESC: _power,
    ZdoCommand.SIMPLE_DESC: _simple,
    ZdoCommand.ACTIVE_EP: _active,
    ZdoCommand.MATCH_DESC: _match,
    ZdoCommand.BIND: _bind,
    ZdoCommand.UNBIND: _unbind,
    ZdoCommand.MGMT_LQI: _lqi,
    ZdoCommand.MGMT_RTG: _rtg,
    ZdoCommand.MGMT_BIND: _bound,
    ZdoCommand.MGMT_NWK_UPDATE: _update,
}
