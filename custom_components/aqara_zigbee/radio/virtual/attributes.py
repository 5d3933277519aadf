"""A device's attributes, and the general commands that read and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import struct
from typing import NamedTuple

from .zcl import Frame, General, MalformedError, Status, Value, decode, encode


class Address(NamedTuple):
    """Where an attribute lives; `client` is for those of the client side, such as OTA's version."""

    endpoint: int
    cluster: int
    attribute: int
    client: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        kind: ZCL type.
        value: What reads return: a value, or something that knows it at the moment.
        write: Takes a new value and answers with a ZCL status; None makes the attribute read-only.
        manufacturer: The manufacturer code a request must carry, or None.
    """

    kind: int
    value: Value | Callable[[], Value]
    write: Callable[[Value], Status] | None = None
    manufacturer: int | None = None

    def read(self) -> Value:
        """The present value."""
        return self.value() if callable(self.value) else self.value


class Attributes(dict[Address, Attribute]):
    """All attributes of a device; answers the general commands addressed to them."""

    def answer(self, endpoint: int, cluster: int, frame: Frame) -> Frame | None:
        """The response to a general command, or None if it wants none.

        Raises:
            MalformedError: The payload cannot be read.
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
                # Lumi devices report as they like, whatever they acknowledge (contract §0.6).
                return frame.answer(General.CONFIGURE_REPORTING_RESPONSE, bytes([Status.SUCCESS]))
            case General.DEFAULT_RESPONSE | General.READ_RESPONSE | General.WRITE_RESPONSE:
                return None
            case _:
                return frame.default_response(Status.UNSUP_GENERAL_COMMAND)

    def _find(self, endpoint: int, cluster: int, attribute: int, frame: Frame) -> Attribute | None:
        found = self.get(Address(endpoint, cluster, attribute, frame.from_server))
        return found if found is not None and found.manufacturer == frame.manufacturer else None

    def _read(self, endpoint: int, cluster: int, frame: Frame) -> bytes:
        """Read Attributes Response (ZCL §2.5.2): statuses, and values where there are some."""
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
        """Write Attributes Response (ZCL §2.5.5): one byte if all went well, else what failed."""
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
