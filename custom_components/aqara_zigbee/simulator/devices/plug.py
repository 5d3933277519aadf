"""ZNCZ02LM, the Mi power plug (protocol 4)."""

from typing import Any, ClassVar, override

from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Frame, Reply, Status, Type
from .lumi import ANALOG, BASIC, BINARY_OUTPUT, CODE, ON_OFF, OTA, POWER, TEMPERATURE, TIME, Tag
from .mains import BY_HAND, BY_ITSELF, BY_NETWORK, Mains


class Plug(Mains):
    """The plug.

    Args:
        old: the firmware of 02-28-2017 (version 22): it measures the mains voltage. Later ones (90)
            do not.
        endpoint_100: some have an endpoint 100 with a binary input; by default the old firmware has
            it.
        ieee: IEEE address.
        name: a name for people.

    Attributes:
        memory_pending: an outage memory that was ordered and waits for the button (protocol 4.3),
            or None.
    """

    MODEL = "lumi.plug"
    METER = 2
    STATE: ClassVar[tuple[str, ...]] = (*Mains.STATE, "memory_pending")

    def __init__(
        self, *, old: bool = False, endpoint_100: bool | None = None, ieee: str = "", name: str = ""
    ) -> None:
        super().__init__(ieee=ieee, name=name)
        self.old = old
        self.endpoint_100 = old if endpoint_100 is None else endpoint_100
        self.firmware = 22 if old else 90
        self.memory_pending: bool | None = None
        self.descriptor = NodeDescriptor(Role.ROUTER, 0x8E, CODE)
        self.endpoints = {
            1: SimpleDescriptor(
                0x0051,
                [BASIC, POWER, TEMPERATURE, 0x0003, 0x0004, 0x0005, ON_OFF, TIME, BINARY_OUTPUT],
                [TIME, OTA],
            ),
            2: SimpleDescriptor(0x0009, [ANALOG], [0x0004, ANALOG]),
            3: SimpleDescriptor(0x0053, [ANALOG], [ANALOG]),
        }
        if self.endpoint_100:
            self.endpoints[100] = SimpleDescriptor(0x0107, [0x000F], [0x0004, 0x000F])
        self._declare()

    def _declare(self) -> None:
        """Declare the attributes of a plug (captures ZNCZ02LM-043 and ZNCZ02LM-046)."""
        date = "02-28-2017" if self.old else "09-04-2018"
        self.basic(zcl=1, application=self.firmware, stack=2, hardware=18, source=1, date=date)
        self.ota_client(self.firmware)
        if self.old:  # it downloads the whole image and then rejects it (Koenkk/zigbee-OTA#168)
            self.ota.verdict, self.ota.forgets_type = Status.ABORT, True
        self.has(3, ANALOG, 0x0055, Type.FLOAT, lambda: self.energy)
        self.has(1, TEMPERATURE, 0x0000, Type.I16, lambda: self.temperature)
        self.has(1, BINARY_OUTPUT, 0x0055, Type.BOOL, lambda: self.on[0])
        self.has(1, BINARY_OUTPUT, 0x0051, Type.BOOL, value=False)
        self.has(1, BINARY_OUTPUT, 0x006F, Type.BITMAP8, 0)
        if self.old:
            self.has(1, POWER, 0x0000, Type.U16, lambda: round(self.voltage * 10))
            self.has(1, POWER, 0x0010, Type.BITMAP8, 0)

    @override
    def on_firmware(self, version: int) -> None:
        super().on_firmware(version)
        self.firmware = version

    @override
    def options(self) -> dict[str, Any]:
        return {"old": self.old, "endpoint_100": self.endpoint_100}

    @override
    def tags(self) -> list[Tag]:
        """The tags of the examples `plug-ff01`; the low byte of tag 8 is the firmware."""
        voltage: list[Tag] = [(0x96, Type.FLOAT, self.voltage * 10)] if self.old else []
        return [
            (0x64, Type.BOOL, self.on[0]),
            (0x03, Type.I8, self.temperature),
            (0x98, Type.FLOAT, self.power),
            *voltage,
            (0x95, Type.FLOAT, self.energy),
            (0x05, Type.U16, self.restarts),
            (0x9A, Type.U8, 0),
            (0x08, Type.U16, 0x1300 | self.firmware),
            (0x07, Type.U64, 0),
            (0x09, Type.U16, 0x0200),
        ]

    @override
    def memory_ordered(self, *, wanted: bool) -> None:
        self.memory_pending = wanted

    @override
    def switch(self, index: int, on: bool, cause: int) -> None:
        if cause & 0xFF000000 == BY_HAND and self.memory_pending is not None:
            self.memory, self.memory_pending = self.memory_pending, None
        super().switch(index, on, cause)

    @override
    def on_command(self, endpoint: int, cluster: int, frame: Frame) -> Reply:
        """Carry out "on with timed off" (ZCL revision 8, 3.8.2.3.5), and the base's commands."""
        timed = (cluster, frame.command, frame.from_server) == (ON_OFF, 0x42, False)
        if not timed or endpoint != 1:
            return super().on_command(endpoint, cluster, frame)
        if len(frame.payload) != 5:
            return Status.MALFORMED_COMMAND
        if not frame.payload[0] & 0x01 or self.on[0]:
            self._commands = (self._commands + 1) & 0xFFFFFF
            self.switch(0, on=True, cause=BY_NETWORK | self._commands)
            tenths = int.from_bytes(frame.payload[1:3], "little")
            self.later(tenths / 10, self.switch, 0, False, BY_ITSELF)  # noqa: FBT003
        return Status.SUCCESS

    @override
    def on_factory_reset(self) -> None:
        super().on_factory_reset()
        self.memory_pending = None
