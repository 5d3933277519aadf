"""ZCL frames as bytes: reading reports and responses, writing requests (ZCL revision 8, chapter 2).

Devices of this maker put binary data into character strings and send wrong lengths, so frames are
read from the raw bytes, once, here (protocol 0.3). Reading never fails: everything before the first
error is kept, the rest is dropped.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import assert_never

from .value import MalformedValueError, Value, read_value, write_value


class Cluster(IntEnum):
    """Clusters in the definitions of devices (ZCL revision 8, 1.4 and the maker's own)."""

    BASIC = 0x0000
    POWER_CONFIGURATION = 0x0001
    IDENTIFY = 0x0003
    ON_OFF = 0x0006
    LEVEL = 0x0008
    ANALOG_INPUT = 0x000C
    ANALOG_OUTPUT = 0x000D
    BINARY_INPUT = 0x000F
    BINARY_OUTPUT = 0x0010
    MULTISTATE_INPUT = 0x0012
    MULTISTATE_OUTPUT = 0x0013
    DOOR_LOCK = 0x0101
    WINDOW_COVERING = 0x0102
    ILLUMINANCE = 0x0400
    TEMPERATURE = 0x0402
    PRESSURE = 0x0403
    HUMIDITY = 0x0405
    OCCUPANCY = 0x0406
    IAS_ZONE = 0x0500
    METERING = 0x0702
    ELECTRICAL_MEASUREMENT = 0x0B04
    LUMI = 0xFCC0


class Status(IntEnum):
    """Status codes of responses (ZCL revision 8, 2.6.3); others exist."""

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
    """The header of a ZCL frame (ZCL revision 8, 2.4.1)."""

    control: int
    manufacturer: int | None
    sequence: int
    command: int

    @property
    def is_general(self) -> bool:
        """Whether the command is a general one (read, write, report …)."""
        return self.control & _FRAME_TYPE == 0

    @property
    def is_from_server(self) -> bool:
        """Whether the server side of the cluster sent it."""
        return bool(self.control & _FROM_SERVER)

    @property
    def wants_default_response(self) -> bool:
        """Whether the sender wants a default response (2.5.12.2)."""
        return not self.control & _NO_DEFAULT_RESPONSE


@dataclass(frozen=True, slots=True)
class Record:
    """One attribute with its ZCL type (0..0xFF) and value."""

    attribute: int
    type: int
    value: Value


@dataclass(frozen=True, slots=True)
class Report:
    """Attributes of a report or a read response."""

    endpoint: int
    cluster: int
    records: tuple[Record, ...]
    sequence: int = 0
    manufacturer: int | None = None
    refused: tuple[tuple[int, int], ...] = ()
    """Attributes of a read response with an error status, and the status."""
    is_answer: bool = False
    """Whether it is a read response, which has a state, but is never an event."""

    def __getitem__(self, attribute: int) -> Value:
        """Return the value of an attribute; raises `KeyError` without it."""
        for record in self.records:
            if record.attribute == attribute:
                return record.value
        raise KeyError(attribute)

    def __contains__(self, attribute: object) -> bool:
        return any(record.attribute == attribute for record in self.records)


@dataclass(frozen=True, slots=True)
class ReadAttributes:
    """A request to read attributes (2.5.1)."""

    endpoint: int
    cluster: int
    attributes: tuple[int, ...]
    manufacturer: int | None = None


@dataclass(frozen=True, slots=True)
class WriteAttributes:
    """A request to write attributes (2.5.3)."""

    endpoint: int
    cluster: int
    records: tuple[Record, ...]
    manufacturer: int | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """A cluster's own command, such as "on" of On/Off.

    Attributes:
        repeatable: whether it may be sent again without a response; not so for "toggle".
    """

    endpoint: int
    cluster: int
    command: int
    payload: bytes = b""
    repeatable: bool = True


type Request = ReadAttributes | WriteAttributes | Command


def read_header(frame: bytes) -> tuple[Header, bytes] | None:
    """Return a frame's header and payload, or None if it is too short."""
    manufacturer = None
    at = 1
    if frame and frame[0] & _MANUFACTURER_SPECIFIC:
        manufacturer = int.from_bytes(frame[1:3], "little")
        at = 3
    if len(frame) < at + 2:
        return None
    return Header(frame[0], manufacturer, frame[at], frame[at + 1]), frame[at + 2 :]


def read_report(endpoint: int, cluster: int, frame: bytes) -> Report | None:
    """Return the attributes of a report or a read response; None for other frames."""
    head = read_header(frame)
    return None if head is None else read_values(endpoint, cluster, *head)


def read_values(endpoint: int, cluster: int, header: Header, payload: bytes) -> Report | None:
    """As `read_report`, of a frame whose header was read before."""
    if not header.is_general:
        return None
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
    # A string whose length byte is too low leaves bytes that are not a record: then the string
    # extends to the end (protocol 0.3, rules 1 and 3).
    return _extend_string(data, records)


def _scan_records(data: bytes) -> tuple[tuple[Record, ...], bool]:
    """The records up to the first error, and whether the data ended with the last of them."""
    records: list[Record] = []
    at = 0
    while len(data) - at >= 3:
        attribute = int.from_bytes(data[at : at + 2], "little")
        try:
            value, end = read_value(data[at + 2], data, at + 3)
        except MalformedValueError:
            return tuple(records), False
        records.append(Record(attribute, data[at + 2], value))
        at = end
    return tuple(records), at == len(data)


def _extend_string(data: bytes, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """Extend the last string of a malformed frame to its end."""
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
    """The successful records of a read response, and attribute and status of others (2.5.2)."""
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
        except MalformedValueError, IndexError:
            break
        records.append(Record(attribute, data[at], value))
        at = end
    return tuple(records), tuple(refused)


def read_statuses(frame: bytes) -> tuple[int, ...]:
    """Return the statuses of a write response or a default response; empty for other frames.

    A completely successful write has one SUCCESS (2.5.5).
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
    """Return the frame of a request, with the frame control of Zigbee2MQTT (protocol 0.2)."""
    match request:
        case ReadAttributes(attributes=attributes, manufacturer=manufacturer):
            payload = b"".join(number.to_bytes(2, "little") for number in attributes)
            return _general(READ_ATTRIBUTES, manufacturer, sequence, payload)
        case WriteAttributes(records=records, manufacturer=manufacturer):
            payload = b"".join(map(write_record, records))
            return _general(WRITE_ATTRIBUTES, manufacturer, sequence, payload)
        case Command(command=command, payload=payload):
            # The default response is requested: without it the request has failed.
            return bytes([_CLUSTER_SPECIFIC, sequence, command]) + payload
        case _:
            assert_never(request)


def write_record(record: Record) -> bytes:
    """Return a record of a write request: attribute, type, value."""
    head = record.attribute.to_bytes(2, "little") + bytes([record.type])
    return head + write_value(record.type, record.value)


def write_default_response(header: Header) -> bytes:
    """Return a default response with success (2.5.12)."""
    return write_answer(header, DEFAULT_RESPONSE, bytes([header.command, Status.SUCCESS]))


def write_answer(asked: Header, command: int, payload: bytes) -> bytes:
    """Return a general response: other direction, same sequence number and manufacturer code."""
    control = _NO_DEFAULT_RESPONSE | (0 if asked.is_from_server else _FROM_SERVER)
    return _frame(control, command, asked.manufacturer, asked.sequence, payload)


def _general(command: int, manufacturer: int | None, sequence: int, payload: bytes) -> bytes:
    return _frame(_NO_DEFAULT_RESPONSE, command, manufacturer, sequence, payload)


def _frame(
    control: int, command: int, manufacturer: int | None, sequence: int, payload: bytes
) -> bytes:
    if manufacturer is None:
        return bytes([control, sequence, command]) + payload
    head = bytes([control | _MANUFACTURER_SPECIFIC]) + manufacturer.to_bytes(2, "little")
    return head + bytes([sequence, command]) + payload
