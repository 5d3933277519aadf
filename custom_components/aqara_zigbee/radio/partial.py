"""Reads the network of a coordinator that lacks some of its items.

zigpy-znp reports that such a coordinator has no network, like a blank one. It happens after a
firmware update without erasing, and after an interrupted restore.
"""

from datetime import UTC, datetime
from typing import Any

from zigpy.backups import NetworkBackup
from zigpy.state import Key, NetworkInfo, NodeInfo
import zigpy.types as t
import zigpy.zdo.types as zdo_t
from zigpy_znp.types import NIB, NwkKeyDesc
from zigpy_znp.types.nvids import OsalNvIds
from zigpy_znp.znp.security import read_nwk_frame_counter

from .application import Application
from .device_table import UNREADABLE, add_devices

_CHANNELS = range(11, 27)
_NOBODY = t.EUI64([0xFF] * 8)
_NO_PAN = (0x0000, 0xFFFE, 0xFFFF)
_NO_KEYS = (bytes(16), b"\xff" * 16)
_UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)


async def read_partial(app: Application) -> NetworkBackup | None:
    """Return the network of a coordinator that is not formed for zigpy-znp; None without any.

    A missing frame counter is 0, of an unknown time.

    Args:
        app: a connected radio.
    """
    znp: Any = app._znp  # noqa: SLF001 - no other way to its items
    nib = await _item(znp, OsalNvIds.NIB, NIB)
    if nib is not None and not (nib.nwkLogicalChannel in _CHANNELS and nib.nwkPanId not in _NO_PAN):
        nib = None
    key = await _network_key(znp, has_network=nib is not None)
    if nib is None and key is None:
        return None
    ieee = await _item(znp, OsalNvIds.EXTADDR, t.EUI64) or _NOBODY
    seed = await _item(znp, OsalNvIds.TCLK_SEED, t.KeyData)
    network = NetworkInfo(network_key=_with(key, ieee), source="zigpy-znp")
    network.tc_link_key.partner_ieee = ieee
    taken = _UNKNOWN_TIME
    if seed is not None:
        network.stack_specific = {"zstack": {"tclk_seed": seed.serialize().hex()}}
    if nib is not None:
        network.extended_pan_id = nib.extendedPANID
        network.pan_id = nib.nwkPanId
        network.nwk_update_id = nib.nwkUpdateId
        network.channel = nib.nwkLogicalChannel
        network.channel_mask = nib.channelList
        network.security_level = nib.SecurityLevel
        counter = await _frame_counter(znp, nib.extendedPANID)
        if counter is not None:
            network.network_key.tx_counter, taken = t.uint32_t(counter), datetime.now(UTC)
    await add_devices(znp, network, seed)
    node = NodeInfo(nwk=t.NWK(0), ieee=ieee, logical_type=zdo_t.LogicalType.Coordinator)
    return NetworkBackup(network_info=network, node_info=node, backup_time=taken)


async def _item(znp: Any, item: OsalNvIds, kind: Any) -> Any:
    """Return an item of the memory; None if it is missing or something else."""
    try:
        return await znp.nvram.osal_read(item, item_type=kind)
    except UNREADABLE:
        return None


async def _network_key(znp: Any, *, has_network: bool) -> Any:
    """Return the key in use, else a copy of it; None without one."""
    for item in (OsalNvIds.NWK_ACTIVE_KEY_INFO, OsalNvIds.NWK_ALTERN_KEY_INFO):
        found = await _item(znp, item, NwkKeyDesc)
        if found is not None and found.Key.serialize() not in _NO_KEYS:
            return found
    # A blank coordinator may have a preconfigured key, too, so it does not prove a network.
    found = await _item(znp, OsalNvIds.PRECFGKEY, t.KeyData) if has_network else None
    if found is None or found.serialize() in _NO_KEYS:
        return None
    return NwkKeyDesc(KeySeqNum=t.uint8_t(0), Key=found)


def _with(key: Any, ieee: t.EUI64) -> Key:
    known = key or NwkKeyDesc(KeySeqNum=t.uint8_t(0), Key=t.KeyData(bytes(16)))
    return Key(
        key=known.Key,
        seq=known.KeySeqNum,
        tx_counter=t.uint32_t(0),
        rx_counter=t.uint32_t(0),
        partner_ieee=ieee,
    )


async def _frame_counter(znp: Any, extended_pan_id: t.EUI64) -> int | None:
    try:
        return int(await read_nwk_frame_counter(znp, ext_pan_id=extended_pan_id))
    except UNREADABLE:
        return None
