"""LLKZMK11LM, the two-channel relay (protocol 5)."""

from collections import deque
from functools import partial
from typing import Any, ClassVar, NamedTuple, override

from ..descriptors import NodeDescriptor, Role, SimpleDescriptor
from ..zcl import Status, Type, Value
from .lumi import (
    ANALOG,
    BASIC,
    BINARY_OUTPUT,
    CODE,
    JENNIC,
    ON_OFF,
    OTA,
    POWER,
    TEMPERATURE,
    TIME,
    Tag,
)
from .mains import Mains

ELECTRICAL = 0x0B04
INTERLOCK = 0xFF06
LYING_LENGTH = 0x44
"""The length that the heartbeat declares: correct up to version 36, 10 too many from 46."""
PULSE = 1.0
"""Seconds that both contacts stay closed at pairing."""


class Movement(NamedTuple):
    """A movement of a contact."""

    time: float
    channel: int
    on: bool


class Relay(Mains):
    """The relay.

    Args:
        version: firmware. 36 sends well-formed heartbeats; 47 omits tag 7 and still includes it in
            the length.
        ieee: IEEE address.
        name: a name for people.

    Attributes:
        interlock: closing one contact opens the other.
        movements: the last 100 movements of the contacts.
    """

    MODEL = "lumi.relay.c2acn01"
    CHANNELS = (1, 2)
    STATE: ClassVar[tuple[str, ...]] = (*Mains.STATE, "interlock")

    def __init__(self, *, version: int = 36, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.version = version
        self.interlock = False
        self.movements: deque[Movement] = deque(maxlen=100)
        self.descriptor = NodeDescriptor(Role.ROUTER, 0x8E, JENNIC)
        shared = [0x0004, 0x0005, ON_OFF, BINARY_OUTPUT]
        self.endpoints = {
            1: SimpleDescriptor(
                0x0101,
                [
                    BASIC,
                    POWER,
                    TEMPERATURE,
                    0x0003,
                    0x0004,
                    0x0005,
                    ON_OFF,
                    TIME,
                    ANALOG,
                    BINARY_OUTPUT,
                    ELECTRICAL,
                ],
                [TIME, OTA],
                version=2,
            ),
            2: SimpleDescriptor(0x0101, shared, version=2),
        }
        self._declare()

    def _declare(self) -> None:
        """Declare the attributes of a relay (captures LLKZMK11LM-058 and LLKZMK11LM-061)."""
        self.basic(zcl=0, application=1, stack=2, hardware=18, source=4, date="09-20-2018")
        self.ota_client(self.version)
        self.has(1, POWER, 0x0000, Type.U16, 0)
        self.has(1, POWER, 0x0020, Type.U8, 0)
        self.has(1, TEMPERATURE, 0x0000, Type.I16, lambda: self.temperature)
        self.has(1, ELECTRICAL, 0x050B, Type.I16, -1)
        for index, endpoint in enumerate(self.CHANNELS):
            self.has(endpoint, BINARY_OUTPUT, 0x0004, Type.STRING, b"ON")
            self.has(endpoint, BINARY_OUTPUT, 0x001C, Type.STRING, f"CHANNEL{endpoint}".encode())
            self.has(endpoint, BINARY_OUTPUT, 0x0051, Type.BOOL, value=False)
            self.has(endpoint, BINARY_OUTPUT, 0x0055, Type.BOOL, partial(self._is_on, index))
        self.has(
            1, BINARY_OUTPUT, INTERLOCK, Type.BOOL, lambda: self.interlock,
            write=self._write_interlock, manufacturer=CODE,
        )  # fmt: skip

    @override
    def on_firmware(self, version: int) -> None:
        """Keep the application version 1 whatever firmware it runs (capture LLKZMK11LM-061)."""
        self.version = version

    @override
    def options(self) -> dict[str, Any]:
        return {"version": self.version}

    @property
    def current(self) -> float:
        """The current, in amperes."""
        return self.power / self.voltage

    @property
    def lies(self) -> bool:
        """Whether this firmware declares a wrong length."""
        return self.version >= 46

    @override
    def tags(self) -> list[Tag]:
        """The tags of capture LLKZMK11LM-052; the low byte of tag 8 is the firmware."""
        seven: list[Tag] = [] if self.lies else [(0x07, Type.U64, 0)]
        return [
            (0x03, Type.I8, self.temperature),
            (0x05, Type.U16, self.restarts),
            *seven,
            (0x08, Type.U16, 0x1200 | self.version),
            (0x09, Type.U16, 0x0100),
            (0x64, Type.BOOL, self.on[0]),
            (0x65, Type.BOOL, self.on[1]),
            (0x6E, Type.U8, 0),
            (0x6F, Type.U8, 0),
            (0x94, Type.U8, 5),
            (0x95, Type.FLOAT, self.energy),
            (0x96, Type.FLOAT, self.voltage * 10),
            (0x97, Type.FLOAT, self.current),
            (0x98, Type.FLOAT, self.power),
            (0x9B, Type.U16, 0),
        ]

    @override
    def _send_tags(self, content: bytes, length: int | None = None) -> None:
        super()._send_tags(content, LYING_LENGTH if self.lies else length)

    def _write_interlock(self, value: Value) -> Status:
        self.interlock = bool(value)
        return Status.SUCCESS

    @override
    def switch(self, index: int, on: bool, cause: int) -> None:
        other = 1 - index
        if on and self.interlock and self.on[other]:
            self._moved(other, on=False)
            super().switch(other, on=False, cause=cause)
        self._moved(index, on=on)
        super().switch(index, on, cause)

    def _moved(self, index: int, *, on: bool) -> None:
        if self.on[index] != on:
            self.movements.append(Movement(self.clock.now(), self.CHANNELS[index], on))

    @override
    def on_joined(self) -> None:
        """Close both contacts for a moment, without a report (protocol 5.1)."""
        before = list(self.on)
        self._set_both([True, True])
        self.later(PULSE, self._set_both, before)
        super().on_joined()

    def _set_both(self, on: list[bool]) -> None:
        self._meter()
        for index, wanted in enumerate(on):
            self._moved(index, on=wanted)
            self.on[index] = wanted

    @override
    def on_factory_reset(self) -> None:
        super().on_factory_reset()
        self.interlock = False
