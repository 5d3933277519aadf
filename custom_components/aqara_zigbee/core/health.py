"""Counts of the radio's failures, and findings when there are too many.

Two status codes are frequent with TI coordinators, and without an explanation users pair everything
again: 225, the channel is too busy to send, and 17, the coordinator's buffers are full.
"""

from collections import Counter, deque
from datetime import datetime, timedelta
from enum import StrEnum

CHANNEL_ACCESS_FAILURE = 0xE1
"""IEEE 802.15.4 MAC_CHANNEL_ACCESS_FAILURE, 225 in logs."""

BUFFER_FULL = 0x11
"""Z-Stack's afStatus_MEM_FAIL family, 17 in logs."""

WINDOW = timedelta(hours=1)
_CROWDED_FAILURES, _CROWDED_SHARE = 10, 0.05
_FULL_FAILURES = 5


class Finding(StrEnum):
    """Findings; the values are translation keys of their explanations."""

    CROWDED = "channel_crowded"
    BUFFERS = "buffers_full"


class Health:
    """Counts sent and failed frames.

    Attributes:
        failures: the count of each status since the start.
        losses: the count of losses of the radio since the start.
    """

    def __init__(self) -> None:
        self.failures: Counter[int] = Counter()
        self.losses = 0
        self._recent: deque[tuple[datetime, int | None]] = deque(maxlen=10_000)

    def sent(self, status: int | None, now: datetime) -> None:
        """Count a sent frame (None) or a failed one (the radio's status)."""
        self._recent.append((now, status))
        if status is not None:
            self.failures[status] += 1

    def findings(self, now: datetime) -> set[Finding]:
        """Return the findings of the last hour."""
        while self._recent and now - self._recent[0][0] > WINDOW:
            self._recent.popleft()
        counts = Counter(status for _, status in self._recent)
        found: set[Finding] = set()
        crowded = counts[CHANNEL_ACCESS_FAILURE]
        if crowded >= _CROWDED_FAILURES and crowded >= _CROWDED_SHARE * len(self._recent):
            found.add(Finding.CROWDED)
        if counts[BUFFER_FULL] >= _FULL_FAILURES:
            found.add(Finding.BUFFERS)
        return found
