"""ZNMS11LM, the first Aqara smart lock (protocol 2)."""

from typing import Any, override

from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Type
from .door import Door
from .lumi import BASIC, CODE, JENNIC, OTA, POWER, TIME, pack

WHO, REJECTED, CHANGED = 0xFF10, 0xFF11, 0xFF01


class Lock(Door):
    """The S1 lock. It reports 32-bit numbers; no report of its bolts is known.

    Args:
        declares_lock: its simple descriptor names the door lock cluster. No descriptor is public,
            so both exist.
        ieee: IEEE address.
        name: a name for people.
    """

    MODEL = "lumi.lock.aq1"

    def __init__(self, *, declares_lock: bool = True, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.declares_lock = declares_lock
        # Descriptors as for the S2: assumed from the A6121.
        self.descriptor = NodeDescriptor(Role.ROUTER, 0x84, JENNIC, server_mask=1)
        clusters = [BASIC, POWER, 0x0003, OTA] + ([self.DOOR_LOCK] if declares_lock else [])
        self.endpoints = {1: SimpleDescriptor(0x000A, clusters, [TIME, OTA], version=2)}
        self.basic(zcl=1, application=19, stack=2, hardware=37, source=3, date="11-08-2017")
        self.ota_client(19)

    @override
    def options(self) -> dict[str, Any]:
        return {"declares_lock": self.declares_lock}

    def _report(self, attribute: int, number: int) -> None:
        self.report(self.DOOR_LOCK, (attribute, Type.U32, number), manufacturer=CODE)

    @override
    def report_user(self, method: int, user: int, *, admin: bool) -> None:
        """Seven digits, from the left: method, role, and the user in the last two."""
        self._report(WHO, method << 24 | (1 if admin else 2) << 20 | user)

    @override
    def report_rejected(self, kind: int, tries: int) -> None:
        self._report(REJECTED, (tries & 0x0F) << 24 | kind)

    @override
    def report_credential(self, operation: int, user: int) -> None:
        content = pack([(0x01, Type.U32, operation << 24 | user)])
        self.report(self.DOOR_LOCK, (CHANGED, Type.STRING, content), manufacturer=CODE)
