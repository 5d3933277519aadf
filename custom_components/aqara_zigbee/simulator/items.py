"""The memory of Z-Stack 3.30: items, sizes of tables, contents of a blank coordinator.

Layouts are those of a CC26x2: structures are aligned (`zigpy_znp.types.structs`, `align=True`).
"""

import struct
from typing import Any

from .mt import t
from .nvram import ZSTACK, Key, osal

ADDRESSES = 257
"""Rows of the address manager in the usual CC2652 builds."""
TRUSTED = 200
"""Rows of the trust centre's table (ZDSECMGR_TC_DEVICE_MAX in Koenkk's firmware)."""
KEYS = 64
"""Rows for keys that were not derived from the seed. Assumed: the number is not public."""
MATERIALS = 4
"""Networks whose frame counter is stored (zigpy-znp: "quite small (4 values)")."""

# OSAL identifiers (`zigpy_znp.types.nvids.OsalNvIds`).
EXTADDR = 0x0001
STARTUP_OPTION = 0x0003
NIB = 0x0021
EXTENDED_PAN_ID = 0x002D
ACTIVE_KEY = 0x003A
ALTERNATE_KEY = 0x003B
CHILD_AGE = 0x003E
USE_EXT_PANID = 0x0047
LINK_KEYS = 0x004C
ON_A_NETWORK = 0x0055
PRECFGKEY = 0x0062
PRECFGKEYS_ENABLE = 0x0063
PANID = 0x0083
CHANLIST = 0x0084
LOGICAL_TYPE = 0x0087
DIRECT_CALLBACKS = 0x008F
TCLK_SEED = 0x0101

# Tables of the extended memory (`ExNvIds`).
ADDRMGR = 0x0001
TCLK_TABLE = 0x0004
KEY_TABLE = 0x0006
MATERIAL_TABLE = 0x0007

# Bits of STARTUP_OPTION.
CLEAR_CONFIGURATION = 0x01
CLEAR_STATE = 0x02
CLEAR_COUNTERS = 0x80

NOBODY = b"\xff" * 8
"""The address in an empty row of the address manager; in the trust centre's table it is zero."""
EMPTY_ADDRESS = b"\xff" * 4 + NOBODY
EMPTY_TRUST = struct.pack("<II8sBBBx", 0, 0, bytes(8), 0xFF, 0, 0)
EMPTY_KEY = bytes(24)
EMPTY_MATERIAL = bytes(12)

CONFIGURATION: dict[Key, bytes] = {
    osal(identifier): value
    for identifier, value in {
        LOGICAL_TYPE: b"\x00",
        0x0004: bytes([10]),  # START_DELAY
        0x002E: bytes([2]),  # BCAST_RETRIES
        0x002F: bytes([5]),  # PASSIVE_ACK_TIMEOUT
        0x0030: bytes([30]),  # BCAST_DELIVERY_TIME
        0x0032: b"\x01",  # CONCENTRATOR_ENABLE
        0x0033: bytes([60]),  # CONCENTRATOR_DISCOVERY
        0x0034: bytes([10]),  # CONCENTRATOR_RADIUS
        0x0036: b"\x01",  # CONCENTRATOR_RC
        0x0038: b"\xff",  # SRC_RTG_EXPIRY_TIME
        CHILD_AGE: b"\x01",
        0x0043: bytes([3]),  # APS_FRAME_RETRIES
        USE_EXT_PANID: bytes(8),
        EXTENDED_PAN_ID: b"\xff" * 8,
        0x0061: bytes([5]),  # SECURITY_LEVEL
        PRECFGKEY: bytes(16),
        PRECFGKEYS_ENABLE: b"\x00",
        PANID: b"\xff\xff",
        CHANLIST: struct.pack("<I", 1 << 11),
        DIRECT_CALLBACKS: b"\x00",
    }.items()
}
"""The items that clearing the configuration restores: those hosts use, with TI's defaults."""


def table(identifier: int, rows: int, empty: bytes) -> dict[Key, bytes]:
    """Return an empty table."""
    return {Key(ZSTACK, identifier, row): empty for row in range(rows)}


def blank_state() -> dict[Key, bytes]:
    """Return the items that clearing the state restores: no network, no devices."""
    nib = t.NIB(**{each.name: _zero(each.type) for each in t.NIB.fields})
    nib = nib.replace(nwkPanId=0xFFFF, nwkDevAddress=0xFFFE)
    return {
        osal(NIB): bytes(nib.serialize(align=True)),
        osal(ACTIVE_KEY): bytes(17),
        osal(ALTERNATE_KEY): bytes(17),
        osal(LINK_KEYS): bytes(2 + 6 * KEYS),
        osal(ON_A_NETWORK): b"\x00",
        **table(ADDRMGR, ADDRESSES, EMPTY_ADDRESS),
        **table(TCLK_TABLE, TRUSTED, EMPTY_TRUST),
        **table(KEY_TABLE, KEYS, EMPTY_KEY),
    }


def _zero(kind: Any) -> Any:
    """Return zero of the type of a field of the network information base."""
    if kind is t.NwkKeyDesc:
        return t.NwkKeyDesc(KeySeqNum=0, Key=t.KeyData([0] * 16))
    if kind is t.EUI64:
        return t.EUI64([t.uint8_t(0)] * 8)
    return kind(0)


def factory(hardware_ieee: bytes) -> dict[Key, bytes]:
    """Return the memory of a blank coordinator, except for the random seed of its keys."""
    return {
        **CONFIGURATION,
        **blank_state(),
        **table(MATERIAL_TABLE, MATERIALS, EMPTY_MATERIAL),
        osal(STARTUP_OPTION): b"\x00",
        osal(EXTADDR): hardware_ieee,
    }
