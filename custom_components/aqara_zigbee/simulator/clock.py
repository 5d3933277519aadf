"""The time of the virtual home.

All waiting and all integration over time uses one `Clock`. It runs `speed` times as fast as the
event loop, can be advanced by hand, and holds at most one timer of the loop, so closing it leaves
nothing behind.

The host (zigpy) lives in real time. At speed 50 a lock that listens for two seconds listens for 40
real milliseconds, so a fast clock shortens waits, but leaves less time for answers.

While the machine is busy, the clock slows down: it moves in small steps, each a timer of the loop,
and a late step counts no more than one in time. Otherwise a lock would have gone to sleep before
the host, which waits for the same machine, could answer it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import heapq
from itertools import count
from math import inf
from typing import Any

STEP = 0.1
"""Shortest step in simulated seconds; steps towards a distant event are longer."""


@dataclass(slots=True, order=True)
class Timer:
    """A scheduled call that can be cancelled."""

    due: float
    order: int
    callback: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        """Cancel the call. Harmless when it has already happened."""
        self.callback = None


class Clock:
    """Simulated seconds.

    Args:
        speed: simulated seconds per real second. 0 stops time: then only `advance` moves it.
        start: the initial time, in seconds.
    """

    def __init__(self, *, speed: float = 1.0, start: float = 0.0) -> None:
        if speed < 0:
            raise ValueError("time does not run backwards")
        self.speed = speed
        self._shown = start
        self._shown_at: float | None = None
        self._limit = inf
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._timers: list[Timer] = []
        self._order = count()

    def start(self) -> None:
        """Run with the current event loop. Called again, it does nothing.

        Raises:
            RuntimeError: no loop is running.
        """
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._shown_at = self._loop.time()
            self._arm()

    def now(self) -> float:
        """Simulated seconds since the beginning of this home."""
        if self._loop is None or self._shown_at is None:
            return self._shown
        passed = (self._loop.time() - self._shown_at) * self.speed
        return min(self._shown + passed, self._limit)

    def later(self, delay: float, callback: Callable[..., None], *args: Any) -> Timer:
        """Call `callback(*args)` after `delay` simulated seconds; equal delays keep their order."""
        due = self.now() + max(delay, 0.0)
        timer = Timer(due, next(self._order), lambda: callback(*args))
        heapq.heappush(self._timers, timer)
        if self._timers[0] is timer:
            self._arm()
        return timer

    def advance(self, seconds: float) -> None:
        """Move time forward at once; calls that fall due happen now, in order."""
        target = self.now() + seconds
        while self._timers and self._timers[0].due <= target:
            timer = heapq.heappop(self._timers)
            self._show(max(timer.due, self.now()))
            if timer.callback is not None:
                timer.callback()
        self._show(target)
        self._arm()

    def close(self) -> None:
        """Stop, and cancel all scheduled calls. The clock can be started again."""
        self._show(self.now())
        self._timers.clear()
        self._disarm()
        self._loop = None

    def _show(self, seconds: float) -> None:
        self._shown = seconds
        self._limit = seconds + STEP if self._timers else inf
        if self._loop is not None:
            self._shown_at = self._loop.time()

    def _arm(self) -> None:
        self._disarm()
        now = self.now()
        self._show(now)
        if self._loop is not None and self._timers and self.speed:
            due = self._timers[0].due
            self._limit = max(min(due, now + max((due - now) / 8, STEP)), now)
            self._handle = self._loop.call_later((self._limit - now) / self.speed, self._ring)

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _ring(self) -> None:
        self._handle = None
        now = self.now()
        self._show(now)
        try:
            # Timers set by the callbacks wait for the next round, so that they cannot block the
            # loop.
            due = []
            while self._timers and self._timers[0].due <= now:
                due.append(heapq.heappop(self._timers))
            while due:
                timer = due.pop(0)
                if timer.callback is not None:
                    timer.callback()
        finally:
            for timer in due:  # calls that an exception prevented happen in the next round
                heapq.heappush(self._timers, timer)
            self._arm()
