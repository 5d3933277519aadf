"""Descriptors of a station, and rows of its tables (Zigbee specification, 2.3.2 and 2.4.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
import struct
from typing import NamedTuple

from .zcl import PROFILE_HOME_AUTOMATION


class Role(IntEnum):
    """Logical type in the node descriptor."""

    COORDINATOR = 0
    ROUTER = 1
    END_DEVICE = 2


@dataclass(frozen=True, slots=True)
class NodeDescriptor:
    """A node descriptor (2.3.2.3). It need not be true: both locks claim `ROUTER`."""

    role: Role
    mac_flags: int
    manufacturer: int
    server_mask: int = 0
    max_buffer: int = 127
    max_transfer: int = 100

    def serialize(self) -> bytes:
        """Return 13 bytes; the band is always 2.4 GHz (0x40)."""
        return struct.pack(
            "<BBBHBHHHB",
            self.role,
            0x40,
            self.mac_flags,
            self.manufacturer,
            self.max_buffer,
            self.max_transfer,
            self.server_mask,
            self.max_transfer,
            0,
        )


@dataclass(frozen=True, slots=True)
class SimpleDescriptor:
    """A simple descriptor (2.3.2.5): one endpoint's device type and clusters."""

    device_type: int
    inputs: Sequence[int]
    outputs: Sequence[int] = ()
    version: int = 1
    profile: int = PROFILE_HOME_AUTOMATION

    def serialize(self, endpoint: int) -> bytes:
        """Return the bytes after the length byte in Simple_Desc_rsp."""
        return (
            struct.pack("<BHHB", endpoint, self.profile, self.device_type, self.version)
            + _clusters(self.inputs)
            + _clusters(self.outputs)
        )


def _clusters(clusters: Sequence[int]) -> bytes:
    return struct.pack(f"<B{len(clusters)}H", len(clusters), *clusters)


class Relationship(IntEnum):
    """A neighbor's relationship to the device that lists it."""

    PARENT = 0
    CHILD = 1
    SIBLING = 2


class Neighbor(NamedTuple):
    """A row of Mgmt_Lqi_rsp (2.4.4.3.2)."""

    ieee: bytes
    nwk: int
    role: Role
    listens: bool
    relationship: Relationship
    depth: int
    lqi: int

    def serialize(self, extended_pan: bytes) -> bytes:
        """Return 22 bytes."""
        kind = self.role | (int(self.listens) << 2) | (self.relationship << 4)
        return (
            extended_pan
            + self.ieee
            + struct.pack("<HBBBB", self.nwk, kind, 2, self.depth, self.lqi)
        )


class Route(NamedTuple):
    """A row of Mgmt_Rtg_rsp (2.4.4.3.3), always active."""

    destination: int
    next_hop: int

    def serialize(self) -> bytes:
        """Return 5 bytes."""
        return struct.pack("<HBH", self.destination, 0, self.next_hop)


@dataclass(frozen=True, slots=True)
class Binding:
    """Source and destination of a binding, the latter as it came in Bind_req."""

    ieee: bytes
    endpoint: int
    cluster: int
    destination: bytes

    def serialize(self) -> bytes:
        """Return the bytes of Bind_req and Mgmt_Bind_rsp."""
        return self.ieee + struct.pack("<BH", self.endpoint, self.cluster) + self.destination

    @classmethod
    def parse(cls, body: bytes) -> Binding:
        """Read the binding in the body of Bind_req."""
        ieee, endpoint, cluster = struct.unpack_from("<8sBH", body)
        return cls(ieee, endpoint, cluster, body[11:])
