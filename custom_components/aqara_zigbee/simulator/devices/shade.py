"""ZNJLBL01LM, the roller shade driver E1."""

from typing import TYPE_CHECKING, ClassVar, override

from ..actions import action
from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Status, Type, Value
from .lumi import BASIC, CODE, OTA, POWER, TIME, Lumi, Tag, pack

if TYPE_CHECKING:
    from ..clock import Timer

ANALOG_OUTPUT, MULTISTATE_OUTPUT, WINDOW_COVERING, LUMI = 0x000D, 0x0013, 0x0102, 0xFCC0
PRESENT_VALUE = 0x0055
CLOSING, OPENING, STOPPED = 0, 1, 2

SECONDS_FOR_ALL = 20.0
"""Seconds from one end to the other."""


class Shade(Lumi):
    """The roller shade: a motor with a battery and a position.

    Attributes:
        position: its position, in percent; 100 is open.
        target: the position it moves to, in percent.
        motor: the motor's state.
        reverse: whether the direction is reversed.
        speed: 0 to 2.
        battery: in percent.
        charging: 1 while charging, else 2.
    """

    MODEL = "lumi.curtain.acn002"
    HEARTBEAT = 3600.0
    STATE: ClassVar[tuple[str, ...]] = (
        *Lumi.STATE,
        "position",
        "reverse",
        "speed",
        "battery",
        "charging",
    )

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.position = 100.0
        self.target = 100.0
        self.motor = STOPPED
        self.reverse = False
        self.speed = 1
        self.battery = 94
        self.charging = 2
        self._timer: Timer | None = None
        # An end device that receives at all times: bit 3 of the MAC flags. Clusters as in
        # zha-quirks.
        self.descriptor = NodeDescriptor(Role.END_DEVICE, 0x88, CODE)
        inputs = [BASIC, POWER, 0x0003, ANALOG_OUTPUT, MULTISTATE_OUTPUT, WINDOW_COVERING, LUMI]
        self.endpoints = {1: SimpleDescriptor(0x0202, inputs, [TIME, OTA])}
        self.basic(zcl=3, application=30, stack=2, hardware=1, source=3, date="10-09-2022")
        self.ota_client(30)
        self._declare()

    def _declare(self) -> None:
        self.has(
            1, ANALOG_OUTPUT, PRESENT_VALUE, Type.FLOAT, lambda: self.position, write=self._go_to
        )
        self.has(
            1, MULTISTATE_OUTPUT, PRESENT_VALUE, Type.U16, lambda: self.motor, write=self._command
        )
        for attribute, kind, value, write in (
            (0x0400, Type.BOOL, lambda: self.reverse, self._write_reverse),
            (0x0408, Type.U8, lambda: self.speed, self._write_speed),
            (0x0409, Type.U8, lambda: self.charging, None),
            (0x040A, Type.U8, lambda: self.battery, None),
        ):
            self.has(1, LUMI, attribute, kind, value, write=write, manufacturer=CODE)

    @property
    @override
    def is_router(self) -> bool:
        return False

    @override
    def tags(self) -> list[Tag]:
        return [
            (0x03, Type.I8, 23),
            (0x05, Type.U16, self.restarts),
            (0x08, Type.U16, 0x011E),
            (0x0A, Type.U16, 0 if self.parent is None else self.parent.nwk),
            (0x0C, Type.U8, 1),
            (0x65, Type.U8, self.battery),
        ]

    @action
    @override
    def heartbeat(self) -> None:
        self.report(LUMI, (0x00F7, Type.OCTETS, pack(self.tags())), manufacturer=CODE)

    # -- Settings --------------------------------------------------------------------------------

    def _write_reverse(self, value: Value) -> Status:
        self.reverse = bool(value)
        return Status.SUCCESS

    def _write_speed(self, value: Value) -> Status:
        if value not in (0, 1, 2):
            return Status.INVALID_VALUE
        self.speed = int(value)
        return Status.SUCCESS

    @action
    def charge(self, on: bool) -> None:
        """Connect or disconnect the charger."""
        self.charging = 1 if on else 2
        self.report(LUMI, (0x0409, Type.U8, self.charging), manufacturer=CODE)

    # -- Moving ----------------------------------------------------------------------------------

    def _go_to(self, value: Value) -> Status:
        if not isinstance(value, int | float) or not 0 <= value <= 100:
            return Status.INVALID_VALUE
        self._move(float(value))
        return Status.SUCCESS

    def _command(self, value: Value) -> Status:
        if value not in (CLOSING, OPENING, STOPPED):
            return Status.INVALID_VALUE
        if value == STOPPED:
            self.stop()
        else:
            self._move(100.0 if value == OPENING else 0.0)
        return Status.SUCCESS

    def _move(self, target: float) -> None:
        """Move towards a position, and stop there."""
        if self._timer is not None:
            self._timer.cancel()
        self.target = target
        way = target - self.position
        if not way:
            self.later(0.05, self._stand)
            return
        self.motor = OPENING if way > 0 else CLOSING
        self.later(0.05, self._report_motor)
        self._timer = self.later(abs(way) / 100 * SECONDS_FOR_ALL, self._arrive)

    def _arrive(self) -> None:
        self.position = self.target
        self._stand()

    @action
    def stop(self) -> None:
        """Stop where it is; a simulated shade stops half-way."""
        if self._timer is not None and self.motor != STOPPED:
            self._timer.cancel()
            self.position = round((self.position + self.target) / 2)
        self._stand()

    def _stand(self) -> None:
        self.motor = STOPPED
        self.target = self.position
        self.report(ANALOG_OUTPUT, (PRESENT_VALUE, Type.FLOAT, self.position))
        self._report_motor()

    def _report_motor(self) -> None:
        self.report(MULTISTATE_OUTPUT, (PRESENT_VALUE, Type.U16, self.motor))

    @action
    def pull(self, position: float) -> None:
        """Move to a position, as after a press of the motor's button."""
        self._move(position)
