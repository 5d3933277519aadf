"""Check that a coordinator's tables have room for a network, before zigpy-znp writes it."""

from typing import Any

from zigpy.state import NetworkInfo
import zigpy.types as t
import zigpy_znp.commands as c
from zigpy_znp.exceptions import CommandNotRecognized, InvalidCommandResponse
from zigpy_znp.types import APSLinkKeyTable, APSLinkKeyTableEntry, AuthenticationOption
from zigpy_znp.types.nvids import ExNvIds, NvSysIds, OsalNvIds
from zigpy_znp.znp.security import find_key_shift

from .application import Application

_EXTENDED_MEMORY = 3.30
"""The version of Z-Stack since which tables have one item per row."""


async def has_room(app: Application, network: NetworkInfo) -> bool:
    """Whether a coordinator has room for a network's devices and keys.

    Args:
        app: a connected radio.
        network: the network, with the seed that it is written with.
    """
    znp: Any = app._znp  # noqa: SLF001 - no other way to its items
    if znp.version < _EXTENDED_MEMORY:
        return True  # the sizes of its tables are unknown; zigpy-znp raises by itself
    keyed = {key.partner_ieee for key in network.key_table}
    seed = t.KeyData(bytes.fromhex(network.stack_specific["zstack"]["tclk_seed"]))
    hashed = sum(
        find_key_shift(key.partner_ieee, key.key, seed) is not None for key in network.key_table
    )
    others = len(network.key_table) - hashed
    rows = {
        ExNvIds.ADDRMGR: len({*network.children, *keyed}),
        ExNvIds.TCLK_TABLE: hashed,
        ExNvIds.APS_KEY_DATA_TABLE: others,
    }
    for table, wanted in rows.items():
        if wanted and not await _has_row(znp, table, wanted - 1):
            return False
    return await _has_links(znp, others)


async def _has_row(znp: Any, table: ExNvIds, row: int) -> bool:
    """Whether a table has that row; without a first row the table's size is unknown."""
    return bool(await _length(znp, table, row)) or not await _length(znp, table, 0)


async def _length(znp: Any, table: ExNvIds, row: int) -> int:
    """Return the octets of a row; 0 if there is none."""
    request = c.SYS.NVLength.Req(  # type: ignore[attr-defined]
        SysId=NvSysIds.ZSTACK, ItemId=table, SubId=t.uint16_t(row)
    )
    try:
        return int((await znp.request(request)).Length)
    except CommandNotRecognized, InvalidCommandResponse:
        return 0


async def _has_links(znp: Any, wanted: int) -> bool:
    """Whether the table of link keys has room for those not derived from the seed."""
    entry = APSLinkKeyTableEntry(
        AddressManagerIndex=t.uint16_t(0),
        LinkKeyNvId=t.uint16_t(0),
        AuthenticationState=AuthenticationOption.AuthenticatedCBCK,
    )
    try:
        present = await znp.nvram.osal_read(OsalNvIds.APS_LINK_KEY_TABLE, item_type=t.Bytes)
    except KeyError:
        return True
    return len(znp.nvram.serialize(APSLinkKeyTable([entry] * wanted))) <= len(present)
