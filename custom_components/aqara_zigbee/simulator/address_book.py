"""The devices in the firmware's memory: the address manager and the trust centre's table of keys.

Zigpy's backup reads both: a device is listed when the address manager marks it as secured or as a
child, with the key that the trust centre's table gives it (`zigpy_znp.znp.security.read_devices`).
"""

from collections.abc import Iterator
from random import Random
import struct

from .items import ADDRESSES, ADDRMGR, EMPTY_ADDRESS, EMPTY_TRUST, NOBODY, TCLK_TABLE
from .nvram import ZSTACK, Key, NvRam

ASSOCIATED, SECURED = 0x01, 0x02
"""User types of a row of the address manager (`AddrMgrUserType`)."""
VERIFIED_KEY = 0x02
LARGEST_ADDRESS = 0xFFF7


class AddressBook:
    """A view of two tables in memory.

    Args:
        nvram: the memory with both tables.
        rng: chooses how the seed is rotated for a key.
    """

    def __init__(self, nvram: NvRam, rng: Random) -> None:
        self._nvram = nvram
        self._rng = rng
        self._slots: dict[bytes, int] = {}
        self._free = 0

    def read(self) -> None:
        """Read the address manager, as at every boot."""
        self._slots = {
            value[4:]: key.sub
            for key, value in self._rows(ADDRMGR)
            if value[4:] not in (NOBODY, bytes(8))
        }
        self._free = 0

    def _rows(self, table: int) -> Iterator[tuple[Key, bytes]]:
        row = 0
        while (key := Key(ZSTACK, table, row)) in self._nvram.items:
            yield key, self._nvram[key]
            row += 1

    def address_of(self, ieee: bytes) -> int | None:
        """The network address of a device, or None."""
        if (slot := self._slots.get(ieee)) is None:
            return None
        nwk = int.from_bytes(self._nvram[Key(ZSTACK, ADDRMGR, slot)][2:4], "little")
        return nwk if nwk <= LARGEST_ADDRESS else None

    def children(self) -> Iterator[bytes]:
        """IEEE addresses of the devices marked as children."""
        for ieee, slot in self._slots.items():
            if self._nvram[Key(ZSTACK, ADDRMGR, slot)][0] & ASSOCIATED:
                yield ieee

    def enter(self, ieee: bytes, nwk: int, *, child: bool) -> None:
        """Add a device.

        When the table is full it stays a member that no backup mentions, as with a real
        coordinator.
        """
        slot = self._slots.get(ieee)
        if slot is None and (slot := self._free_slot()) is None:
            return
        self._slots[ieee] = slot
        kind = SECURED | (ASSOCIATED if child else 0)
        row = struct.pack("<BBH", kind, 0xFF, nwk) + ieee
        self._nvram[Key(ZSTACK, ADDRMGR, slot)] = row
        self._trust(ieee)

    def _free_slot(self) -> int | None:
        for slot in range(self._free, ADDRESSES):
            if self._nvram.get(Key(ZSTACK, ADDRMGR, slot))[4:] == NOBODY:
                self._free = slot + 1
                return slot
        return None

    def _trust(self, ieee: bytes) -> None:
        """Add a row to the trust centre's table: its key is the seed, rotated and mixed."""
        free = None
        for key, value in self._rows(TCLK_TABLE):
            if value[8:16] == ieee:
                return
            if free is None and value[8:16] == bytes(8):
                free = key
        if free is not None:
            shift = self._rng.randrange(16)
            self._nvram[free] = struct.pack("<II8sBBBx", 0, 0, ieee, VERIFIED_KEY, 0, shift)

    def strike(self, ieee: bytes) -> None:
        """Remove a device that has left."""
        slot = self._slots.pop(ieee, None)
        if slot is not None:
            self._nvram[Key(ZSTACK, ADDRMGR, slot)] = EMPTY_ADDRESS
            self._free = min(self._free, slot)
        for key, value in self._rows(TCLK_TABLE):
            if value[8:16] == ieee:
                self._nvram[key] = EMPTY_TRUST
