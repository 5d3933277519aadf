"""A battery thermometer of another manufacturer, which this integration does not support."""

from typing import ClassVar, override

from ..actions import action
from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..node import Node
from ..zcl import Type


class Thermometer(Node):
    """An end device with a temperature, of an invented manufacturer.

    Attributes:
        temperature: in hundredths of a degree.
    """

    MODEL = "virtual.thermometer"
    VENDOR = "Nobody"
    PREFIX = "02:00:00:00"
    SLEEPY = True
    STATE: ClassVar[tuple[str, ...]] = ("temperature",)

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.temperature = 2150
        self.descriptor = NodeDescriptor(Role.END_DEVICE, 0x80, 0x1002)
        self.endpoints = {1: SimpleDescriptor(0x0302, [0x0000, 0x0001, 0x0003, 0x0402], [0x0003])}
        self.has(1, 0x0000, 0x0000, Type.U8, 3)
        self.has(1, 0x0000, 0x0004, Type.STRING, self.VENDOR.encode())
        self.has(1, 0x0000, 0x0005, Type.STRING, self.MODEL.encode())
        self.has(1, 0x0000, 0x0007, Type.ENUM8, 3)
        self.has(1, 0x0402, 0x0000, Type.I16, lambda: self.temperature)

    @action
    def measure(self, hundredths: int) -> None:
        """Set the temperature and report it."""
        self.temperature = hundredths
        self.report_temperature()

    def report_temperature(self) -> None:
        """Report the temperature."""
        self.report(0x0402, (0x0000, Type.I16, self.temperature))

    @override
    def on_joined(self) -> None:
        self.later(1.0, self.report_temperature)
