"""ZCL frames as bytes: reports and answers in, requests out (ZCL revision 8, chapter 2).

Devices of this maker put binary data into character strings and lie about its length, so frames
are read from the raw bytes, once, here (contract 0.3). Reading never fails: what is understood
before the first flaw is kept, the rest is left out.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from .value import Flaw, Value, read_value, write_value


class Cluster(IntEnum):
    """Clusters these devices use (ZCL revision 8, 1.4 and the maker's own)."""

    BASIC = 0x0000
    POWER_CONFIGURATION = 0x0001
    ON_OFF = 0x0006
    ANALOG_INPUT = 0x000C
    BINARY_OUTPUT = 0x0010
    MULTISTATE_INPUT = 0x0012
    DOOR_LOCK = 0x0101
    LUMI = 0xFCC0


class Status(IntEnum):
    """Status codes an answer may carry (ZCL revision 8, 2.6.3); others exist."""

    SUCCESS = 0x00
    UNSUPPORTED_ATTRIBUTE = 0x86


READ_ATTRIBUTES = 0x00
READ_ATTRIBUTES_RESPONSE = 0x01
WRITE_ATTRIBUTES = 0x02
WRITE_ATTRIBUTES_RESPONSE = 0x04
REPORT_ATTRIBUTES = 0x0A
DEFAULT_RESPONSE = 0x0B

_CLUSTER_SPECIFIC = 0x01
_FRAME_TYPE = 0x03
_MANUFACTURER_SPECIFIC = 0x04
_FROM_SERVER = 0x08
_NO_DEFAULT_RESPONSE = 0x10


@dataclass(frozen=True, slots=True)
class Header:
    """The head of a ZCL frame (ZCL revision 8, 2.4.1)."""

    control: int
    manufacturer: int | None
    sequence: int
    command: int

    @property
    def is_general(self) -> bool:
        """Whether the command is one of all clusters (read, write, report …)."""
        return self.control & _FRAME_TYPE == 0

    @property
    def is_from_server(self) -> bool:
        """Whether the server side of the cluster sent it."""
        return bool(self.control & _FROM_SERVER)

    @property
    def wants_default_response(self) -> bool:
        """Whether the sender waits for a default response (2.5.12.2)."""
        return not self.control & _NO_DEFAULT_RESPONSE


@dataclass(frozen=True, slots=True)
class Record:
    """One attribute with its ZCL type (0..0xFF) and value."""

    attribute: int
    type: int
    value: Value


@dataclass(frozen=True, slots=True)
class Report:
    """Attributes a device reported, or answered a read with."""

    endpoint: int
    cluster: int
    records: tuple[Record, ...]
    sequence: int = 0
    manufacturer: int | None = None
    refused: tuple[tuple[int, int], ...] = ()
    """Attribute and status of what a read answer could not give."""
    is_answer: bool = False
    """Whether it answers a read: such a report tells a state, never that something happened."""

    def __getitem__(self, attribute: int) -> Value:
        """The value of an attribute; `KeyError` if the frame does not carry it."""
        for record in self.records:
            if record.attribute == attribute:
                return record.value
        raise KeyError(attribute)

    def __contains__(self, attribute: object) -> bool:
        return any(record.attribute == attribute for record in self.records)


@dataclass(frozen=True, slots=True)
class ReadAttributes:
    """Ask a device for attributes (2.5.1)."""

    endpoint: int
    cluster: int
    attributes: tuple[int, ...]
    manufacturer: int | None = None


@dataclass(frozen=True, slots=True)
class WriteAttributes:
    """Write attributes of a device (2.5.3)."""

    endpoint: int
    cluster: int
    records: tuple[Record, ...]
    manufacturer: int | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A cluster's own command, such as "on" of On/Off.

    Attributes:
        repeatable: whether it may be sent again when no answer came; not so for "toggle".
    """

    endpoint: int
    cluster: int
    command: int
    payload: bytes = b""
    repeatable: bool = True


type Request = ReadAttributes | WriteAttributes | Command


def read_header(frame: bytes) -> tuple[Header, bytes] | None:
    """The head of a frame and what follows it, or None if it is too short to have one."""
    manufacturer = None
    at = 1
    if frame and frame[0] & _MANUFACTURER_SPECIFIC:
        manufacturer = int.from_bytes(frame[1:3], "little")
        at = 3
    if len(frame) < at + 2:
        return None
    return Header(frame[0], manufacturer, frame[at], frame[at + 1]), frame[at + 2 :]


def read_report(endpoint: int, cluster: int, frame: bytes) -> Report | None:
    """The attributes in a report or a read answer; None for every other frame."""
    head = read_header(frame)
    if head is None or not head[0].is_general:
        return None
    header, payload = head
    refused: tuple[tuple[int, int], ...] = ()
    if header.command == REPORT_ATTRIBUTES:
        records = _read_records(payload)
    elif header.command == READ_ATTRIBUTES_RESPONSE:
        records, refused = _read_answers(payload)
    else:
        return None
    return Report(
        endpoint,
        cluster,
        records,
        header.sequence,
        header.manufacturer,
        refused,
        is_answer=header.command == READ_ATTRIBUTES_RESPONSE,
    )


def _read_records(data: bytes) -> tuple[Record, ...]:
    records, complete = _scan_records(data)
    if complete or not records:
        return records
    # A string whose length byte says too little leaves a rest that is no record: then the string
    # goes on to the end (contract 0.3, rules 1 and 3).
    return _extend_string(data, records)


def _scan_records(data: bytes) -> tuple[tuple[Record, ...], bool]:
    """Records up to the first flaw, and whether the data ended with the last of them."""
    records: list[Record] = []
    at = 0
    while len(data) - at >= 3:
        attribute = int.from_bytes(data[at : at + 2], "little")
        try:
            value, end = read_value(data[at + 2], data, at + 3)
        except Flaw:
            return tuple(records), False
        records.append(Record(attribute, data[at + 2], value))
        at = end
    return tuple(records), at == len(data)


def _extend_string(data: bytes, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Give the last string of a flawed frame everything behind its length byte."""
    at, found = 0, None
    for index, record in enumerate(records):
        if record.type in (0x41, 0x42):
            found = index, at
        _, at = read_value(record.type, data, at + 3)
    if found is None:
        return records
    index, start = found
    whole = Record(records[index].attribute, records[index].type, data[start + 4 :])
    return (*records[:index], whole)


def _read_answers(data: bytes) -> tuple[tuple[Record, ...], tuple[tuple[int, int], ...]]:
    """The records of a read answer that succeeded, and attribute and status of the others (2.5.2)."""
    records: list[Record] = []
    refused: list[tuple[int, int]] = []
    at = 0
    while len(data) - at >= 3:
        attribute, status = int.from_bytes(data[at : at + 2], "little"), data[at + 2]
        at += 3
        if status != Status.SUCCESS:
            refused.append((attribute, status))
            continue
        try:
            value, end = read_value(data[at], data, at + 1)
        except Flaw, IndexError:
            break
        records.append(Record(attribute, data[at], value))
        at = end
    return tuple(records), tuple(refused)


def read_statuses(frame: bytes) -> tuple[int, ...]:
    """The statuses in a write answer or a default response; empty for every other frame.

    A device that could write everything answers with one SUCCESS (2.5.5).
    """
    head = read_header(frame)
    if head is None or not head[0].is_general:
        return ()
    header, payload = head
    if header.command == DEFAULT_RESPONSE:
        return tuple(payload[1:2])
    if header.command == WRITE_ATTRIBUTES_RESPONSE:
        return tuple(payload[::3])
    return ()


def write_frame(request: Request, sequence: int) -> bytes:
    """The frame of a request, with the frame control Zigbee2MQTT uses (contract 0.2)."""
    match request:
        case ReadAttributes(attributes=attributes, manufacturer=manufacturer):
            payload = b"".join(number.to_bytes(2, "little") for number in attributes)
            return _general(READ_ATTRIBUTES, manufacturer, sequence, payload)
        case WriteAttributes(records=records, manufacturer=manufacturer):
            payload = b"".join(map(write_record, records))
            return _general(WRITE_ATTRIBUTES, manufacturer, sequence, payload)
        case Command(command=command, payload=payload):
            # The default response is wanted: its absence is the failure signal.
            return bytes([_CLUSTER_SPECIFIC, sequence, command]) + payload
        case _:
            assert_never(request)


def write_record(record: Record) -> bytes:
    """One record of a write request: attribute, type, value."""
    head = record.attribute.to_bytes(2, "little") + bytes([record.type])
    return head + write_value(record.type, record.value)


def write_default_response(header: Header) -> bytes:
    """The answer to a frame that asked for one: all is well (2.5.12)."""
    control = _NO_DEFAULT_RESPONSE | (0 if header.control & _FROM_SERVER else _FROM_SERVER)
    payload = bytes([header.command, Status.SUCCESS])
    return _frame(control, DEFAULT_RESPONSE, header.manufacturer, header.sequence, payload)


def _general(command: int, manufacturer: int | None, sequence: int, payload: bytes) -> bytes:
    return _frame(_NO_DEFAULT_RESPONSE, command, manufacturer, sequence, payload)


def _frame(
    control: int, command: int, manufacturer: int | None, sequence: int, payload: bytes
) -> bytes:
    if manufacturer is None:
        return bytes([control, sequence, command]) + payload
    head = bytes([control | _MANUFACTURER_SPECIFIC]) + manufacturer.to_bytes(2, "little")
    return head + bytes([sequence, command]) + payload
