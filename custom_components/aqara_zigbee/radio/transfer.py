"""One image on its way to one device.

The device drives it. It asks one question at a time, and the newest is the only one it waits for.

Why not zigpy's own manager: it gives a device up that asks for nothing during 30 seconds, a number it
shares with ZHA in the same process; it takes a device for failed that restarts and then sleeps; and it
goes on for ever with one that asks for the same block for ever. What is used of zigpy is its queue, in
which blocks wait until everybody else had their turn.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging

from zigpy.exceptions import DeliveryError

from ..core.errors import DeliveryError as CoreDeliveryError
from ..core.firmware import Firmware, Obstacle, Release, UpdateError
from . import questions
from .device import Question, RawDevice
from .questions import SUCCESS, VERDICTS, Wanted

_LOGGER = logging.getLogger(__name__)

_MOST_OCTETS = 50
"""Of an image in one block. They fit a frame on any route; zigpy and Zigbee2MQTT send no more."""

_RESTARTS = 5
"""How often a device may begin anew within one transfer."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long devices are waited for, in seconds.

    Attributes:
        answer: for a device to say what it runs.
        begin: for one that is awake to ask for the image.
        wake: for one that sleeps to do so.
        stall: without a new block before a transfer has failed. A whole transfer may take hours.
        back: for a device to restart and say what it runs then.
        again: until a device that has not reacted is told once more.
        pause: at least between telling it twice.
    """

    answer: float = 10.0
    begin: float = 60.0
    wake: float = 300.0
    stall: float = 600.0
    back: float = 300.0
    again: float = 30.0
    pause: float = 5.0


def _now() -> float:
    return asyncio.get_running_loop().time()


class Transfer:
    """An image on its way to a device."""

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
        """Make a transfer that has not begun.

        Args:
            device: who is to have the image.
            release: the image.
            data: its octets.
            progress: hears how much of it the device has, 0..1.
            patience: how long to wait for the device.
            sleepy: whether it hears only shortly after it spoke.
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
        """The device asks something."""
        self._inbox.put_nowait(question)

    def heard(self) -> None:
        """The device has said something, so it hears for a moment."""
        if self._inbox.empty():
            self._inbox.put_nowait(None)

    def removed(self) -> None:
        """The device was taken out of the network and says nothing any more."""
        self._inbox.shutdown(immediate=True)

    async def run(self) -> None:
        """See it through.

        Raises:
            UpdateError: why the device does not run the image.
            core.errors.DeliveryError: it is not on the network any more.
        """
        try:
            if await self._offer():
                await self._confirm(await self._serve())
        except asyncio.QueueShutDown as error:
            ieee = self._device.ieee
            raise CoreDeliveryError(f"{ieee} is not on the network any more") from error

    # What the device says

    async def _next(self, deadline: float) -> Question | None:
        """The newest question; None for any other sign of life.

        Raises:
            TimeoutError: nothing came before the deadline.
        """
        async with asyncio.timeout_at(deadline):
            found = await self._inbox.get()
        while not self._inbox.empty():
            found = self._inbox.get_nowait() or found
        return found

    async def _question(self, deadline: float, *, at_once: bool = True) -> Question:
        """The next question; until it comes the device is told that there is something for it.

        It is told when it has spoken, for it may sleep again soon, and now and then when it has not.

        Args:
            deadline: when to give up.
            at_once: whether it is told so first of all; a device that restarts would not hear it.

        Raises:
            TimeoutError: none came before the deadline.
        """
        is_due, told = at_once, _now() - self._patience.pause
        while True:
            if is_due:
                await self._tell()
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

    async def _tell(self) -> None:
        try:
            await questions.notify(self._device)
        except (DeliveryError, TimeoutError) as error:
            _LOGGER.debug("%s was not told of firmware: %s", self._device.ieee, error)

    # The three parts of a transfer

    async def _offer(self) -> bool:
        """Wait until the device asks for the image; whether it needs it.

        Raises:
            UpdateError: it does not ask, or for something else.
        """
        deadline = _now() + (self._patience.wake if self._sleepy else self._patience.begin)
        while True:
            try:
                question = await self._question(deadline)
            except TimeoutError as error:
                raise UpdateError(Obstacle.ASLEEP if self._sleepy else Obstacle.SILENT) from error
            running = questions.read_query(question)
            if running is not None and self._is_for(running):
                await questions.offer(self._device, question, self._release, len(self._data))
                return True
            await questions.turn_down(self._device, question)
            if running is not None:
                if running.version == self._release.version:
                    return False
                raise UpdateError(Obstacle.REFUSED, f"it runs {running}")

    def _is_for(self, running: Firmware) -> bool:
        """Whether the image is one for what the device runs now."""
        release = self._release
        return (
            running.manufacturer == release.manufacturer
            and running.image_type == release.image_type
            and running.version < release.version
        )

    async def _serve(self) -> Question:
        """Give out parts until the device says that it has them all.

        Raises:
            UpdateError: it stops asking, or wants no more.
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
        """Whether the device says that it has the image.

        Raises:
            UpdateError: it says that it wants no more of it.
        """
        verdict = questions.read_end(question)
        if verdict is None:
            return False
        if verdict.status != SUCCESS:
            await questions.acknowledge(self._device, question)
            reason = VERDICTS.get(verdict.status, f"status 0x{verdict.status:02x}")
            raise UpdateError(Obstacle.REFUSED, f"{reason}, at {self._share()}")
        return verdict.is_of(self._release)

    def _share(self) -> str:
        return f"{100 * self._reached // len(self._data)} %"

    async def _respond(self, question: Question) -> bool:
        """Answer a question in the middle of a transfer; whether it is a step forward."""
        running = questions.read_query(question)
        if running is not None and self._is_for(running):
            return await self._begin_anew(question)
        wanted = questions.read_block(question)
        if wanted is not None and wanted.is_of(self._release):
            return await self._give(question, wanted)
        if wanted is None and question.command == questions.BLOCK:
            await questions.misunderstand(self._device, question)
        else:
            await questions.turn_down(self._device, question)
        return False

    async def _begin_anew(self, question: Question) -> bool:
        """The device has lost what it had, or did not hear the offer."""
        is_restart, self._reached = self._reached > 0, 0
        self._restarts += is_restart
        if self._restarts > _RESTARTS:
            await questions.turn_down(self._device, question)
            raise UpdateError(Obstacle.STALLED, "it begins again and again")
        await questions.offer(self._device, question, self._release, len(self._data))
        return is_restart

    async def _give(self, question: Question, wanted: Wanted) -> bool:
        """Give out a part; whether it is one the device has not asked for before."""
        offset = wanted.offset
        block = self._data[offset : offset + min(wanted.most, _MOST_OCTETS)]
        if not block:
            await questions.misunderstand(self._device, question)
            return False
        is_new = offset >= self._reached
        if is_new:
            self._reached = offset + len(block)
            self._progress(offset / len(self._data))  # so much it has for certain
        await questions.give(self._device, question, self._release, offset, block)
        return is_new

    async def _confirm(self, question: Question) -> None:
        """Let the device restart, and wait until it says that it runs the image.

        Raises:
            UpdateError: it does not say so.
        """
        self._progress(1.0)
        deadline = _now() + self._patience.back
        is_old = False
        while True:
            running = questions.read_query(question)
            if questions.read_end(question) is not None:
                await questions.restart(self._device, question, self._release)
            else:
                await questions.turn_down(self._device, question)
            if running is not None and running.version == self._release.version:
                return
            is_old = is_old or running is not None
            try:
                question = await self._question(deadline, at_once=False)
            except TimeoutError as error:
                raise UpdateError(Obstacle.UNCHANGED if is_old else Obstacle.UNCONFIRMED) from error
