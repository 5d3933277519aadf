"""The device tables of a coordinator, read row by row.

zigpy-znp reads them as a whole: with one unreadable row it has no device and no key.
"""

from collections.abc import Awaitable, Iterator
import logging
from typing import Any

from zigpy.state import Key, NetworkInfo
import zigpy.types as t
from zigpy_znp.exceptions import InvalidCommandResponse, SecurityError
from zigpy_znp.types import (
    AddrMgrEntry,
    AddrMgrUserType,
    APSKeyDataTableEntry,
    APSLinkKeyTable,
    AuthenticationOption,
    TCLKDevEntry,
)
from zigpy_znp.types.nvids import ExNvIds, OsalNvIds
from zigpy_znp.znp.security import compute_key

_LOGGER = logging.getLogger(__name__)

UNREADABLE = (
    AssertionError,
    InvalidCommandResponse,
    LookupError,
    SecurityError,
    TypeError,
    ValueError,
)
"""Exceptions of zigpy-znp for an item that is missing or invalid."""

_EXTENDED_MEMORY = 3.30
"""The version of Z-Stack from which on a table has one item for each row."""

_MOST_ROWS = 1024
"""Maximum number of rows of a table, in case a coordinator never reports its end."""

_NO_NWK = t.NWK(0xFFFE)
_NO_DEVICES = (t.EUI64([0] * 8), t.EUI64([0xFF] * 8))
_KINDS = (
    AddrMgrUserType.Assoc,
    AddrMgrUserType.Security,
    AddrMgrUserType.Assoc | AddrMgrUserType.Security,
)
"""Types of the rows for devices of the network; other rows are targets of bindings."""


async def add_devices(znp: Any, network: NetworkInfo, seed: t.KeyData | None) -> None:
    """Add the devices in a coordinator's tables to its network, except for unreadable rows.

    Args:
        znp: a radio that is connected.
        network: the network without devices.
        seed: the seed of most link keys, which are unknown without it.
    """
    addresses = await _addresses(znp)
    devices = [entry for entry in addresses if entry is not None and _is_device(entry)]
    for entry in devices:
        if entry.type & AddrMgrUserType.Assoc:
            network.children.append(entry.extAddr)
        if entry.nwkAddr != _NO_NWK:
            network.nwk_addresses[entry.extAddr] = entry.nwkAddr
    derived = await _derived_keys(znp, seed) if seed is not None else []
    # Keys that are not derived from the seed take precedence, as in zigpy-znp.
    keys = {key.partner_ieee: key for key in (*derived, *await _other_keys(znp, addresses))}
    network.key_table += [keys[entry.extAddr] for entry in devices if entry.extAddr in keys]


def _is_device(entry: AddrMgrEntry) -> bool:
    return entry.extAddr not in _NO_DEVICES and entry.type in _KINDS


async def _addresses(znp: Any) -> list[Any]:
    """Return the rows of the address manager."""
    if znp.version >= _EXTENDED_MEMORY:
        return await _extended_rows(znp, ExNvIds.ADDRMGR, AddrMgrEntry)
    try:
        data = await znp.nvram.osal_read(OsalNvIds.ADDRMGR, item_type=t.Bytes)
    except UNREADABLE as error:
        _LOGGER.warning("The coordinator's list of devices cannot be read: %r", error)
        return []
    size = len(
        AddrMgrEntry(type=0, nwkAddr=0, extAddr=_NO_DEVICES[0]).serialize(align=_aligns(znp))
    )
    rows = range(0, len(data), size)
    return [_parsed(znp, "ADDRMGR", data[row : row + size], AddrMgrEntry) for row in rows]


def _aligns(znp: Any) -> bool:
    return bool(znp.nvram.align_structs)


async def _extended_rows(znp: Any, table: ExNvIds, kind: Any) -> list[Any]:
    """Return the rows of a table; None for unreadable ones."""
    items = (
        (
            f"{table.name} {number}",
            znp.nvram.read(item_id=table, sub_id=t.uint16_t(number), item_type=t.Bytes),
        )
        for number in range(_MOST_ROWS)
    )
    return await _rows(znp, items, kind)


