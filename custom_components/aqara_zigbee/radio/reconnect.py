"""Reconnects a lost radio."""

import asyncio
from collections.abc import Callable, Iterator
import contextlib
import logging
from random import uniform

from .adapter import ZigpyRadio
from .network import RadioError

_LOGGER = logging.getLogger(__name__)

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0


def pauses() -> Iterator[float]:
    """Yield seconds between attempts: increasing to a minute, with a random part."""
    pause = _FIRST_PAUSE
    while True:
        yield pause * uniform(0.8, 1.2)  # noqa: S311 - no secret
        pause = min(pause * 2, _LONGEST_PAUSE)


class Reconnector:
    """Reconnects a lost radio.

    Meanwhile the devices keep their last state and are unavailable.
    """

    def __init__(
        self,
        radio: ZigpyRadio,
        restart: Callable[[], object],
        failed: Callable[[RadioError], object] = lambda error: None,
    ) -> None:
        """Create a reconnector that is idle.

        Args:
            radio: a running radio.
            restart: called when it is connected again.
            failed: called when an attempt has failed, with the reason.
        """
        self._radio = radio
        self._restart = restart
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self._reappeared = asyncio.Event()
        self.attempts = 0
        """Attempts since the last loss."""

    def lost(self, reason: str) -> None:
        """Start reconnecting. Must be called when the radio is lost."""
        if self._task is None:
            _LOGGER.info(
                "Lost the coordinator at %s (%s); trying to reach it again",
                self._radio.path,
                reason,
            )
            self._reappeared.clear()
            self._task = asyncio.create_task(self._seek(), name=f"seek {self._radio.path}")

    def reappeared(self) -> None:
        """Try at once, as the port is available again."""
        self._reappeared.set()

    async def stop(self) -> None:
        """Stop reconnecting."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _seek(self) -> None:
        self.attempts = 0
        await self._radio.stop()
        for pause in pauses():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._reappeared.wait()
            # Not before the wait: the port may have returned while the old connection was being
            # closed.
            self._reappeared.clear()
            self.attempts += 1
            try:
                await self._radio.start()
            except RadioError as error:
                _LOGGER.debug("Attempt %d: %s", self.attempts, error)
                self._failed(error)
            except Exception:  # without further attempts the home would stay without a radio
                _LOGGER.exception("Attempt %d failed unexpectedly", self.attempts)
            else:
                break
        _LOGGER.info("Reached the coordinator again after %d attempts", self.attempts)
        self._task = None
        self._restart()
