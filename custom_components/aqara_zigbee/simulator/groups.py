"""The groups cluster of a device (ZCL revision 8, 3.6)."""

import struct

from .zcl import Frame, Reply, Status

ADD, VIEW, MEMBERSHIP, REMOVE, REMOVE_ALL = range(5)
CLUSTER = 0x0004


class Groups(set[tuple[int, int]]):
    """The groups of each endpoint."""

    def members(self, group: int) -> list[int]:
        """The endpoints in a group."""
        return sorted(endpoint for endpoint, joined in self if joined == group)

    def answer(self, endpoint: int, frame: Frame) -> Reply:
        """Carry out a command of the cluster."""
        match frame.command:
            case 0x04:  # remove all
                self -= {each for each in self if each[0] == endpoint}
                return Status.SUCCESS
            case 0x02:  # membership
                return frame.answer(
                    MEMBERSHIP, self._membership(endpoint, frame.payload), cluster_specific=True
                )
            case 0x00 | 0x01 | 0x03 if len(frame.payload) >= 2:
                return self._one(endpoint, frame)
            case 0x00 | 0x01 | 0x03:
                return Status.MALFORMED_COMMAND
            case _:
                return Status.UNSUP_CLUSTER_COMMAND

    def _one(self, endpoint: int, frame: Frame) -> Frame:
        """Add, view or remove one group."""
        group = int.from_bytes(frame.payload[:2], "little")
        if frame.command == ADD:
            self.add((endpoint, group))
        status = Status.SUCCESS if (endpoint, group) in self else Status.NOT_FOUND
        if frame.command == REMOVE:
            self.discard((endpoint, group))
        name = b"\x00" if frame.command == VIEW else b""
        payload = struct.pack("<BH", status, group) + name
        return frame.answer(frame.command, payload, cluster_specific=True)

    def _membership(self, endpoint: int, payload: bytes) -> bytes:
        """Capacity unknown (0xFF), then the groups it is in, of those requested or of all."""
        count = payload[0] if payload else 0
        wanted = set(struct.unpack_from(f"<{count}H", payload, 1)) if count else set()
        mine = sorted(
            group for at, group in self if at == endpoint and (not wanted or group in wanted)
        )
        return struct.pack(f"<BB{len(mine)}H", 0xFF, len(mine), *mine)
