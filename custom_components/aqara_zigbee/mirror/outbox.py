"""Messages on their way to a broker."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import logging
from typing import override

from .ports import Broker

_LOGGER = logging.getLogger(__name__)

MOST_WAITING = 2000
BATCH = 50
FLUSH_SECONDS = 2.0

type Send = Callable[[str, str, int, bool], Awaitable[None]]
"""Sends topic, payload, quality of service and whether to retain it; never raises."""


class Outbox(Broker):
    """In order, many at a time, and no more than memory can bear."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[tuple[str, str, int, bool]] = deque()
        self._wake = asyncio.Event()
        self._is_full = False

    @override
    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        if len(self._waiting) >= MOST_WAITING:
            if not self._is_full:
                _LOGGER.warning("The broker takes messages too slowly; some are lost")
            self._is_full = True
            return
        self._is_full = False
        self._waiting.append((topic, payload, qos, retain))
        self._wake.set()

    def clear(self) -> None:
        """Forget what has not been sent."""
        self._waiting.clear()

    async def pump(self) -> None:
        """Send what there is and what will come, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._send_all()

    async def drain(self) -> None:
        """Send what is left, if that does not take too long."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._send_all()
        except TimeoutError:
            _LOGGER.debug("%s messages were not sent", len(self._waiting))

    async def _send_all(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), BATCH)
            batch = [self._waiting.popleft() for _ in range(count)]
            # Each begins in its turn, and what was begun is in order.
            await asyncio.gather(*(self._send(*message) for message in batch))
