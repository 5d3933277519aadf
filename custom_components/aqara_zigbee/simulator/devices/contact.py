"""MCCGQ11LM, the door and window sensor."""

from typing import ClassVar, override

from ..actions import action
from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Type
from .lumi import BASIC, JENNIC, ON_OFF, Lumi, Tag


class Contact(Lumi):
    """The contact sensor: a magnet and a reed switch.

    Attributes:
        is_open: whether the magnet is away.
        moved: how often it opened or closed since the last heartbeat.
        battery: in millivolts.
    """

    MODEL = "lumi.sensor_magnet.aq2"
    SLEEPY = True
    STATE: ClassVar[tuple[str, ...]] = (*Lumi.STATE, "is_open", "moved", "battery")

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.is_open = False
        self.moved = 1
        self.battery = 3025
        # The signature in zha-quirks.
        self.descriptor = NodeDescriptor(Role.END_DEVICE, 0x80, JENNIC)
        clusters = [BASIC, 0x0003, 0xFFFF, ON_OFF]
        self.endpoints = {1: SimpleDescriptor(0x5F01, clusters, [BASIC, 0x0004, 0xFFFF])}
        self.basic(zcl=1, application=3, stack=2, hardware=2, source=3, date="20161128")
        self.ota_client(3)

    @override
    def tags(self) -> list[Tag]:
        return [
            (0x01, Type.U16, self.battery),
            (0x03, Type.I8, 22),
            (0x04, Type.U16, 0x13A8),
            (0x05, Type.U16, self.restarts),
            (0x06, Type.U40, self.moved),
            (0x0A, Type.U16, 0 if self.parent is None else self.parent.nwk),
            (0x64, Type.BOOL, self.is_open),
        ]

    @action
    def open(self) -> None:
        """The door opens."""
        self._move(is_open=True)

    @action
    def close(self) -> None:
        """The door closes."""
        self._move(is_open=False)

    def _move(self, *, is_open: bool) -> None:
        self.is_open = is_open
        self.moved += 1
        self.report(ON_OFF, (0x0000, Type.BOOL, is_open))
