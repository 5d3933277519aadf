"""A device's attributes, and the general commands that read and write them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import struct
from typing import NamedTuple

from .zcl import Frame, General, MalformedError, Status, Value, decode, encode


class Address(NamedTuple):
    """Address of an attribute; `client` is for the client side's attributes, as OTA's version."""

    endpoint: int
    cluster: int
    attribute: int
    client: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        kind: ZCL type.
        value: the value that reads return, or a function that returns it.
        write: sets a new value and returns a ZCL status; None makes the attribute read-only.
        manufacturer: the manufacturer code a request must carry, or None.
    """

    kind: int
    value: Value | Callable[[], Value]
    write: Callable[[Value], Status] | None = None
    manufacturer: int | None = None

    def read(self) -> Value:
        """The current value."""
        return self.value() if callable(self.value) else self.value


class Attributes(dict[Address, Attribute]):
    """All attributes of a device; answers general commands."""

    def answer(self, endpoint: int, cluster: int, frame: Frame) -> Frame | None:
        """Return the response to a general command, or None if it disabled the default response.

        Raises:
            MalformedError: the payload cannot be read.
        """
        match frame.command:
            case General.READ:
                return frame.answer(General.READ_RESPONSE, self._read(endpoint, cluster, frame))
            case General.WRITE | General.WRITE_UNDIVIDED:
                return frame.answer(General.WRITE_RESPONSE, self._write(endpoint, cluster, frame))
            case General.WRITE_NO_RESPONSE:
                self._write(endpoint, cluster, frame)
                return None
            case General.CONFIGURE_REPORTING:
                # Lumi devices accept Configure Reporting and report as they like (protocol 0.6).
                return frame.answer(General.CONFIGURE_REPORTING_RESPONSE, bytes([Status.SUCCESS]))
            case General.DEFAULT_RESPONSE | General.READ_RESPONSE | General.WRITE_RESPONSE:
                return None
            case _:
                return frame.default_response(Status.UNSUP_GENERAL_COMMAND)

    def _find(self, endpoint: int, cluster: int, attribute: int, frame: Frame) -> Attribute | None:
        found = self.get(Address(endpoint, cluster, attribute, frame.from_server))
        return found if found is not None and found.manufacturer == frame.manufacturer else None

    def _read(self, endpoint: int, cluster: int, frame: Frame) -> bytes:
        """Return a Read Attributes Response (ZCL revision 8, 2.5.2)."""
        if len(frame.payload) % 2:
            raise MalformedError("half an attribute identifier")
        answers = bytearray()
        for (attribute,) in struct.iter_unpack("<H", frame.payload):
            found = self._find(endpoint, cluster, attribute, frame)
            if found is None:
                answers += struct.pack("<HB", attribute, Status.UNSUPPORTED_ATTRIBUTE)
            else:
                answers += struct.pack("<HBB", attribute, Status.SUCCESS, found.kind)
                answers += encode(found.kind, found.read())
        return bytes(answers)

    def _write(self, endpoint: int, cluster: int, frame: Frame) -> bytes:
        """Return a Write Attributes Response (2.5.5): one byte, or the failures."""
        failures = b""
        for attribute, kind, value in _records(frame.payload):
            found = self._find(endpoint, cluster, attribute, frame)
            if (status := _store(found, kind, value)) is not Status.SUCCESS:
                failures += struct.pack("<BH", status, attribute)
        return failures or bytes([Status.SUCCESS])


def _records(payload: bytes) -> Iterator[tuple[int, int, Value]]:
    while payload:
        if len(payload) < 3:
            raise MalformedError("half a record")
        attribute, kind = struct.unpack_from("<HB", payload)
        value, payload = decode(kind, payload[3:])
        yield attribute, kind, value


def _store(attribute: Attribute | None, kind: int, value: Value) -> Status:
    if attribute is None:
        return Status.UNSUPPORTED_ATTRIBUTE
    if attribute.write is None:
        return Status.READ_ONLY
    if attribute.kind != kind:
        return Status.INVALID_DATA_TYPE
    return attribute.write(value)
