"""The 2.4 GHz band: channels, and the noise on them."""

from collections.abc import Iterator
from random import Random

FIRST, LAST = 11, 26
QUIET = (15, 20, 25, 26)
"""Channels beside Wi-Fi 1, 6 and 11, which cover Zigbee 11 to 14, 16 to 19 and 21 to 24."""
SUPERFRAME = 0.01536
"""Seconds (IEEE 802.15.4, aBaseSuperframeDuration)."""


def channels_in(mask: int) -> Iterator[int]:
    """Yield the channels in a mask, 11 to 26."""
    return (channel for channel in range(FIRST, LAST + 1) if mask & (1 << channel))


def scan_seconds(mask: int, duration: int, count: int) -> float:
    """Return an energy scan's seconds: 2^duration + 1 superframes per channel, `count` times."""
    rounds = len(list(channels_in(mask))) * max(count, 1)
    return rounds * ((1 << duration) + 1) * SUPERFRAME


class Spectrum:
    """The noise around a home: different for each seed, and a little for each scan."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._noise = {
            channel: rng.randrange(40, 75) if channel in QUIET else rng.randrange(110, 190)
            for channel in range(FIRST, LAST + 1)
        }

    def energies(self, mask: int) -> bytes:
        """Return the result of an energy scan: a byte for each channel of the mask."""
        return bytes(
            self._noise[channel] + self._rng.randrange(-9, 10) for channel in channels_in(mask)
        )
