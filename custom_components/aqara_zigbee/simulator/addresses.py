"""Conversions of IEEE addresses: zigpy's text (`00:15:8d:00:01:02:03:04`), wire format, `EUI64`."""

from typing import Any

from .mt import t


def wire(ieee: str) -> bytes:
    """Return an address in wire format, least significant byte first.

    Raises:
        ValueError: it is not eight bytes in hexadecimal.
    """
    raw = bytes.fromhex(ieee.replace(":", ""))
    if len(raw) != 8:
        raise ValueError(f"{ieee!r} is not an IEEE address")
    return raw[::-1]


def readable(ieee: bytes) -> str:
    """Return an address in zigpy's text; the reverse of `wire`."""
    return ieee[::-1].hex(":")


def eui64(ieee: bytes) -> Any:
    """Return an address in wire format as `EUI64`."""
    return t.EUI64.deserialize(ieee)[0]
