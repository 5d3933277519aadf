"""Limits of incoming messages: a rate, and a queue of limited length."""

from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
import logging
from typing import Any

from .ports import Clock

_LOGGER = logging.getLogger(__name__)

BURST, RATE = 200, 50
"""Messages read at once and per second, for each device and each kind of request."""

SMALL = 1024
"""Octets of a message whose reading costs little."""

type Work = Callable[[], Coroutine[Any, Any, None]]
type Spawn = Callable[[Coroutine[Any, Any, None]], None]


class TokenBucket:
    """A token bucket: passes a burst, then a rate.

    Args:
        clock: the clock.
        size: the size of a burst.
        rate: the continuous rate per second.
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


class TokenBuckets:
    """A bucket for each key, so that one does not use up another's tokens."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, key: str) -> bool:
        """Whether one more of `key` may pass; there must be few keys."""
        if key not in self._buckets:
            self._buckets[key] = TokenBucket(self._clock, BURST, RATE)
        return self._buckets[key].take()


class WorkQueues:
    """Queues of work: in order within a lane, lanes in parallel, each of limited length."""

    def __init__(self, spawn: Spawn, longest: int) -> None:
        self._spawn = spawn
        self._longest = longest
        self._lanes: dict[str, deque[Work]] = {}

    def put(self, lane: str, work: Work) -> bool:
        """Add work to a lane; return whether there was room."""
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
                except Exception:  # an error of one message must not stop the next ones
                    _LOGGER.exception("A message to %s failed", lane)
                waiting.popleft()
        finally:
            del self._lanes[lane]
