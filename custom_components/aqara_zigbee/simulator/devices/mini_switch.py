"""WXKG11LM, the wireless mini switch."""

from typing import ClassVar, override

from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Type
from .button import ButtonDevice
from .lumi import BASIC, JENNIC, MULTISTATE, Lumi, Tag


class MiniSwitch(ButtonDevice):
    """The mini switch.

    Attributes:
        battery: in millivolts.
    """

    MODEL = "lumi.remote.b1acn01"
    SLEEPY = True
    STATE: ClassVar[tuple[str, ...]] = (*Lumi.STATE, "battery")

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.battery = 3025
        # The signature in zha-quirks.
        self.descriptor = NodeDescriptor(Role.END_DEVICE, 0x80, JENNIC)
        self.endpoints = {1: SimpleDescriptor(0x0103, [BASIC, MULTISTATE, 0x0003], [BASIC])}
        self.basic(zcl=1, application=3, stack=2, hardware=2, source=3, build=b"3000-0001")

    @override
    def tags(self) -> list[Tag]:
        return [
            (0x01, Type.U16, self.battery),
            (0x03, Type.I8, 23),
            (0x04, Type.U16, 0x13A8),
            (0x05, Type.U16, self.restarts),
            (0x06, Type.U40, 1),
            (0x0A, Type.U16, 0 if self.parent is None else self.parent.nwk),
        ]
