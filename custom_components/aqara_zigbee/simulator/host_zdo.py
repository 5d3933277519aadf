"""ZDO between the host and the network: the host's requests, its callbacks, and the coordinator's answers."""

import struct
from typing import TYPE_CHECKING

from . import zdo
from .air import HOP
from .message import Message
from .mt import c, frame, t
from .spectrum import scan_seconds

if TYPE_CHECKING:
    from .coordinator import Coordinator

FIRST_BROADCAST = 0xFFF8
ANY_CLUSTER = 0xFFFF
ZDO_CALLBACK = 0x45
"""First command byte of the ZDO callbacks: AREQ, subsystem ZDO."""
ANNOUNCED = 0xC1
"""Second command byte of ZDO.EndDeviceAnnceInd."""


class HostZdo:
    """The host's side of the coordinator's ZDO, from one reset to the next.

    Attributes:
        callbacks: ZDO clusters for which the host gets callbacks; 0xFFFF is all.
    """

    def __init__(self, coordinator: Coordinator) -> None:
        self.callbacks: set[int] = set()
        self._coordinator = coordinator
        self._is_direct = coordinator.records.direct_callbacks
        self._sequence = 0

    def handle(self, source: int, message: Message, *, broadcast: bool = False) -> None:
        """Answer a ZDO message, and pass it to the host if it wants it."""
        sequence, body = message.data[0], message.data[1:]
        if message.cluster == zdo.ZdoCommand.DEVICE_ANNCE:
            self._direct(ANNOUNCED, struct.pack("<H", source) + body)
        elif message.cluster & zdo.RESPONSE:
            self._direct_response(source, message.cluster, body)
        elif (response := zdo.answer(self._coordinator, message.cluster, body)) is not None:
            answer = Message.zdo(message.cluster | zdo.RESPONSE, sequence, response)
            self._coordinator.network.unicast(source, answer)
        if self.callbacks & {ANY_CLUSTER, message.cluster}:
            self._coordinator.send(
                c.ZDO.MsgCbIncoming.Callback(
                    Src=t.NWK(source),
                    IsBroadcast=broadcast,
                    ClusterId=message.cluster,
                    SecurityUse=0,
                    TSN=sequence,
                    MacDst=t.NWK(zdo.BROADCAST_ALL if broadcast else self._coordinator.nwk),
                    Data=t.Bytes(body),
                )
            )

    def _direct_response(self, source: int, cluster: int, body: bytes) -> None:
        """Send the same response as a command of its own, before the callback."""
        if body[:1] != bytes([zdo.ZdoStatus.SUCCESS]):
            return
        if cluster & ~zdo.RESPONSE in (zdo.ZdoCommand.NWK_ADDR, zdo.ZdoCommand.IEEE_ADDR):
            data = body + bytes(2)  # no associated devices listed
        else:
            data = struct.pack("<H", source) + body
        self._direct(0x80 | cluster & 0x7F, data)

    def _direct(self, identifier: int, data: bytes) -> None:
        """Send a ZDO callback, if the host enabled them (NV item ZDO_DIRECT_CB)."""
        header = ZDO_CALLBACK | identifier << 8
        if self._is_direct and header in c.COMMANDS_BY_ID:
            self._coordinator.put(frame(header, data))

    def ask(self, nwk: int, command: int, body: bytes, *, sequence: int | None = None) -> None:
        """Send a ZDO request of the host to one device, to many, or to the coordinator itself.

        It is not confirmed.
        """
        if sequence is None:
            self._sequence = sequence = (self._sequence + 1) % 256
        message = Message.zdo(command, sequence, body)
        if nwk >= FIRST_BROADCAST:
            self._coordinator.network.broadcast(nwk, message)
        elif nwk == self._coordinator.nwk:
            self._ask_itself(command, sequence, body)
        else:
            self._coordinator.network.unicast(nwk, message)

    def _ask_itself(self, command: int, sequence: int, body: bytes) -> None:
        """Answer over the loopback; an energy scan takes its time."""
        response = self._obey(command, body)
        if response is None:
            response = zdo.answer(self._coordinator, command, body)
        if response is None:
            return
        delay = HOP
        if command == zdo.ZdoCommand.MGMT_NWK_UPDATE and len(body) >= 6:
            delay = scan_seconds(int.from_bytes(body[:4], "little"), body[4], body[5])
        answer = Message.zdo(command | zdo.RESPONSE, sequence, response)
        self._coordinator.soon(delay, self.handle, self._coordinator.nwk, answer)

    def _obey(self, command: int, body: bytes) -> bytes | None:
        """Carry out ZDO requests that concern the network itself."""
        match command:
            case zdo.ZdoCommand.MGMT_PERMIT_JOINING if body:
                self._coordinator.permit(body[0])
            case zdo.ZdoCommand.MGMT_LEAVE if len(body) >= 9:
                self._coordinator.network.dismiss(body)
            case _:
                return None
        return bytes([zdo.ZdoStatus.SUCCESS])
