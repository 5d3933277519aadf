"""The queue of messages to the broker."""

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
"""Sends topic, payload, QoS and retain flag; never raises."""


class Outbox(Broker):
    """Sends messages in order, many at a time, and keeps a limited number."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[tuple[str, str, int, bool]] = deque()
        self._wake = asyncio.Event()
        self._is_full = False
        self._sending: asyncio.Future[list[None]] | None = None

    @override
    def publish(self, topic: str, payload: str, *, qos: int = 0, retain: bool = False) -> None:
        if len(self._waiting) >= MOST_WAITING:
            if not self._is_full:
                _LOGGER.warning("The broker accepts messages too slowly; some were dropped")
            self._is_full = True
            return
        self._is_full = False
        self._waiting.append((topic, payload, qos, retain))
        self._wake.set()

    def clear(self) -> None:
        """Drop the messages that have not been sent."""
        self._waiting.clear()

    async def pump(self) -> None:
        """Send current and later messages until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._send_all()

    async def drain(self) -> None:
        """Send the remaining messages, within a time limit."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                if self._sending is not None:
                    await self._sending
                await self._send_all()
        except TimeoutError:
            if self._sending is not None:
                self._sending.cancel()
            _LOGGER.debug("%s messages were not sent", len(self._waiting))

    async def _send_all(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), BATCH)
            batch = [self._waiting.popleft() for _ in range(count)]
            # Messages are started in order.
            self._sending = asyncio.gather(*(self._send(*message) for message in batch))
            # Cancelling the pump does not cancel messages being sent; `drain` waits for them.
            await asyncio.shield(self._sending)
