"""Devices on the air without a coordinator; messages are recorded, time is advanced by hand."""

from random import Random
from typing import NamedTuple

from custom_components.aqara_zigbee.simulator.clock import Clock
from custom_components.aqara_zigbee.simulator.faults import Faults
from custom_components.aqara_zigbee.simulator.hub import Identity
from custom_components.aqara_zigbee.simulator.member import Member
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.network import Network
from custom_components.aqara_zigbee.simulator.node import Node
from custom_components.aqara_zigbee.simulator.zcl import Frame, General, Type, Value, record

LUMI = 0x115F


class Said(NamedTuple):
    """A recorded message."""

    time: float
    source: int
    endpoint: int
    cluster: int
    data: bytes
    group: int


class Bench:
    """A hub that only receives, with the air around it."""

    ieee_bytes = bytes(8)

    def __init__(self) -> None:
        self.clock = Clock(speed=0)
        self.faults = Faults()
        self.network = Network(self.clock, Random(0), self.faults)
        self.network.hub = self
        self.identity: Identity | None = Identity(b"extended", b"k" * 16)
        self.channel = 15
        self.is_open = True
        self.said: list[Said] = []
        self.arrivals: list[Member] = []
        self.departures: list[tuple[str, int, bool]] = []
        self._counter = 0

    @property
    def formed(self) -> Identity | None:
        """The network it runs."""
        return self.identity

    def trusts(self, _member: Member, _parent: Member | None) -> bool:
        """Admit all devices."""
        return True

    def count_frame(self) -> int:
        """Count a frame."""
        self._counter += 1
        return self._counter

    def known_address(self, _ieee: str) -> int | None:
        """No address is known."""
        return None

    def remember(self, member: Member) -> None:
        """Nothing is stored."""

    def joined(self, member: Member) -> None:
        """Record a join."""
        self.arrivals.append(member)

    def left(self, ieee: str, nwk: int, *, rejoin: bool) -> None:
        """Record a leave."""
        self.departures.append((ieee, nwk, rejoin))

    def deliver(
        self, member: Member, source: int, message: Message, *, group: int, broadcast: bool
    ) -> None:
        """Record a message."""
        self.said.append(
            Said(self.clock.now(), source, message.source, message.cluster, message.data, group)
        )

    # -- Used by tests ---------------------------------------------------------------------------

    def add[N: Node](self, node: N, *, parent: Member | None = None) -> N:
        """Add a device as a member."""
        number = len(list(self.network.members())) + 1
        node.ieee = node.ieee or f"00:15:8d:00:00:00:00:{number:02x}"
        self.network.add(node)
        self.network.enrol(node, parent, nwk=0x1000 + number)
        return node

    def wait(self, seconds: float = 0.1) -> None:
        """Advance the time."""
        self.clock.advance(seconds)

    def frames(self, cluster: int | None = None, seconds: float = 0.1) -> list[bytes]:
        """Advance the time; return and clear the payloads recorded, on one cluster or all."""
        self.wait(seconds)
        said, self.said = self.said, []
        return [each.data for each in said if cluster in (None, each.cluster) and each.endpoint]

    def send(self, node: Node, cluster: int, frame: Frame, *, endpoint: int = 1) -> list[Frame]:
        """Send a frame to a device; return its answers on this cluster."""
        self.said.clear()
        self.network.unicast(node.nwk, Message(cluster, 1, endpoint, frame.serialize()))
        self.wait()
        return [Frame.parse(each.data) for each in self.said if each.cluster == cluster]

    def read(
        self, node: Node, cluster: int, *attributes: int, endpoint: int = 1, code: int | None = None
    ) -> bytes:
        """Read attributes; return the payload of the response."""
        payload = b"".join(each.to_bytes(2, "little") for each in attributes)
        frame = Frame(General.READ, payload, 7, manufacturer=code)
        (answer,) = self.send(node, cluster, frame, endpoint=endpoint)
        assert answer.command == General.READ_RESPONSE
        assert answer.sequence == 7
        return answer.payload

    def write(
        self,
        node: Node,
        cluster: int,
        attribute: int,
        kind: Type,
        value: Value,
        *,
        code: int | None = LUMI,
    ) -> Frame:
        """Write an attribute of endpoint 1; return the response."""
        frame = Frame(
            General.WRITE, record(attribute, kind, value), 9, manufacturer=code, quiet=True
        )
        return self.send(node, cluster, frame)[0]

    def order(
        self, node: Node, command: int, payload: bytes = b"", *, endpoint: int = 1
    ) -> list[Frame]:
        """Send a command of the on/off cluster; return the answers and reports."""
        frame = Frame(command, payload, 3, cluster_specific=True)
        return self.send(node, 0x0006, frame, endpoint=endpoint)
