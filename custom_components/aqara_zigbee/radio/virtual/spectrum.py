"""The 2.4 GHz band: channels, and the noise on them."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

FIRST, LAST = 11, 26
QUIET = (15, 20, 25, 26)
"""Wi-Fi 1, 6 and 11 lie on Zigbee 11 to 14, 16 to 19, 21 to 24; these are beside them."""
SUPERFRAME = 0.01536
"""Seconds (IEEE 802.15.4, aBaseSuperframeDuration)."""


def channels_in(mask: int) -> Iterator[int]:
    """The channels named in a mask, 11 to 26."""
    return (channel for channel in range(FIRST, LAST + 1) if mask & (1 << channel))


def scan_seconds(mask: int, duration: int, count: int) -> float:
    """How long an energy scan takes: 2^duration + 1 superframes on each channel, `count` times."""
    rounds = len(list(channels_in(mask))) * max(count, 1)
    return rounds * ((1 << duration) + 1) * SUPERFRAME


class Spectrum:
    """The noise around one home: different for each seed, and a little each time one listens."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._noise = {
            channel: rng.randrange(40, 75) if channel in QUIET else rng.randrange(110, 190)
            for channel in range(FIRST, LAST + 1)
        }

    def energies(self, mask: int) -> bytes:
        """What an energy scan measures: a byte for each channel of the mask."""
        return bytes(
            self._noise[channel] + self._rng.randrange(-9, 10) for channel in channels_in(mask)
        )
