"""The firmware's records in its memory: address, network, keys, frame counter.

A typed view of `NvRam`: every property reads and writes the stored bytes, so the firmware finds
after a reset what the host has written.
"""

from dataclasses import dataclass
from random import Random
import struct

from . import items
from .address_book import AddressBook
from .hub import Identity
from .mt import t
from .nvram import ZSTACK, Key, NvRam, osal
from .spectrum import channels_in

COUNTER_STEP = 1000
"""Frames between two writes of the frame counter (Z-Stack MAX_NWK_FRAMECOUNTER_CHANGES)."""
COUNTER_MARGIN = 250
"""Frames added to the counter at a restart (NWK_FRAMECOUNTER_CHANGES_RESTORE_DELTA)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A network.

    Attributes:
        channel: 11 to 26.
        pan_id: 16 bits.
        extended_pan: 8 bytes, least significant first.
        key: network key, 16 bytes.
        update_id: counts the changes of channel.
    """

    channel: int
    pan_id: int
    extended_pan: bytes
    key: bytes
    update_id: int = 0

    @property
    def identity(self) -> Identity:
        """The identity by which devices recognize the network."""
        return Identity(self.extended_pan, self.key)


class Records:
    """A typed view of the memory.

    Args:
        nvram: the memory.
        hardware_ieee: the chip's original address, least significant byte first.
        rng: source of keys and addresses.

    Attributes:
        known: the stored devices.
    """

    def __init__(self, nvram: NvRam, hardware_ieee: bytes, rng: Random) -> None:
        self._nvram = nvram
        self._hardware_ieee = hardware_ieee
        self._rng = rng
        self.known = AddressBook(nvram, rng)

    def factory(self) -> dict[Key, bytes]:
        """The memory of this radio when it was new."""
        return items.factory(self._hardware_ieee)

    def boot(self) -> None:
        """Boot: clear what STARTUP_OPTION selects, create missing items."""
        memory = self._nvram.items
        orders = self._nvram.get(osal(items.STARTUP_OPTION))[:1] or b"\x00"
        if orders[0] & items.CLEAR_CONFIGURATION:
            memory.update(items.CONFIGURATION)
        if orders[0] & items.CLEAR_STATE:
            memory.update(items.blank_state())
            memory.pop(osal(items.TCLK_SEED), None)
        if orders[0] & items.CLEAR_COUNTERS:
            memory.update(items.table(items.MATERIAL_TABLE, items.MATERIALS, items.EMPTY_MATERIAL))
        for key, value in self.factory().items():
            memory.setdefault(key, value)
        memory.setdefault(osal(items.TCLK_SEED), self._rng.randbytes(16))
        memory[osal(items.STARTUP_OPTION)] = b"\x00"
        self.known.read()

    # -- Identity --------------------------------------------------------------------------------

    @property
    def ieee(self) -> bytes:
        """The coordinator's address, least significant byte first; a host may have changed it."""
        return self._nvram.get(osal(items.EXTADDR)) or self._hardware_ieee

    @property
    def direct_callbacks(self) -> bool:
        """Whether ZDO responses are also sent as commands of their own."""
        return self._nvram.get(osal(items.DIRECT_CALLBACKS)) == b"\x01"

    # -- Network ---------------------------------------------------------------------------------

    @property
    def network(self) -> Settings | None:
        """The network in memory, or None if there is none."""
        if self._nvram.get(osal(items.ON_A_NETWORK)) != b"\x01":
            return None
        nib, _ = t.NIB.deserialize(self._nvram[osal(items.NIB)], align=True)
        if not nib.nwkLogicalChannel or not nib.nwkKeyLoaded:
            return None
        return Settings(
            int(nib.nwkLogicalChannel),
            int(nib.nwkPanId),
            bytes(nib.extendedPANID.serialize()),
            self._nvram[osal(items.ACTIVE_KEY)][1:],
            int(nib.nwkUpdateId),
        )

    @network.setter
    def network(self, network: Settings) -> None:
        nib, _ = t.NIB.deserialize(self._nvram[osal(items.NIB)], align=True)
        nib = nib.replace(
            nwkDevAddress=0x0000,
            nwkCoordAddress=0x0000,
            nwkLogicalChannel=network.channel,
            nwkPanId=network.pan_id,
            nwkState=t.NwkState.NWK_ROUTER,
            channelList=1 << network.channel,
            extendedPANID=t.EUI64.deserialize(network.extended_pan)[0],
            nwkKeyLoaded=True,
            nwkUpdateId=network.update_id,
            SecurityLevel=5,
            nwkProtocolVersion=2,
        )
        key = b"\x00" + network.key
        self._nvram[osal(items.NIB)] = bytes(nib.serialize(align=True))
        self._nvram[osal(items.EXTENDED_PAN_ID)] = network.extended_pan
        self._nvram[osal(items.ACTIVE_KEY)] = self._nvram[osal(items.ALTERNATE_KEY)] = key
        self._nvram[osal(items.ON_A_NETWORK)] = b"\x01"

    def invent(self, channels: int) -> Settings:
        """Return the network that formation creates: from the configuration, otherwise random."""
        extended_pan = self._nvram[osal(items.USE_EXT_PANID)]
        pan_id = int.from_bytes(self._nvram[osal(items.PANID)], "little")
        configured = self._nvram[osal(items.PRECFGKEYS_ENABLE)] == b"\x01"
        return Settings(
            self._rng.choice(list(channels_in(channels)) or [11]),
            self._rng.randrange(0x0001, 0x3FFF) if pan_id == 0xFFFF else pan_id,
            self.ieee if extended_pan in (bytes(8), b"\xff" * 8) else extended_pan,
            self._nvram[osal(items.PRECFGKEY)] if configured else self._rng.randbytes(16),
        )

    # -- Frame counter ---------------------------------------------------------------------------

    def _material(self, extended_pan: bytes) -> Key:
        """Return the row of a network: its own, else a free one, else the last."""
        rows = [Key(ZSTACK, items.MATERIAL_TABLE, row) for row in range(items.MATERIALS)]
        for wanted in (extended_pan, bytes(8)):
            for key in rows:
                if self._nvram.get(key)[4:] == wanted:
                    return key
        return rows[-1]

    def resume_counter(self, extended_pan: bytes) -> int:
        """Return a frame counter above all that were sent, and store it."""
        stored = self._nvram.get(self._material(extended_pan))
        counter = 0
        if stored[4:] == extended_pan:
            counter = struct.unpack_from("<I", stored)[0] + COUNTER_STEP + COUNTER_MARGIN
        self.save_counter(extended_pan, counter)
        return counter

    def save_counter(self, extended_pan: bytes, counter: int) -> None:
        """Store the frame counter."""
        row = struct.pack("<I", counter & 0xFFFFFFFF) + extended_pan
        self._nvram[self._material(extended_pan)] = row
