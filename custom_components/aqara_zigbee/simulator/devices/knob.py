"""ZNXNKG02LM, the wireless knob H1 (protocol 3)."""

from typing import Any, ClassVar, override

from ..actions import action
from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Status, Type, Value
from .button import DOUBLE, HOLD, ButtonDevice
from .lumi import BASIC, CODE, MULTISTATE, ON_OFF, OTA, POWER, SECRET, Lumi, Tag, pack

LUMI = 0xFCC0
COMMAND_MODE, EVENT_MODE = 0, 1
START, TURN, STOP = 1, 2, 3
PRESSED = 0x80
FREE_ENDPOINT, PRESSED_ENDPOINT = 71, 72

RESET_QUESTION = bytes.fromhex("aa1005418701011000")
RESET_ANSWER = bytes.fromhex("aa1005414701011001")
"""The answer "no" to the question whether it may reset itself after many presses (protocol 3.1)."""
WAITS_FOR_ANSWER = 10.0
STEP = 0.1
"""Seconds between two reports of a turn."""


class Knob(ButtonDevice):
    """The knob.

    Its simple descriptor lacks most of what it uses: clusters 0x0012 and 0xFCC0, endpoints 71 and
    72. Its node descriptor claims mains power. It is delivered in command mode, in which it reports
    no turns to the coordinator (capture ZNXNKG02LM-027).

    Args:
        endpoint_only: a turn with the button held is marked by endpoint 72 alone, without bit 0x80,
            as its sibling H2 does (capture AQARA-039).
        stale_stop: the last report of a turn repeats the last step instead of zeros; both have been
            seen.
        ieee: IEEE address.
        name: a name for people.

    Attributes:
        mode: 0 command, 1 event.
        sensitivity: 720 low, 360 medium, 180 high.
        battery: in millivolts.
        warned: whether the coordinator answered the question about its reset.
    """

    MODEL = "lumi.remote.rkba01"
    PREFIX = "54:ef:44:10"
    SLEEPY = True
    HEARTBEAT = 86400.0
    STATE: ClassVar[tuple[str, ...]] = (*Lumi.STATE, "mode", "sensitivity", "battery")

    def __init__(
        self,
        *,
        endpoint_only: bool = False,
        stale_stop: bool = False,
        ieee: str = "",
        name: str = "",
    ) -> None:
        super().__init__(ieee=ieee, name=name)
        self.endpoint_only = endpoint_only
        self.stale_stop = stale_stop
        self.mode = COMMAND_MODE
        self.sensitivity = 360
        self.battery = 3095
        self.restarts = 27
        self.warned = False
        self.descriptor = NodeDescriptor(Role.END_DEVICE, 0x84, CODE, server_mask=11264)
        self.endpoints = {
            1: SimpleDescriptor(0x0103, [BASIC, POWER, 0x0003], [0x0003, ON_OFF, OTA])
        }
        self._declare()

    def _declare(self) -> None:
        """Declare the attributes of a knob (captures ZNXNKG02LM-027, build id ZNXNKG02LM-035)."""
        self.basic(zcl=3, application=20, stack=2, hardware=1, source=3, build=b"2019\0www.")
        self.ota_client(20)
        self.has(1, POWER, 0x0020, Type.U8, lambda: self.battery // 100)
        self.has(1, POWER, 0x0031, Type.ENUM8, 7)
        self.has(1, POWER, 0x003E, Type.BITMAP32, 0)
        self.has(1, MULTISTATE, 0x0055, Type.U16, 255)
        self.has(1, BASIC, SECRET, Type.OCTETS, b"", write=self._write_secret, manufacturer=CODE)
        for attribute, kind, value, write in (
            (0x0007, Type.OCTETS, bytes.fromhex("0000000017aec8fc"), None),
            (0x0009, Type.U8, lambda: self.mode, self._write_mode),
            (0x00F6, Type.U16, 3300, None),
            (0x00F7, Type.OCTETS, lambda: pack(self.tags()), None),
            (0x00FC, Type.BOOL, False, None),
            (0x0234, Type.U16, lambda: self.sensitivity, self._write_sensitivity),
        ):
            self.has(1, LUMI, attribute, kind, value, write=write, manufacturer=CODE)

    @override
    def options(self) -> dict[str, Any]:
        return {"endpoint_only": self.endpoint_only, "stale_stop": self.stale_stop}

    def _write_mode(self, value: Value) -> Status:
        if value not in (COMMAND_MODE, EVENT_MODE):
            return Status.INVALID_VALUE
        self.mode = int(value)
        return Status.SUCCESS

    def _write_sensitivity(self, value: Value) -> Status:
        if value not in (180, 360, 720):
            return Status.INVALID_VALUE
        self.sensitivity = int(value)
        return Status.SUCCESS

    def _write_secret(self, value: Value) -> Status:
        if value == RESET_ANSWER:
            self.warned = True
        return Status.SUCCESS

    @override
    def tags(self) -> list[Tag]:
        """The tags of the examples `knob-f7`; tag 8 ends in the version, 10 is the parent."""
        return [
            (0x01, Type.U16, self.battery),
            (0x03, Type.I8, 25),
            (0x04, Type.U16, 0x43A8),
            (0x05, Type.U16, self.restarts),
            (0x06, Type.U40, 3),
            (0x08, Type.U16, 0x0114),
            (0x0A, Type.U16, 0 if self.parent is None else self.parent.nwk),
            (0x0C, Type.U8, 1),
            (0x64, Type.BOOL, False),
        ]

    @action
    @override
    def heartbeat(self) -> None:
        self.report(LUMI, (0x00F7, Type.OCTETS, pack(self.tags())), manufacturer=CODE)

    # -- The button ------------------------------------------------------------------------------

    @override
    def _button(self, value: int) -> None:
        if self.mode == EVENT_MODE:
            super()._button(value)
        elif value == DOUBLE:
            self.command(ON_OFF, 0x02)
        elif value == HOLD:
            self.command(ON_OFF, 0x00)
        else:  # no other report in command mode (captures ZNXNKG02LM-029 and ZNXNKG02LM-030)
            self.wake()

    @action
    def press_five_times(self) -> None:
        """Press five times, which keeps it awake; it asks whether to reset itself."""
        self.wake(WAITS_FOR_ANSWER)
        self.ask_reset()

    @action
    def press_ten_times(self) -> None:
        """Press ten times: it resets itself unless the coordinator answers in time."""
        self.press_five_times()
        self.later(2.0, self._reset_unless_warned)

    def ask_reset(self) -> None:
        """Report the question whether it may reset itself."""
        self.warned = False
        self.report(BASIC, (SECRET, Type.OCTETS, RESET_QUESTION), manufacturer=CODE)

    def _reset_unless_warned(self) -> None:
        if not self.warned:
            self.factory_reset()

    @override
    def on_factory_reset(self) -> None:
        super().on_factory_reset()
        self.mode = COMMAND_MODE
        self.sensitivity = 360

    # -- Turning ---------------------------------------------------------------------------------

    @action
    def turn(self, degrees: float, steps: int = 3, pressed: bool = False) -> None:
        """Turn the knob, clockwise if positive: start, `steps` - 1 further reports, stop.

        Raises:
            ValueError: `steps` is less than 1.
        """
        if steps < 1:
            raise ValueError("a turn has at least one step")
        if self.mode != EVENT_MODE:
            self.wake()
            return
        delta = degrees / steps
        interval = int(STEP * 1000)
        for step in range(1, steps + 1):
            phase = START if step == 1 else TURN
            self._at(step, phase, delta * step, delta, interval, pressed=pressed)
        last = delta if self.stale_stop else 0.0
        self._at(
            steps + 1, STOP, degrees, last, interval if self.stale_stop else 0, pressed=pressed
        )

    def _at(
        self, step: int, phase: int, angle: float, delta: float, interval: int, *, pressed: bool
    ) -> None:
        elapsed = step * int(STEP * 1000)
        self.later(
            (step - 1) * STEP,
            lambda: self.report_turn(
                phase, angle=angle, delta=delta, elapsed=elapsed, interval=interval, pressed=pressed
            ),
        )

    def report_turn(
        self, phase: int, *, angle: float, delta: float, elapsed: int, interval: int, pressed: bool
    ) -> None:
        """Report one step of a turn, in the order of the examples; 360° are 100 %."""
        bit = PRESSED if pressed and not self.endpoint_only else 0
        self.report(
            LUMI,
            (0x022C, Type.U16, interval),
            (0x022E, Type.FLOAT, angle),
            (0x0230, Type.FLOAT, delta),
            (0x0231, Type.U32, elapsed),
            (0x0232, Type.FLOAT, delta / 3.6),
            (0x0233, Type.FLOAT, angle / 3.6),
            (0x0238, Type.U8, 12),
            (0x023A, Type.U8, phase | bit),
            endpoint=PRESSED_ENDPOINT if pressed else FREE_ENDPOINT,
            manufacturer=CODE,
        )
