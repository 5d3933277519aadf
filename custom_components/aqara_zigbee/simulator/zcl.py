"""ZCL frames and values as bytes.

Independent of zigpy's parser, whose mistakes it would share otherwise. References are to ZCL
revision 8 (Zigbee document 07-5123): 2.4 frame format, 2.5 general commands, 2.6.2 data types.
"""

from dataclasses import dataclass
from enum import IntEnum
import struct

PROFILE_HOME_AUTOMATION = 0x0104

type Value = bool | int | float | bytes


class Status(IntEnum):
    """Status codes (2.6.3)."""

    SUCCESS = 0x00
    FAILURE = 0x01
    MALFORMED_COMMAND = 0x80
    UNSUP_CLUSTER_COMMAND = 0x81
    UNSUP_GENERAL_COMMAND = 0x82
    UNSUP_MANUF_CLUSTER_COMMAND = 0x83
    UNSUP_MANUF_GENERAL_COMMAND = 0x84
    UNSUPPORTED_ATTRIBUTE = 0x86
    INVALID_VALUE = 0x87
    READ_ONLY = 0x88
    NOT_FOUND = 0x8B
    INVALID_DATA_TYPE = 0x8D
    ABORT = 0x95
    INVALID_IMAGE = 0x96
    WAIT_FOR_DATA = 0x97
    NO_IMAGE_AVAILABLE = 0x98


class General(IntEnum):
    """The general commands (2.5) that occur here."""

    READ = 0x00
    READ_RESPONSE = 0x01
    WRITE = 0x02
    WRITE_UNDIVIDED = 0x03
    WRITE_RESPONSE = 0x04
    WRITE_NO_RESPONSE = 0x05
    CONFIGURE_REPORTING = 0x06
    CONFIGURE_REPORTING_RESPONSE = 0x07
    REPORT = 0x0A
    DEFAULT_RESPONSE = 0x0B


class Type(IntEnum):
    """Data types (2.6.2)."""

    BOOL = 0x10
    BITMAP8 = 0x18
    BITMAP32 = 0x1B
    U8 = 0x20
    U16 = 0x21
    U32 = 0x23
    U40 = 0x24
    U64 = 0x27
    I8 = 0x28
    I16 = 0x29
    I32 = 0x2B
    ENUM8 = 0x30
    FLOAT = 0x39
    OCTETS = 0x41
    STRING = 0x42
    STRUCT = 0x4C


_SIGNED = {Type.I8: 1, Type.I16: 2, Type.I32: 4}
_UNSIGNED = {
    Type.BOOL: 1, Type.BITMAP8: 1, Type.BITMAP32: 4, Type.ENUM8: 1,
    Type.U8: 1, Type.U16: 2, Type.U32: 4, Type.U40: 5, Type.U64: 8,
}  # fmt: skip


class MalformedError(ValueError):
    """The data ends too early, or has an unknown type."""


def encode(kind: int, value: Value) -> bytes:
    """Return `value` as bytes of ZCL type `kind`, without the type byte.

    Strings are given as bytes, without their length; a structure is given in wire format.
    """
    match kind:
        case Type.FLOAT:
            return struct.pack("<f", value)
        case Type.OCTETS | Type.STRING:
            assert isinstance(value, bytes)
            return bytes([len(value)]) + value
        case Type.STRUCT:
            assert isinstance(value, bytes)
            return value
        case _:
            signed = kind in _SIGNED
            size = _SIGNED[Type(kind)] if signed else _UNSIGNED[Type(kind)]
            return int(value).to_bytes(size, "little", signed=signed)


def decode(kind: int, data: bytes) -> tuple[Value, bytes]:
    """Return the first value of type `kind` in `data`, and the remaining bytes.

    Raises:
        MalformedError: the data ends too early or the type is unknown.
    """
    match kind:
        case Type.FLOAT:
            raw, rest = _take(data, 4)
            return struct.unpack("<f", raw)[0], rest
        case Type.OCTETS | Type.STRING:
            length, rest = _take(data, 1)
            return _take(rest, length[0])
        case _ if kind in _SIGNED:
            raw, rest = _take(data, _SIGNED[Type(kind)])
            return int.from_bytes(raw, "little", signed=True), rest
        case _ if kind in _UNSIGNED:
            raw, rest = _take(data, _UNSIGNED[Type(kind)])
            number = int.from_bytes(raw, "little")
            return (bool(number) if kind == Type.BOOL else number), rest
    raise MalformedError(f"type 0x{kind:02x} is not known here")


def _take(data: bytes, length: int) -> tuple[bytes, bytes]:
    if len(data) < length:
        raise MalformedError(f"{length} bytes wanted, {len(data)} left")
    return data[:length], data[length:]


@dataclass(frozen=True, slots=True)
class Frame:
    """One ZCL frame (2.4.1).

    Attributes:
        command: command identifier.
        payload: the bytes after the header.
        sequence: transaction sequence number, 0 to 255.
        cluster_specific: whether it is a command of the cluster.
        manufacturer: manufacturer code, or None.
        from_server: direction bit: sent by the cluster's server side.
        quiet: "Disable default response": the sender wants none, except for errors.
    """

    command: int
    payload: bytes = b""
    sequence: int = 0
    cluster_specific: bool = False
    manufacturer: int | None = None
    from_server: bool = False
    quiet: bool = False

    @property
    def control(self) -> int:
        """The frame control byte: 0x18 for a plain report, 0x1C for a manufacturer-specific one."""
        return (
            (0x01 if self.cluster_specific else 0)
            | (0x04 if self.manufacturer is not None else 0)
            | (0x08 if self.from_server else 0)
            | (0x10 if self.quiet else 0)
        )

    def serialize(self) -> bytes:
        """Return the frame in wire format."""
        code = b"" if self.manufacturer is None else struct.pack("<H", self.manufacturer)
        return bytes([self.control]) + code + bytes([self.sequence, self.command]) + self.payload

    @classmethod
    def parse(cls, data: bytes) -> Frame:
        """Read a frame.

        Raises:
            MalformedError: shorter than its own header.
        """
        (control,), rest = _take(data, 1)
        manufacturer = None
        if control & 0x04:
            code, rest = _take(rest, 2)
            manufacturer = int.from_bytes(code, "little")
        (sequence, command), payload = _take(rest, 2)
        return cls(
            command,
            payload,
            sequence,
            cluster_specific=bool(control & 0x01),
            manufacturer=manufacturer,
            from_server=bool(control & 0x08),
            quiet=bool(control & 0x10),
        )

    def answer(self, command: int, payload: bytes, *, cluster_specific: bool = False) -> Frame:
        """Return the response to this frame: same transaction, other direction, quiet."""
        return Frame(
            command,
            payload,
            self.sequence,
            cluster_specific=cluster_specific,
            manufacturer=self.manufacturer,
            from_server=not self.from_server,
            quiet=True,
        )

    def default_response(self, status: int) -> Frame:
        """Return the default response (2.5.12) to this frame."""
        return self.answer(General.DEFAULT_RESPONSE, bytes([self.command, status]))


def record(attribute: int, kind: int, value: Value) -> bytes:
    """Return an attribute of a report or a write: identifier, type, value (2.5.11)."""
    return struct.pack("<HB", attribute, kind) + encode(kind, value)


type Reply = Frame | Status | None
"""The result of a command: a frame, a status for the default response, or no response."""
