"""Frames of the OTA cluster's server: requests of devices and the responses.

References are to ZCL revision 8. A lost response is not repeated: the device repeats its request.
"""

import logging
from struct import Struct
from typing import NamedTuple

from zigpy.exceptions import DeliveryError
from zigpy.profiles import zha
import zigpy.types as t

from ...core.firmware import Firmware, Release
from ..device import OTA, Question, RawDevice

_LOGGER = logging.getLogger(__name__)

_COORDINATOR_ENDPOINT = 1

QUERY, BLOCK, END = 0x01, 0x03, 0x06
"""Requests of a device (11.13): query next image, image block, upgrade end."""

_IMAGE_NOTIFY, _QUERY_RESPONSE, _BLOCK_RESPONSE, _END_RESPONSE = 0x00, 0x02, 0x05, 0x07
_DEFAULT_RESPONSE = 0x0B
_JITTER, _EVERYBODY = 0x00, 100

_COMMAND, _GENERAL = 0x19, 0x18
"""Frame control of the server's frames: cluster-specific and general, without default response."""

SUCCESS, _MALFORMED, _UNSUPPORTED, _ABORT, _NO_IMAGE = 0x00, 0x80, 0x81, 0x95, 0x98
VERDICTS = {
    _ABORT: "aborted by the device",
    0x96: "not a valid image",
    0x99: "it needs another image besides",
}
"""Reasons of a device to abort or reject an image (11.13.2); others are rare."""

_ASKED_QUERY = Struct("<BHHI")
_ASKED_BLOCK = Struct("<BHHIIB")
_ASKED_END = Struct("<BHHI")
_KIND = Struct("<HHI")
_PLACE = Struct("<IB")
_AT_ONCE = Struct("<II").pack(0, 0)
"""Current time and upgrade time: a device restarts when the latter is reached."""


class Wanted(NamedTuple):
    """A requested block of an image; `most` is the maximum number of octets."""

    manufacturer: int
    image_type: int
    version: int
    offset: int
    most: int

    def is_of(self, release: Release) -> bool:
        """Whether it is a block of that image."""
        return self[:3] == (release.manufacturer, release.image_type, release.version)


class Verdict(NamedTuple):
    """A device's upgrade end request."""

    status: int
    manufacturer: int
    image_type: int
    version: int

    def is_of(self, release: Release) -> bool:
        """Whether it is about that image."""
        return self[1:] == (release.manufacturer, release.image_type, release.version)


# Requests of devices; None for other frames and truncated ones.


def read_query(question: Question) -> Firmware | None:
    """Return the firmware in a query next image request (11.13.4)."""
    if question.command != QUERY or len(question.payload) < _ASKED_QUERY.size:
        return None
    control, manufacturer, image_type, version = _ASKED_QUERY.unpack_from(question.payload)
    rest = question.payload[_ASKED_QUERY.size :]
    hardware = int.from_bytes(rest[:2], "little") if control & 0x01 and len(rest) >= 2 else None
    return Firmware(manufacturer, image_type, version, hardware)


def read_block(question: Question) -> Wanted | None:
    """Return the block of an image block request (11.13.6)."""
    if question.command != BLOCK or len(question.payload) < _ASKED_BLOCK.size:
        return None
    _, *wanted = _ASKED_BLOCK.unpack_from(question.payload)
    return Wanted(*wanted)


def read_end(question: Question) -> Verdict | None:
    """Return the result in an upgrade end request (11.13.9)."""
    if question.command != END or len(question.payload) < _ASKED_END.size:
        return None
    return Verdict(*_ASKED_END.unpack_from(question.payload))


# Responses


async def notify(device: RawDevice) -> None:
    """Send image notify; the device queries the next image then (11.13.3).

    Raises:
        zigpy.exceptions.DeliveryError: it was not delivered.
    """
    endpoints = (e.endpoint_id for e in device.non_zdo_endpoints if OTA in e.out_clusters)
    head = bytes([_COMMAND, device.get_sequence(), _IMAGE_NOTIFY])
    frame = head + bytes([_JITTER, _EVERYBODY])
    await _send(device, next(endpoints, 1), frame, t.PacketPriority.NORMAL)


async def offer(device: RawDevice, question: Question, release: Release, size: int) -> None:
    """Send a query next image response with an image of `size` octets (11.13.5)."""
    payload = bytes([SUCCESS]) + _kind(release) + size.to_bytes(4, "little")
    await _answer(device, question, _QUERY_RESPONSE, payload)


async def give(
    device: RawDevice, question: Question, release: Release, offset: int, block: bytes
) -> None:
    """Send an image block response (11.13.8), after other queued frames."""
    payload = bytes([SUCCESS]) + _kind(release) + _PLACE.pack(offset, len(block)) + block
    await _answer(device, question, _BLOCK_RESPONSE, payload, t.PacketPriority.LOW)


async def restart(device: RawDevice, question: Question, release: Release) -> None:
    """Send an upgrade end response: restart at once (11.13.10)."""
    await _answer(device, question, _END_RESPONSE, _kind(release) + _AT_ONCE)


async def acknowledge(device: RawDevice, question: Question) -> None:
    """Send a default response with success."""
    await _default_response(device, question, SUCCESS)


async def misunderstand(device: RawDevice, question: Question) -> None:
    """Send a response for an invalid block or request."""
    await _default_response(device, question, _MALFORMED)


async def turn_down(device: RawDevice, question: Question) -> None:
    """Send a response without an image (protocol 6.8)."""
    match question.command:
        case 0x01:
            await _answer(device, question, _QUERY_RESPONSE, bytes([_NO_IMAGE]))
        case 0x03:  # it continues a former transfer
            await _answer(device, question, _BLOCK_RESPONSE, bytes([_ABORT]))
        case 0x06:
            await _default_response(device, question, _ABORT)
        case _:
            await _default_response(device, question, _UNSUPPORTED)


def _kind(release: Release) -> bytes:
    return _KIND.pack(release.manufacturer, release.image_type, release.version)


async def _answer(
    device: RawDevice,
    question: Question,
    command: int,
    payload: bytes,
    priority: t.PacketPriority = t.PacketPriority.NORMAL,
) -> None:
    frame = bytes([_COMMAND, question.sequence, command]) + payload
    await _send_quietly(device, question.endpoint, frame, priority)


async def _default_response(device: RawDevice, question: Question, status: int) -> None:
    head = bytes([_GENERAL, question.sequence, _DEFAULT_RESPONSE])
    frame = head + bytes([question.command, status])
    await _send_quietly(device, question.endpoint, frame, t.PacketPriority.NORMAL)


async def _send_quietly(
    device: RawDevice, endpoint: int, frame: bytes, priority: t.PacketPriority
) -> None:
    try:
        await _send(device, endpoint, frame, priority)
    except (DeliveryError, TimeoutError) as error:
        _LOGGER.debug("%s did not get a response: %s", device.ieee, error)


async def _send(device: RawDevice, endpoint: int, frame: bytes, priority: t.PacketPriority) -> None:
    await device.request(
        zha.PROFILE_ID,
        OTA,
        _COORDINATOR_ENDPOINT,
        endpoint,
        frame[1],
        frame,
        expect_reply=False,
        ask_for_ack=True,
        priority=priority,
        retries=0,
    )
