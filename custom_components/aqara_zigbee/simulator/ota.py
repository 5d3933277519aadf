"""An OTA client: a device's queries for firmware and its download (ZCL revision 8, chapter 11).

The device controls the update: it queries the next image, requests one block after the other,
verifies the image, sends the upgrade end request, and restarts at the time in the response.
"""

from collections.abc import Callable
from enum import IntEnum
import struct
from typing import TYPE_CHECKING

from .zcl import Frame, MalformedError, Reply, Status, Type

if TYPE_CHECKING:
    from .clock import Timer
    from .devices.lumi import Lumi

CLUSTER = 0x0019

DAY = 86400.0
"""Seconds between two query next image requests."""
BLOCK = 48
"""Bytes requested per block. Assumed: no capture shows a block request of these models."""
PACE = 0.28
"""Seconds from a block to the next request. A plug took 2.8 % of 185918 bytes in half a minute
(Koenkk/zigbee2mqtt#13856), with these blocks 3.6 a second."""
PATIENCE = 5.0
"""Seconds until a missing block is requested again. Assumed."""
TRIES = 10
"""Requests for one block before the download fails. Assumed."""
END_AGAIN = 3600.0
"""Seconds until it repeats the upgrade end request (11.13.9)."""
WAIT_FOR_EVER = 0xFFFFFFFF
"""Upgrade time: restart on a further response."""

MAGIC = 0x0BEEF11E
_HEADER = struct.Struct("<IHHHHHIH32sI")
_QUERY = struct.Struct("<BHHI")
_OFFER = struct.Struct("<HHII")
_BLOCK = struct.Struct("<BHHIIB")
_DATA = struct.Struct("<HHIIB")
_WAIT = struct.Struct("<II")
_END = struct.Struct("<BHHI")
_GO = struct.Struct("<HHIII")


class OtaCommand(IntEnum):
    """Commands of the cluster (11.13)."""

    IMAGE_NOTIFY = 0x00
    QUERY = 0x01
    QUERY_RESPONSE = 0x02
    BLOCK = 0x03
    BLOCK_RESPONSE = 0x05
    END = 0x06
    END_RESPONSE = 0x07


class State(IntEnum):
    """Image upgrade status (11.10.7)."""

    NORMAL = 0
    DOWNLOADING = 1
    COMPLETE = 2
    WAITING = 3
    COUNTDOWN = 4


