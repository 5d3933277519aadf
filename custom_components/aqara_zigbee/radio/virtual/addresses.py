"""IEEE addresses: as zigpy writes them (`00:15:8d:00:01:02:03:04`), on the air, as its type."""

from __future__ import annotations

from typing import Any

from .mt import t


def wire(ieee: str) -> bytes:
    """A written address as it goes on the air, least significant byte first.

    Raises:
        ValueError: It is not eight bytes in hexadecimal.
    """
    raw = bytes.fromhex(ieee.replace(":", ""))
    if len(raw) != 8:
        raise ValueError(f"{ieee!r} is not an IEEE address")
    return raw[::-1]


def readable(ieee: bytes) -> str:
    """The reverse of `wire`."""
    return ieee[::-1].hex(":")


def eui64(ieee: bytes) -> Any:
    """An address of the air as `EUI64`."""
    return t.EUI64.deserialize(ieee)[0]
