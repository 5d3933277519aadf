"""What devices ask about firmware and how they are answered: the OTA cluster's server side.

References are to ZCL revision 8. An answer that gets lost is the device's to miss: it asks again.
"""

import logging
from struct import Struct
from typing import NamedTuple

from zigpy.exceptions import DeliveryError
from zigpy.profiles import zha
import zigpy.types as t

from ..core.firmware import Firmware, Release
from .device import OTA, Question, RawDevice

_LOGGER = logging.getLogger(__name__)

_COORDINATOR_ENDPOINT = 1

QUERY, BLOCK, END = 0x01, 0x03, 0x06
"""What a device asks (11.13): for an image, for a part of it, and that it has all or wants no more."""

_IMAGE_NOTIFY, _QUERY_RESPONSE, _BLOCK_RESPONSE, _END_RESPONSE = 0x00, 0x02, 0x05, 0x07
_DEFAULT_RESPONSE = 0x0B
_JITTER, _EVERYBODY = 0x00, 100

_COMMAND, _GENERAL = 0x19, 0x18
"""Frame control of what a server says: a command of its own or a general one, no answer wanted."""

SUCCESS, _MALFORMED, _UNSUPPORTED, _ABORT, _NO_IMAGE = 0x00, 0x80, 0x81, 0x95, 0x98
VERDICTS = {
    _ABORT: "aborted by the device",
    0x96: "not a valid image",
    0x99: "it needs another image besides",
}
"""Why a device wants no more of an image (11.13.2); others are rare."""

_ASKED_QUERY = Struct("<BHHI")
_ASKED_BLOCK = Struct("<BHHIIB")
_ASKED_END = Struct("<BHHI")
_KIND = Struct("<HHI")
_PLACE = Struct("<IB")
_AT_ONCE = Struct("<II").pack(0, 0)
"""Current time and upgrade time: a device restarts when the second is reached."""


class Wanted(NamedTuple):
    """A part of an image that a device asks for; `most` is how many octets it takes."""

    manufacturer: int
    image_type: int
    version: int
    offset: int
    most: int

    def is_of(self, release: Release) -> bool:
        """Whether it is a part of that image."""
        return self[:3] == (release.manufacturer, release.image_type, release.version)


class Verdict(NamedTuple):
    """How a transfer ended, for the device."""

    status: int
    manufacturer: int
    image_type: int
    version: int

    def is_of(self, release: Release) -> bool:
        """Whether it is about that image."""
        return self[1:] == (release.manufacturer, release.image_type, release.version)


# What devices ask; None for anything else, or what is cut short.


def read_query(question: Question) -> Firmware | None:
    """What a device says it runs when it asks for an image (11.13.4)."""
    if question.command != QUERY or len(question.payload) < _ASKED_QUERY.size:
        return None
    control, manufacturer, image_type, version = _ASKED_QUERY.unpack_from(question.payload)
    rest = question.payload[_ASKED_QUERY.size :]
    hardware = int.from_bytes(rest[:2], "little") if control & 0x01 and len(rest) >= 2 else None
    return Firmware(manufacturer, image_type, version, hardware)


def read_block(question: Question) -> Wanted | None:
    """Which part of an image a device asks for (11.13.6)."""
    if question.command != BLOCK or len(question.payload) < _ASKED_BLOCK.size:
        return None
    _, *wanted = _ASKED_BLOCK.unpack_from(question.payload)
    return Wanted(*wanted)


def read_end(question: Question) -> Verdict | None:
    """How a transfer ended for a device (11.13.9)."""
    if question.command != END or len(question.payload) < _ASKED_END.size:
        return None
    return Verdict(*_ASKED_END.unpack_from(question.payload))


# What is said to devices


async def notify(device: RawDevice) -> None:
    """Tell a device that there may be an image; it answers by asking (11.13.3).

    Raises:
        zigpy.exceptions.DeliveryError: it was not reached.
    """
    endpoints = (e.endpoint_id for e in device.non_zdo_endpoints if OTA in e.out_clusters)
    head = bytes([_COMMAND, device.get_sequence(), _IMAGE_NOTIFY])
    frame = head + bytes([_JITTER, _EVERYBODY])
    await _send(device, next(endpoints, 1), frame, t.PacketPriority.NORMAL)


async def offer(device: RawDevice, question: Question, release: Release, size: int) -> None:
    """There is an image of so many octets (11.13.5)."""
    payload = bytes([SUCCESS]) + _kind(release) + size.to_bytes(4, "little")
    await _answer(device, question, _QUERY_RESPONSE, payload)


async def give(
    device: RawDevice, question: Question, release: Release, offset: int, block: bytes
) -> None:
    """A part of the image (11.13.8). It waits until everybody else had their turn."""
    payload = bytes([SUCCESS]) + _kind(release) + _PLACE.pack(offset, len(block)) + block
    await _answer(device, question, _BLOCK_RESPONSE, payload, t.PacketPriority.LOW)


async def restart(device: RawDevice, question: Question, release: Release) -> None:
    """The device may take the image into use, at once (11.13.10)."""
    await _answer(device, question, _END_RESPONSE, _kind(release) + _AT_ONCE)


async def acknowledge(device: RawDevice, question: Question) -> None:
    """Heard."""
    await _default_response(device, question, SUCCESS)


async def misunderstand(device: RawDevice, question: Question) -> None:
    """There is no such part, or the question makes no sense."""
    await _default_response(device, question, _MALFORMED)


async def turn_down(device: RawDevice, question: Question) -> None:
    """There is no image (contract 6.8)."""
    match question.command:
        case 0x01:
            await _answer(device, question, _QUERY_RESPONSE, bytes([_NO_IMAGE]))
        case 0x03:  # it goes on where an earlier transfer has ended
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
        _LOGGER.debug("%s was not answered: %s", device.ieee, error)


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
