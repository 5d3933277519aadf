"""How much others may ask of us: so many messages a second, so much waiting work."""

from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
import logging
from typing import Any

from .ports import Clock

_LOGGER = logging.getLogger(__name__)

type Work = Callable[[], Coroutine[Any, Any, None]]
type Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Bucket:
    """Lets so many a second pass, and a burst of as many as it holds.

    Args:
        clock: the time.
        size: how many may come at once.
        rate: how many a second may come all the time.
    """

    def __init__(self, clock: Clock, size: float, rate: float) -> None:
        self._clock = clock
        self._size = size
        self._rate = rate
        self._level = size
        self._filled: datetime = clock.now()

    def take(self) -> bool:
        """Whether one more may pass."""
        now = self._clock.now()
        passed = max((now - self._filled).total_seconds(), 0.0)
        self._level = min(self._size, self._level + passed * self._rate)
        self._filled = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Lanes:
    """Work in order within a lane, lanes beside each other, and none longer than allowed."""

    def __init__(self, spawn: Spawn, longest: int) -> None:
        self._spawn = spawn
        self._longest = longest
        self._lanes: dict[str, deque[Work]] = {}

    def put(self, lane: str, work: Work) -> bool:
        """Do something after what is in that lane; whether there was room for it."""
        waiting = self._lanes.get(lane)
        if waiting is None:
            self._lanes[lane] = deque([work])
            self._spawn(self._drive(lane))
            return True
        if len(waiting) >= self._longest:
            return False
        waiting.append(work)
        return True

    async def _drive(self, lane: str) -> None:
        waiting = self._lanes[lane]
        try:
            while waiting:
                try:
                    await waiting[0]()
                except Exception:  # one message's fault must not stop those after it
                    _LOGGER.exception("A message to %s failed", lane)
                waiting.popleft()
        finally:
            del self._lanes[lane]
