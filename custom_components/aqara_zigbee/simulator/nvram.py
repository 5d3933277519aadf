"""The coordinator's non-volatile memory.

Items have a system, an item and a sub number (Z-Stack's NVOCMP driver). The older OSAL commands
reach system ZSTACK, item LEGACY, with the OSAL identifier as the sub number. Status codes and
limits are those of TI's `mt_sys.c`.
"""

from enum import IntEnum
from typing import NamedTuple, override

from .faults import Faults

ZSTACK = 1
LEGACY = 0
LARGEST_OSAL_ID = 0x03FF
"""Sub numbers have 10 bits; higher ones are not stored (`zigpy_znp.types.nvids`)."""


class Key(NamedTuple):
    """The address of an item."""

    system: int
    item: int
    sub: int

    @override
    def __str__(self) -> str:
        return f"{self.system:02x}.{self.item:04x}.{self.sub:04x}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """Return the key of a text; the reverse of `str()`."""
        return cls(*(int(part, 16) for part in text.split(".")))


def osal(identifier: int) -> Key:
    """Return the key of an OSAL item."""
    return Key(ZSTACK, LEGACY, identifier)


class OsalStatus(IntEnum):
    """Status codes of the OSAL commands."""

    SUCCESS = 0x00
    INVALID_PARAMETER = 0x02
    NV_ITEM_UNINIT = 0x09
    NV_OPER_FAILED = 0x0A
    NV_BAD_ITEM_LEN = 0x0C


class NvStatus(IntEnum):
    """Status codes of the extended commands (`nvintf.h`)."""

    SUCCESS = 0
    FAILURE = 1
    BAD_LENGTH = 5
    BAD_OFFSET = 6
    NOT_FOUND = 10
    EXIST = 13


class NvRam:
    """A store of items, with the two sets of commands that reach it."""

    def __init__(self, faults: Faults) -> None:
        self.items: dict[Key, bytes] = {}
        self._faults = faults

    def __getitem__(self, key: Key) -> bytes:
        return self.items[key]

    def __setitem__(self, key: Key, value: bytes) -> None:
        """Written by the firmware itself, so the simulated failures of writes do not apply."""
        self.items[key] = value

    def get(self, key: Key) -> bytes:
        """Return an item, or no bytes."""
        return self.items.get(key, b"")

    # -- OSAL commands ---------------------------------------------------------------------------

    def osal_length(self, identifier: int) -> int:
        """Return the length of an item; 0 if there is none."""
        return len(self.get(osal(identifier)))

    def osal_init(self, identifier: int, length: int, value: bytes) -> OsalStatus:
        """Create an item; NV_ITEM_UNINIT means that it did not exist and does now."""
        key = osal(identifier)
        if key in self.items:
            return (
                OsalStatus.SUCCESS if len(self.items[key]) == length else OsalStatus.NV_BAD_ITEM_LEN
            )
        if self._faults.nv_writes_fail or identifier > LARGEST_OSAL_ID or not length:
            return OsalStatus.NV_OPER_FAILED
        self.items[key] = value[:length].ljust(length, b"\xff")
        return OsalStatus.NV_ITEM_UNINIT

    def osal_read(self, identifier: int, offset: int, room: int) -> tuple[OsalStatus, bytes]:
        """Return the rest of an item from `offset`, at most `room` bytes."""
        value = self.get(osal(identifier))
        if offset >= len(value):
            return OsalStatus.INVALID_PARAMETER, b""
        return OsalStatus.SUCCESS, value[offset : offset + room]

    def osal_write(self, identifier: int, offset: int, data: bytes) -> OsalStatus:
        """Overwrite part of an item; it cannot grow."""
        key = osal(identifier)
        value = self.get(key)
        if offset + len(data) > len(value):
            return OsalStatus.INVALID_PARAMETER
        if self._faults.nv_writes_fail:
            return OsalStatus.NV_OPER_FAILED
        self.items[key] = value[:offset] + data + value[offset + len(data) :]
        return OsalStatus.SUCCESS

    def osal_delete(self, identifier: int, length: int) -> OsalStatus:
        """Delete an item; the host must know its length."""
        key = osal(identifier)
        if key not in self.items:
            return OsalStatus.NV_ITEM_UNINIT
        if len(self.items[key]) != length:
            return OsalStatus.NV_BAD_ITEM_LEN
        if self._faults.nv_writes_fail:
            return OsalStatus.NV_OPER_FAILED
        del self.items[key]
        return OsalStatus.SUCCESS

    # -- Extended commands -----------------------------------------------------------------------

    def create(self, key: Key, length: int) -> NvStatus:
        """Create an item full of zeros."""
        if key in self.items:
            return NvStatus.EXIST
        if not length:
            return NvStatus.BAD_LENGTH
        if self._faults.nv_writes_fail:
            return NvStatus.FAILURE
        self.items[key] = bytes(length)
        return NvStatus.SUCCESS

    def read(self, key: Key, offset: int, length: int) -> tuple[NvStatus, bytes]:
        """Return part of an item; reading beyond its end fails."""
        if key not in self.items:
            return NvStatus.NOT_FOUND, b""
        value = self.items[key]
        if offset + length > len(value):
            return NvStatus.BAD_LENGTH, b""
        return NvStatus.SUCCESS, value[offset : offset + length]

    def write(self, key: Key, offset: int, data: bytes) -> NvStatus:
        """Overwrite part of an existing item."""
        if key not in self.items:
            return NvStatus.NOT_FOUND
        value = self.items[key]
        if offset + len(data) > len(value):
            return NvStatus.BAD_LENGTH
        if self._faults.nv_writes_fail:
            return NvStatus.FAILURE
        if not self._faults.nv_writes_vanish:
            self.items[key] = value[:offset] + data + value[offset + len(data) :]
        return NvStatus.SUCCESS

    def update(self, key: Key, data: bytes) -> NvStatus:
        """Replace an item, or create it."""
        if self._faults.nv_writes_fail:
            return NvStatus.FAILURE
        self.items[key] = data
        return NvStatus.SUCCESS

    def delete(self, key: Key) -> NvStatus:
        """Delete an item."""
        if key not in self.items:
            return NvStatus.NOT_FOUND
        if self._faults.nv_writes_fail:
            return NvStatus.FAILURE
        del self.items[key]
        return NvStatus.SUCCESS

    # -- State as data ---------------------------------------------------------------------------

    def snapshot(self, defaults: dict[Key, bytes]) -> dict[str, str | None]:
        """Return the items that differ from `defaults`, in hexadecimal; None for missing ones."""
        changed: dict[str, str | None] = {
            str(key): value.hex() for key, value in self.items.items() if defaults.get(key) != value
        }
        changed.update({str(key): None for key in defaults if key not in self.items})
        return changed

    def restore(self, defaults: dict[Key, bytes], changed: dict[str, str | None]) -> None:
        """The reverse of `snapshot`."""
        self.items = dict(defaults)
        for text, value in changed.items():
            if value is None:
                self.items.pop(Key.parse(text), None)
            else:
                self.items[Key.parse(text)] = bytes.fromhex(value)
