"""ZNMS12LM, the Aqara S2 lock (protocol 1)."""

from hashlib import blake2b
import struct
from typing import Any, override

from ..actions import action
from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Type
from .door import Door
from .lumi import BASIC, CODE, JENNIC, OTA, POWER, TIME

WHAT, WHO, REJECTED, CHANGED, LANGUAGE = 0xFFF6, 0xFF10, 0xFF11, 0xFF01, 0xFFF2
LENGTH = 16
STRUCTURE = 0xFF02


class LockS2(Door):
    """The S2 lock. Every report of its own is a string of 16 bytes.

    Args:
        encrypted: it was once paired with a Xiaomi hub and encrypts its strings (captures
            ZNMS12LM-001 to ZNMS12LM-008).
        declares_lock: its simple descriptor names the door lock cluster. No descriptor is public,
            so both exist.
        octets: it reports a changed credential as an octet string instead of a character string;
            which of them real locks use is not public (protocol 1.3).
        ieee: IEEE address.
        name: a name for people.
    """

    MODEL = "lumi.lock.acn02"

    def __init__(
        self,
        *,
        encrypted: bool = False,
        declares_lock: bool = True,
        octets: bool = False,
        ieee: str = "",
        name: str = "",
    ) -> None:
        super().__init__(ieee=ieee, name=name)
        self.encrypted = encrypted
        self.declares_lock = declares_lock
        self.octets = octets
        # Router, MAC flags 0x84 (mains), the chip maker's code: as in its sibling A6121, the only
        # lock of the family whose descriptors are public (signatures.json). The clusters are a
        # plausible choice.
        self.descriptor = NodeDescriptor(Role.ROUTER, 0x84, JENNIC, server_mask=1)
        clusters = [BASIC, POWER, 0x0003, OTA] + ([self.DOOR_LOCK] if declares_lock else [])
        self.endpoints = {1: SimpleDescriptor(0x000A, clusters, [TIME, OTA], version=2)}
        self.basic(zcl=1, application=9, stack=2, hardware=65, source=3, date="03-17-2018")
        self.ota_client(9)
        self.has(
            1,
            self.DOOR_LOCK,
            WHAT,
            Type.STRING,
            lambda: self._cipher(self._what(read=True)),
            manufacturer=CODE,
        )

    @override
    def options(self) -> dict[str, Any]:
        return {
            "encrypted": self.encrypted,
            "declares_lock": self.declares_lock,
            "octets": self.octets,
        }

    def _text(self, **at: int) -> bytes:
        """Return 16 bytes, zero except for the first three and those given as `b3=…`."""
        text = bytearray(bytes.fromhex("100102").ljust(LENGTH, b"\0"))
        for name, value in at.items():
            text[int(name[1:])] = value
        return bytes(text)

    def _cipher(self, text: bytes) -> bytes:
        """Return bytes that look random and depend on text and lock, as in the captures."""
        if not self.encrypted:
            return text
        return blake2b(text, digest_size=LENGTH, key=self.ieee_bytes).digest()

    def _report(self, attribute: int, text: bytes, kind: int = Type.STRING) -> None:
        self.report(self.DOOR_LOCK, (attribute, kind, self._cipher(text)), manufacturer=CODE)

    def _what(self, *, read: bool = False) -> bytes:
        """Return the status; a read response has the bolt, but no event (capture ZNMS12LM-005)."""
        return self._text(b3=0 if read else self.event, b4=self.bolt)

    @override
    def report_status(self) -> None:
        self._report(WHAT, self._what())

    @override
    def report_user(self, method: int, user: int, *, admin: bool) -> None:
        self._report(WHO, self._text(b3=method, b4=0x10 if admin else 0x20, b6=user))

    @override
    def report_rejected(self, kind: int, tries: int) -> None:
        self._report(REJECTED, self._text(b3=tries, b6=kind))

    @override
    def report_credential(self, operation: int, user: int) -> None:
        kind = Type.OCTETS if self.octets else Type.STRING
        self._report(CHANGED, self._text(b6=user, b9=operation), kind)

    @action
    def language(self, number: int) -> None:
        """Change the lock's language: 1 Chinese, 2 English."""
        self._report(LANGUAGE, self._text(b3=number))

    @action
    def old_heartbeat(self) -> None:
        """Report the other heartbeat: attribute 0xFF02, a structure without tags (protocol 0.3)."""
        elements = struct.pack(
            "<BBBHBHB5sBHBB",
            Type.BOOL, 1, Type.U16, self.battery, Type.U16, 0x1121, Type.U40, b"\x01",
            Type.U16, self.restarts, Type.U8, 0x5A,
        )  # fmt: skip
        self.report(
            BASIC, (STRUCTURE, Type.STRUCT, struct.pack("<H", 6) + elements), manufacturer=CODE
        )
