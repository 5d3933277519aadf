"""A simulated device: the behavior that all of them share.

It answers ZDO requests from its descriptors and ZCL requests from its attributes, and sends
reports. The models are in `devices/`.
"""

from collections import deque
from collections.abc import Callable
import struct
from typing import Any, ClassVar, override

from . import groups, zdo
from .attributes import Address, Attribute, Attributes
from .member import Member
from .message import Heard, Message
from .zcl import Frame, General, MalformedError, Reply, Status, Value, record


class Node(Member):
    """One device.

    Args:
        ieee: IEEE address; a home assigns one if empty.
        name: a name for people; a home assigns one if empty.

    Attributes:
        attributes: its attributes.
        groups: the groups of its endpoints.
        received_frames: the last 100 ZCL frames that it received.
    """

    MODEL: ClassVar[str] = ""
    VENDOR: ClassVar[str] = ""
    STATE: ClassVar[tuple[str, ...]] = ()
    """Attributes of the object that survive a restart."""

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.attributes = Attributes()
        self.groups = groups.Groups()
        self.received_frames: deque[Heard] = deque(maxlen=100)
        self._sequence = 0

    def has(
        self,
        endpoint: int,
        cluster: int,
        attribute: int,
        kind: int,
        value: Value | Callable[[], Value],
        *,
        write: Callable[[Value], Status] | None = None,
        manufacturer: int | None = None,
        client: bool = False,
    ) -> None:
        """Declare an attribute; the arguments are those of `Address` and `Attribute`."""
        address = Address(endpoint, cluster, attribute, client)
        self.attributes[address] = Attribute(kind, value, write, manufacturer)

    # -- Sending ---------------------------------------------------------------------------------

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) % 256
        return self._sequence

    def send(self, endpoint: int, cluster: int, frame: Frame, *, to: int = 1) -> None:
        """Send a frame to the coordinator's endpoint `to`."""
        self.network.uplink(self, Message(cluster, endpoint, to, frame.serialize()))

    def report(
        self,
        cluster: int,
        *records: tuple[int, int, Value],
        endpoint: int = 1,
        manufacturer: int | None = None,
    ) -> None:
        """Report attributes, each given as (identifier, type, value), in this order."""
        payload = b"".join(record(*each) for each in records)
        self.report_bytes(cluster, payload, endpoint=endpoint, manufacturer=manufacturer)

    def report_bytes(
        self, cluster: int, payload: bytes, *, endpoint: int = 1, manufacturer: int | None = None
    ) -> None:
        """Report bytes, which may be malformed."""
        frame = Frame(
            General.REPORT,
            payload,
            self._next(),
            manufacturer=manufacturer,
            from_server=True,
            quiet=True,
        )
        self.send(endpoint, cluster, frame)

    def ask(self, cluster: int, *attributes: int) -> None:
        """Read attributes of the coordinator, such as the time (cluster 0x000A)."""
        payload = struct.pack(f"<{len(attributes)}H", *attributes)
        self.send(1, cluster, Frame(General.READ, payload, self._next()))

    def command(self, cluster: int, command: int, payload: bytes = b"") -> None:
        """Send a command from a client cluster of endpoint 1, as a remote control does."""
        self.send(1, cluster, Frame(command, payload, self._next(), cluster_specific=True))

    @override
    def endpoints_in(self, group: int) -> list[int]:
        return self.groups.members(group)

    # -- Receiving -------------------------------------------------------------------------------

    @override
    def receive(self, message: Message, *, broadcast: bool = False) -> None:
        if self.SLEEPY:
            self.wake()
        if self.network.faults.is_mute(self.ieee):
            return
        if message.destination == 0:
            reply = self._answer_zdo(message, broadcast=broadcast)
        elif message.destination in self.endpoints:
            reply = self._answer_zcl(message)
            if broadcast:
                reply = None
        else:
            reply = None
        if reply is not None:
            self._reply(reply)

    def _reply(self, message: Message) -> None:
        if thinking := self.network.faults.thinking(self.ieee):
            self.later(thinking, self.network.uplink, self, message)
        else:
            self.network.uplink(self, message)

    def _answer_zdo(self, message: Message, *, broadcast: bool) -> Message | None:
        if not message.data:
            return None
        sequence, body = message.data[0], message.data[1:]
        response = self.network.obey(self, message.cluster, body)
        if response is None:
            response = zdo.answer(self, message.cluster, body)
        if not response or (broadcast and message.cluster not in zdo.ANSWERED_WHEN_BROADCAST):
            return None
        return Message.zdo(message.cluster | zdo.RESPONSE, sequence, response)

    def _answer_zcl(self, message: Message) -> Message | None:
        try:
            frame = Frame.parse(message.data)
        except MalformedError:
            return None
        endpoint = message.destination
        self.received_frames.append(Heard(endpoint, message.cluster, frame))
        reply = self._respond(endpoint, message.cluster, frame)
        if reply is None:
            return None
        return Message(message.cluster, endpoint, message.source, reply.serialize())

    def _respond(self, endpoint: int, cluster: int, frame: Frame) -> Frame | None:
        try:
            reply = self._carry_out(endpoint, cluster, frame)
        except MalformedError, struct.error:
            reply = Status.MALFORMED_COMMAND
        if isinstance(reply, Frame) or reply is None:
            return reply
        if reply is Status.SUCCESS and frame.quiet:
            return None
        return frame.default_response(reply)

    def _carry_out(self, endpoint: int, cluster: int, frame: Frame) -> Reply:
        if frame.cluster_specific:
            return self.on_command(endpoint, cluster, frame)
        if not self.knows_manufacturer(frame.manufacturer):
            # The relay's response to a write with an unknown manufacturer code (capture
            # LLKZMK11LM-060).
            return Status.UNSUP_MANUF_GENERAL_COMMAND
        return self.attributes.answer(endpoint, cluster, frame)

    def knows_manufacturer(self, code: int | None) -> bool:
        """Whether it accepts general commands with this manufacturer code."""
        return code is None

    def on_command(self, endpoint: int, cluster: int, frame: Frame) -> Reply:
        """Carry out a cluster command."""
        inputs = self.endpoints[endpoint].inputs
        match cluster, frame.command, frame.from_server:
            case 0x0003, 0x00, False:  # identify
                return Status.SUCCESS
            case groups.CLUSTER, _, False if cluster in inputs:
                return self.groups.answer(endpoint, frame)
            case _:
                return Status.UNSUP_CLUSTER_COMMAND

    @override
    def on_factory_reset(self) -> None:
        self.groups.clear()

    # -- State as data ---------------------------------------------------------------------------

    def options(self) -> dict[str, Any]:
        """The arguments for another device of the same kind."""
        return {}

    @override
    def snapshot(self) -> dict[str, Any]:
        return {
            **super().snapshot(),
            "model": self.MODEL,
            "options": self.options(),
            "sequence": self._sequence,
            "groups": sorted(self.groups),
            "state": {name: getattr(self, name) for name in self.STATE},
        }

    @override
    def restore(self, data: dict[str, Any]) -> None:
        super().restore(data)
        self._sequence = data["sequence"]
        self.groups = groups.Groups((endpoint, group) for endpoint, group in data["groups"])
        for name in self.STATE:
            if name in data["state"]:
                setattr(self, name, data["state"][name])
