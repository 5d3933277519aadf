"""WSDCGQ11LM, the thermometer with hygrometer and barometer."""

from typing import ClassVar, override

from ..actions import action
from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Type
from .lumi import BASIC, JENNIC, Lumi, Tag

TEMPERATURE, PRESSURE, HUMIDITY = 0x0402, 0x0403, 0x0405


class Weather(Lumi):
    """The weather sensor. It reports what has changed, and everything with its heartbeat.

    Attributes:
        temperature: in hundredths of a degree Celsius.
        humidity: in hundredths of a percent.
        pressure: in pascals.
        battery: in millivolts.
    """

    MODEL = "lumi.weather"
    SLEEPY = True
    STATE: ClassVar[tuple[str, ...]] = (
        *Lumi.STATE,
        "temperature",
        "humidity",
        "pressure",
        "battery",
    )

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.temperature = 2150
        self.humidity = 4700
        self.pressure = 101_250
        self.battery = 3005
        # The signature in zha-quirks.
        self.descriptor = NodeDescriptor(Role.END_DEVICE, 0x80, JENNIC)
        clusters = [BASIC, 0x0003, 0xFFFF, TEMPERATURE, PRESSURE, HUMIDITY]
        self.endpoints = {1: SimpleDescriptor(0x5F01, clusters, [BASIC, 0x0004, 0xFFFF])}
        self.basic(zcl=1, application=3, stack=2, hardware=30, source=3, date="20161129")
        self.ota_client(3)

    @override
    def tags(self) -> list[Tag]:
        return [
            (0x01, Type.U16, self.battery),
            (0x04, Type.U16, 0x13A8),
            (0x05, Type.U16, self.restarts),
            (0x06, Type.U40, 1),
            (0x64, Type.I16, self.temperature),
            (0x65, Type.U16, self.humidity),
            (0x66, Type.I32, self.pressure),
            (0x0A, Type.U16, 0 if self.parent is None else self.parent.nwk),
        ]

    @action
    def measure(self, temperature: float, humidity: float = 47.0, pressure: float = 1012.5) -> None:
        """Set and report the weather: °C, % and hPa."""
        self.temperature = round(temperature * 100)
        self.humidity = round(humidity * 100)
        self.pressure = round(pressure * 100)
        self.report(TEMPERATURE, (0x0000, Type.I16, self.temperature))
        self.report(HUMIDITY, (0x0000, Type.U16, self.humidity))
        self.report(
            PRESSURE,
            (0x0000, Type.I16, self.pressure // 100),
            (0x0014, Type.I8, -1),
            (0x0010, Type.I16, self.pressure // 10),
        )
