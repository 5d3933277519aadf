"""The transfer of one image to one device.

The device controls it. It sends one request at a time and waits only for the response to the last.

Why not zigpy's own manager: it fails when a device sends no request for 30 seconds, a number it
shares with ZHA in the same process; it fails for a device that restarts and then sleeps; and it
never ends with a device that requests the same block repeatedly. Of zigpy its queue is used, in
which blocks wait for other frames.
"""

import asyncio
from collections.abc import Callable
import logging

from zigpy.exceptions import DeliveryError

from ...core.errors import DeliveryError as CoreDeliveryError
from ...core.firmware import Firmware, Obstacle, Patience, Release, UpdateError
from ..device import Question, RawDevice
from . import frames
from .frames import SUCCESS, VERDICTS, Wanted

_LOGGER = logging.getLogger(__name__)

_MOST_OCTETS = 50
"""Octets of an image per block. They fit a frame on any route, as with zigpy and Zigbee2MQTT."""

_RESTARTS = 5
"""Maximum restarts of the download within one transfer."""


def _now() -> float:
    return asyncio.get_running_loop().time()


class Transfer:
    """A transfer of an image to a device."""

    def __init__(
        self,
        device: RawDevice,
        release: Release,
        data: bytes,
        progress: Callable[[float], None],
        patience: Patience,
        *,
        sleepy: bool,
    ) -> None:
        """Create a transfer that is not started.

        Args:
            device: the device.
            release: the image.
            data: its octets.
            progress: called with the transferred part, 0..1.
            patience: timeouts.
            sleepy: whether it receives only shortly after it sent something.
        """
        self._device = device
        self._release = release
        self._data = data
        self._progress = progress
        self._patience = patience
        self._sleepy = sleepy
        self._inbox: asyncio.Queue[Question | None] = asyncio.Queue()
        self._reached = 0
        self._restarts = 0

    def asked(self, question: Question) -> None:
        """Called when the device's OTA client sent a request."""
        self._inbox.put_nowait(question)

    def on_frame(self) -> None:
        """Called when the device has sent something, so that it is awake."""
        if self._inbox.empty():
            self._inbox.put_nowait(None)

    def removed(self) -> None:
        """Called when the device was removed from the network."""
        self._inbox.shutdown(immediate=True)

    async def run(self) -> None:
        """Run the transfer to its end.

        Raises:
            UpdateError: the reason why the device does not run the image.
            core.errors.DeliveryError: it is no longer on the network.
        """
        try:
            if await self._offer():
                await self._confirm(await self._serve())
        except asyncio.QueueShutDown as error:
            ieee = self._device.ieee
            raise CoreDeliveryError(f"{ieee} is no longer on the network") from error

    # Frames of the device

    async def _next(self, deadline: float) -> Question | None:
        """Return the last request; None for any other frame.

        Raises:
            TimeoutError: nothing was received before the deadline.
        """
        async with asyncio.timeout_at(deadline):
            found = await self._inbox.get()
        while not self._inbox.empty():
            found = self._inbox.get_nowait() or found
        return found

    async def _question(self, deadline: float, *, at_once: bool = True) -> Question:
        """Return the next request; until then image notify is sent.

        It is sent when the device has sent something, as it may sleep again soon, and at intervals.

        Args:
            deadline: the end of the wait.
            at_once: whether to send it immediately; a restarting device would not receive it.

        Raises:
            TimeoutError: no request came before the deadline.
        """
        is_due, told = at_once, _now() - self._patience.pause
        while True:
            if is_due:
                await self._notify()
                told = _now()
            try:
                question = await self._next(min(deadline, told + self._patience.again))
            except TimeoutError:
                if _now() >= deadline:
                    raise
            else:
                if question is not None:
                    return question
            is_due = _now() - told >= self._patience.pause

    async def _notify(self) -> None:
        try:
            await frames.notify(self._device)
        except (DeliveryError, TimeoutError) as error:
            _LOGGER.debug("%s was not notified of firmware: %s", self._device.ieee, error)

    # The three parts of a transfer

    async def _offer(self) -> bool:
        """Wait until the device queries the image; return whether it needs it.

        Raises:
            UpdateError: it does not query, or queries another image.
        """
        deadline = _now() + (self._patience.wake if self._sleepy else self._patience.begin)
        while True:
            try:
                question = await self._question(deadline)
            except TimeoutError as error:
                raise UpdateError(Obstacle.ASLEEP if self._sleepy else Obstacle.SILENT) from error
            running = frames.read_query(question)
            if running is not None and self._is_for(running):
                await frames.offer(self._device, question, self._release, len(self._data))
                return True
            await frames.turn_down(self._device, question)
            if running is not None:
                if running.version == self._release.version:
                    return False
                raise UpdateError(Obstacle.REFUSED, f"it runs {running}")

    def _is_for(self, running: Firmware) -> bool:
        """Whether the image is for the device's current firmware."""
        release = self._release
        return (
            running.manufacturer == release.manufacturer
            and running.image_type == release.image_type
            and running.version < release.version
        )

    async def _serve(self) -> Question:
        """Send blocks until the device has all of them.

        Raises:
            UpdateError: its requests stop, or it aborts.
        """
        deadline = _now() + self._patience.stall
        while True:
            try:
                question = await self._next(deadline)
            except TimeoutError as error:
                raise UpdateError(Obstacle.STALLED, self._share()) from error
            if question is None:
                continue
            if await self._is_complete(question):
                return question
            if await self._respond(question):
                deadline = _now() + self._patience.stall

    async def _is_complete(self, question: Question) -> bool:
        """Whether the device's upgrade end request has the status success.

        Raises:
            UpdateError: it aborted or rejected the image.
        """
        verdict = frames.read_end(question)
        if verdict is None:
            return False
        if verdict.status != SUCCESS:
            await frames.acknowledge(self._device, question)
            reason = VERDICTS.get(verdict.status, f"status 0x{verdict.status:02x}")
            raise UpdateError(Obstacle.REFUSED, f"{reason}, at {self._share()}")
        return verdict.is_of(self._release)

    def _share(self) -> str:
        return f"{100 * self._reached // len(self._data)} %"

    async def _respond(self, question: Question) -> bool:
        """Answer a request during the transfer; return whether it is progress."""
        running = frames.read_query(question)
        if running is not None and self._is_for(running):
            return await self._restart(question)
        wanted = frames.read_block(question)
        if wanted is not None and wanted.is_of(self._release):
            return await self._give(question, wanted)
        if wanted is None and question.command == frames.BLOCK:
            await frames.misunderstand(self._device, question)
        else:
            await frames.turn_down(self._device, question)
        return False

    async def _restart(self, question: Question) -> bool:
        """Start again after the device lost the image or missed the offer."""
        is_restart, self._reached = self._reached > 0, 0
        self._restarts += is_restart
        if self._restarts > _RESTARTS:
            await frames.turn_down(self._device, question)
            raise UpdateError(Obstacle.STALLED, "it restarts the transfer repeatedly")
        await frames.offer(self._device, question, self._release, len(self._data))
        return is_restart

    async def _give(self, question: Question, wanted: Wanted) -> bool:
        """Send a block; return whether it is a new one."""
        offset = wanted.offset
        block = self._data[offset : offset + min(wanted.most, _MOST_OCTETS)]
        if not block:
            await frames.misunderstand(self._device, question)
            return False
        is_new = offset >= self._reached
        if is_new:
            self._reached = offset + len(block)
            self._progress(offset / len(self._data))  # the device has at least this part
        await frames.give(self._device, question, self._release, offset, block)
        return is_new

    async def _confirm(self, question: Question) -> None:
        """Let the device restart, and wait until it reports the image's version.

        Raises:
            UpdateError: it does not report it.
        """
        self._progress(1.0)
        deadline = _now() + self._patience.back
        is_old = False
        while True:
            running = frames.read_query(question)
            if frames.read_end(question) is not None:
                await frames.restart(self._device, question, self._release)
            else:
                await frames.turn_down(self._device, question)
            if running is not None and running.version == self._release.version:
                return
            is_old = is_old or running is not None
            try:
                question = await self._question(deadline, at_once=False)
            except TimeoutError as error:
                raise UpdateError(Obstacle.UNCHANGED if is_old else Obstacle.UNCONFIRMED) from error