class OtaClient:
    """The client of one device.

    Args:
        node: the device.
        manufacturer: manufacturer code of the images it takes.
        image_type: image type of the images it takes.
        version: file version it runs.

    Attributes:
        state: the image upgrade status.
        offset: the number of bytes it has.
        answers: the statuses of its query next image responses.
        block: bytes requested per block.
        pace: seconds from a block to the next request.
        nap: seconds it sleeps after every eighth block.
        stops_at: offset from which it sends no more requests, as if it had crashed.
        strays_at: offset at which it requests once bytes beyond the image.
        clings_to: offset whose block it never accepts and requests repeatedly.
        verdict: the result of its check of a good image.
        forgets_type: it sends image type 0 when it rejects an image (Koenkk/zigbee-OTA#168).
        keeps_old: it restarts with its old firmware.
        checked: the last complete image, good or not.
    """

    def __init__(self, node: Lumi, *, manufacturer: int, image_type: int, version: int) -> None:
        self.node = node
        self.manufacturer = manufacturer
        self.image_type = image_type
        self.version = version
        self.state = State.NORMAL
        self.offset = 0
        self.answers: list[int] = []
        self.block = BLOCK
        self.pace = PACE
        self.nap = 0.0
        self.stops_at: int | None = None
        self.strays_at: int | None = None
        self.clings_to: int | None = None
        self.verdict = Status.SUCCESS
        self.forgets_type = False
        self.keeps_old = False
        self.checked = b""
        self._image = bytearray()
        self._size = 0
        self._wanted = 0
        self._tries = 0
        self._timer: Timer | None = None
        node.has(1, CLUSTER, 0x0002, Type.U32, lambda: self.version, client=True)
        node.has(1, CLUSTER, 0x0006, Type.ENUM8, lambda: self.state, client=True)

    def stop(self) -> None:
        """Cancel the download, as without power."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.state, self.offset = State.NORMAL, 0
        self._image.clear()

    # -- Requests --------------------------------------------------------------------------------

    def query(self) -> None:
        """Send a query next image request (11.13.4)."""
        if self.state is State.NORMAL:
            payload = _QUERY.pack(0, self.manufacturer, self.image_type, self.version)
            self.node.command(CLUSTER, OtaCommand.QUERY, payload)

    def _ask(self) -> None:
        """Send an image block request (11.13.6), and repeat it if no block comes."""
        self._timer = None
        if self.stops_at is not None and self.offset >= self.stops_at:
            return
        if self._tries >= TRIES:
            self.stop()
            return
        self._tries += 1
        offset = self.offset
        if self.strays_at is not None and offset >= self.strays_at:
            self.strays_at, offset = None, self._size
        payload = _BLOCK.pack(
            0, self.manufacturer, self.image_type, self._wanted, offset, self.block
        )
        self.node.command(CLUSTER, OtaCommand.BLOCK, payload)
        self._later(PATIENCE, self._ask)

    def _end(self, status: int) -> None:
        """Send an upgrade end request with the result (11.13.9)."""
        image_type = 0 if status and self.forgets_type else self.image_type
        payload = _END.pack(status, self.manufacturer, image_type, self._wanted)
        self.node.command(CLUSTER, OtaCommand.END, payload)

    def _later(self, seconds: float, callback: Callable[..., None], *args: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.node.later(seconds, callback, *args)

    # -- Responses -------------------------------------------------------------------------------

    def handle(self, frame: Frame) -> Reply:
        """Handle a command of the server."""
        try:
            match frame.command:
                case OtaCommand.IMAGE_NOTIFY:
                    return self._notified(frame.payload)
                case OtaCommand.QUERY_RESPONSE:
                    return self._answered(frame.payload)
                case OtaCommand.BLOCK_RESPONSE:
                    return self._received(frame.payload)
                case OtaCommand.END_RESPONSE:
                    return self._end_response(frame.payload)
        except struct.error as error:
            raise MalformedError("too short") from error
        return Status.UNSUP_CLUSTER_COMMAND

    def _notified(self, payload: bytes) -> Status:
        """Image notify (11.13.3). A unicast is followed whatever its jitter."""
        kind, _jitter, *rest = payload
        if kind >= 1 and int.from_bytes(rest[:2], "little") != self.manufacturer:
            return Status.SUCCESS
        if kind >= 2 and int.from_bytes(rest[2:4], "little") != self.image_type:
            return Status.SUCCESS
        self.node.later(0.1, self.query)
        return Status.SUCCESS

    def _answered(self, payload: bytes) -> Status:
        self.answers.append(payload[0])
        if payload[0] != Status.SUCCESS or self.state is not State.NORMAL:
            return Status.SUCCESS
        manufacturer, image_type, version, size = _OFFER.unpack_from(payload, 1)
        if (manufacturer, image_type) == (self.manufacturer, self.image_type):
            self._wanted, self._size, self._tries = version, size, 0
            self.state = State.DOWNLOADING
            self._later(self.pace, self._ask)
        return Status.SUCCESS

    def _received(self, payload: bytes) -> Status:
        """Image block response (11.13.8). A block that was not requested is rejected."""
        if self.state is not State.DOWNLOADING:
            return Status.SUCCESS
        match payload[0]:
            case Status.SUCCESS:
                self._take(payload)
            case Status.WAIT_FOR_DATA:
                now, then = _WAIT.unpack_from(payload, 1)
                self._tries = 0
                self._later(max(then - now, 0), self._ask)
            case Status.ABORT | Status.MALFORMED_COMMAND:
                self.stop()
        return Status.SUCCESS

    def _take(self, payload: bytes) -> None:
        *image, offset, size = _DATA.unpack_from(payload, 1)
        data = payload[1 + _DATA.size :]
        fits = size == len(data) <= min(self.block, self._size - self.offset)
        if image != [self.manufacturer, self.image_type, self._wanted] or not fits:
            return
        if offset != self.offset or offset == self.clings_to:
            self._tries = 0 if offset == self.clings_to else self._tries
            self._later(self.pace, self._ask)
            return
        self._image += data
        self.offset += size
        self._tries = 0
        if self.offset == self._size:
            self._later(self.pace, self._check)
        else:
            rests = self.nap and self.offset // self.block % 8 == 0
            self._later(self.nap if rests else self.pace, self._ask)

    def _check(self) -> None:
        self.checked, status = bytes(self._image), self.verdict
        if not is_sound(self._image, self.manufacturer, self.image_type, self._wanted):
            status = Status.INVALID_IMAGE
        if status is Status.SUCCESS:
            self.state = State.COMPLETE
            self._finish(3)
        else:
            self._end(status)
            self.stop()

    def _finish(self, tries: int) -> None:
        """Send the upgrade end request, up to three times; then restart anyway (11.13.9)."""
        if tries:
            self._end(Status.SUCCESS)
            self._later(END_AGAIN, self._finish, tries - 1)
        else:
            self._restart()

    def _end_response(self, payload: bytes) -> Status:
        """Upgrade end response (11.13.10): the time of the restart."""
        if self.state not in (State.COMPLETE, State.WAITING):
            return Status.SUCCESS
        _, _, _, now, then = _GO.unpack_from(payload)
        if then == WAIT_FOR_EVER:
            self.state = State.WAITING
        else:
            self.state = State.COUNTDOWN
            self._later(max(then - now, 0) + 1.0, self._restart)
        return Status.SUCCESS

    def _restart(self) -> None:
        version = self.version if self.keeps_old else self._wanted
        self.stop()
        self.node.restart(version)


def is_sound(image: bytes | bytearray, manufacturer: int, image_type: int, version: int) -> bool:
    """Whether an image has the expected header and complete sub-elements (11.4)."""
    if len(image) < _HEADER.size:
        return False
    magic, _, header, _, *what, _stack, _name, size = _HEADER.unpack_from(image)
    if magic != MAGIC or what != [manufacturer, image_type, version] or size != len(image):
        return False
    at = header
    while at + 6 <= size:
        at += 6 + int.from_bytes(image[at + 2 : at + 6], "little")
    return bool(at == size)
