"""The coordinator's health: its failures, and whether its firmware has known problems.

Two status codes are frequent with TI coordinators, and without an explanation users pair everything
again: 225, the channel is too busy to send, and 17, the coordinator's buffers are full.
"""

from collections import Counter, deque
from datetime import datetime, timedelta
from enum import StrEnum
import re

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


OLDEST_GOOD = 20210708
"""Older Z-Stack 3 firmware permits joins through a router only while the coordinator itself permits
them, too (Z-Stack-firmware efac5ee, named by zigpy-znp's `permit`)."""

_Z_STACK_3 = re.compile(r"Z-Stack (?:3\S* )?(\d+)$")
"""zigpy-znp's names: ``Z-Stack 20230507`` since 3.30, ``Z-Stack 3.0.x 20190425`` before."""


def build(firmware: str) -> int | None:
    """Return the build date of a Z-Stack 3 as a number, from the coordinator's version.

    0 is older firmware without a date; None is any other firmware.
    """
    found = _Z_STACK_3.match(firmware)
    return int(found[1]) if found else None


def is_z_stack_1(firmware: str) -> bool:
    """Whether a coordinator runs Z-Stack Home 1.2, which this integration does not support."""
    return firmware.startswith("Z-Stack Home 1.")


def is_too_old(firmware: str) -> bool:
    """Whether a coordinator should be updated to newer firmware."""
    built = build(firmware)
    return built is not None and built < OLDEST_GOOD