async def _osal_rows(znp: Any, first: OsalNvIds, last: OsalNvIds, kind: Any) -> list[Any]:
    """Return the rows of a table of an older Z-Stack; None for unreadable ones."""
    items = (
        (f"0x{number:04x}", znp.nvram.osal_read(t.uint16_t(number), item_type=t.Bytes))
        for number in range(first, last + 1)
    )
    return await _rows(znp, items, kind)


async def _rows(znp: Any, items: Iterator[tuple[str, Awaitable[bytes]]], kind: Any) -> list[Any]:
    """Read items by name until one is missing; None for unreadable ones."""
    rows: list[Any] = []
    for name, reading in items:
        try:
            data = await reading
        except KeyError:
            break
        except UNREADABLE as error:
            _log_unreadable(name, error)
            rows.append(None)
        else:
            rows.append(_parsed(znp, name, data, kind))
    return rows


def _parsed(znp: Any, name: str, data: bytes, kind: Any) -> Any:
    try:
        return znp.nvram.deserialize(data, kind)
    except UNREADABLE as error:
        _log_unreadable(name, error)
        return None


def _log_unreadable(name: str, error: Exception) -> None:
    _LOGGER.warning("Item %s of the coordinator cannot be read: %s", name, type(error).__name__)


async def _derived_keys(znp: Any, seed: t.KeyData) -> list[Key]:
    """Return the link keys that are derived from the seed."""
    if znp.version >= _EXTENDED_MEMORY:
        rows = await _extended_rows(znp, ExNvIds.TCLK_TABLE, TCLKDevEntry)
    else:
        rows = await _osal_rows(
            znp,
            OsalNvIds.LEGACY_TCLK_TABLE_START,
            OsalNvIds.LEGACY_TCLK_TABLE_END,
            TCLKDevEntry,
        )
    return [
        _key(
            row.extAddr,
            compute_key(row.extAddr, seed, row.SeedShift_IcIndex),
            row.txFrmCntr,
            row.rxFrmCntr,
        )
        for row in rows
        if row is not None and row.extAddr not in _NO_DEVICES
    ]


async def _other_keys(znp: Any, addresses: list[Any]) -> list[Key]:
    """Return the other link keys."""
    if znp.version >= _EXTENDED_MEMORY:
        first = 0
        rows = await _extended_rows(znp, ExNvIds.APS_KEY_DATA_TABLE, APSKeyDataTableEntry)
    else:
        first = OsalNvIds.LEGACY_APS_LINK_KEY_DATA_START
        last = OsalNvIds.LEGACY_APS_LINK_KEY_DATA_END
        rows = await _osal_rows(znp, first, last, APSKeyDataTableEntry)
    try:
        data = await znp.nvram.osal_read(OsalNvIds.APS_LINK_KEY_TABLE, item_type=t.Bytes)
        # The item is longer than its entries.
        links = znp.nvram.deserialize(data, APSLinkKeyTable, allow_trailing=True)
    except UNREADABLE:
        return []
    keys = []
    for link in links:
        owner = _at(addresses, link.AddressManagerIndex)
        row = _at(rows, link.LinkKeyNvId - first)
        if (
            link.AuthenticationState == AuthenticationOption.AuthenticatedCBCK
            and owner is not None
            and owner.type & AddrMgrUserType.Security
            and row is not None
        ):
            keys.append(_key(owner.extAddr, row.Key, row.TxFrameCounter, row.RxFrameCounter))
    return keys


def _at(rows: list[Any], index: int) -> Any:
    return rows[index] if 0 <= index < len(rows) else None


def _key(ieee: t.EUI64, key: t.KeyData, sent: int, received: int) -> Key:
    return Key(
        partner_ieee=ieee,
        key=key,
        tx_counter=t.uint32_t(sent),
        rx_counter=t.uint32_t(received),
        seq=t.uint8_t(0),
    )
