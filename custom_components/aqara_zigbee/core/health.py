"""How the radio is doing, counted, and said in plain words when it is too much.

Users of every TI stick meet two codes and re-pair everything because nobody tells them what the codes
mean: 225, the channel is too crowded to get a word in, and 17, the stick's buffers are full.
"""

from collections import Counter, deque
from datetime import datetime, timedelta
from enum import StrEnum

CHANNEL_ACCESS_FAILURE = 0xE1
"""IEEE 802.15.4 MAC_CHANNEL_ACCESS_FAILURE, the 225 of the logs."""

BUFFER_FULL = 0x11
"""Z-Stack's afStatus_MEM_FAIL family: the 17 of the logs."""

WINDOW = timedelta(hours=1)
_CROWDED_FAILURES, _CROWDED_SHARE = 10, 0.05
_FULL_FAILURES = 5


class Finding(StrEnum):
    """What is wrong; the values are the names of the texts that explain it."""

    CROWDED = "channel_crowded"
    BUFFERS = "buffers_full"


class Health:
    """Counts what went out and what did not.

    Attributes:
        failures: how often each status came since the start.
        losses: how often the radio was lost since the start.
    """

    def __init__(self) -> None:
        self.failures: Counter[int] = Counter()
        self.losses = 0
        self._recent: deque[tuple[datetime, int | None]] = deque(maxlen=10_000)

    def sent(self, status: int | None, now: datetime) -> None:
        """A frame went out (None), or the radio said why not."""
        self._recent.append((now, status))
        if status is not None:
            self.failures[status] += 1

    def findings(self, now: datetime) -> set[Finding]:
        """What has been too much within the last hour."""
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
