"""The base of Lumi devices that switch and measure mains power: contacts, meter, outage memory."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar, override

from ..actions import action
from ..zcl import Frame, Reply, Status, Type, Value
from .lumi import ANALOG, BASIC, CODE, ON_OFF, SECRET, Lumi

if TYPE_CHECKING:
    from ..clock import Timer
    from ..network import Network

CAUSE = 0xF000
"""Reported with on/off; its top byte is the cause (captures ZNCZ02LM-041 and ZNCZ02LM-042)."""
BY_NETWORK = 0x07000000
"""The lower bytes count the commands handled: `07 0000AC` in example relay-l1-on."""
BY_HAND = 0x03000000
"""The next two bytes are the device's network address: `03 98BF 00` in example plug-off."""
BY_ITSELF = 0x02FFFF00
"""As captured; only the number is known, not its meaning."""
BY_POWER = 0x00000000
"""After a power cut. Assumed: no capture shows one."""

MEMORY_OFFER = bytes.fromhex("aa8005d147")
MEMORY_ORDER = bytes.fromhex("aa8003d307")

SETTLING = 3.0
"""Seconds from a change of load to the report of the power (capture LLKZMK11LM-055)."""


class Mains(Lumi):
    """A mains-powered Lumi device, with one contact and one load for each of its channels.

    Attributes:
        on: the contacts, in the order of `CHANNELS`.
        loads: the connected loads, in watts.
        voltage: mains voltage, in volts.
        ambient: temperature around it, in °C; the chip is warmer when power flows.
        drift: a further difference of the chip's temperature, in °C; changes a little with each
            heartbeat.
        memory: whether it returns to its state after a power cut.
        pace: seconds that the meter counts per second of the clock, so that a shortened day has a
            day's energy.
    """

    CHANNELS: ClassVar[tuple[int, ...]] = (1,)
    METER: ClassVar[int] = 1
    HEARTBEAT = 600.0
    STATE: ClassVar[tuple[str, ...]] = (
        *Lumi.STATE,
        "on",
        "loads",
        "voltage",
        "ambient",
        "drift",
        "memory",
        "energy",
    )

    def __init__(self, *, ieee: str = "", name: str = "") -> None:
        super().__init__(ieee=ieee, name=name)
        self.on = [False] * len(self.CHANNELS)
        self.loads = [0.0] * len(self.CHANNELS)
        self.voltage = 230.0
        self.ambient = 24.0
        self.drift = 0
        self.memory = False
        self.pace = 1.0
        self._energy = 0.0
        self._metered_at = 0.0
        self._offer: tuple[int, bool] | None = None
        self._commands = 0
        self._settling: Timer | None = None
        for index, endpoint in enumerate(self.CHANNELS):
            self.has(endpoint, ON_OFF, 0x0000, Type.BOOL, partial(self._is_on, index))
        self.has(self.METER, ANALOG, 0x0055, Type.FLOAT, lambda: self.power)
        self.has(1, BASIC, SECRET, Type.OCTETS, b"", write=self._write_secret, manufacturer=CODE)

    @override
    def attach(self, network: Network) -> None:
        super().attach(network)
        self._metered_at = self.clock.now()

    def _is_on(self, index: int) -> bool:
        return self.on[index]

    # -- Physics ---------------------------------------------------------------------------------

    @property
    def power(self) -> float:
        """The current power, in watts."""
        closed = zip(self.on, self.loads, strict=True)
        return sum(load for on, load in closed if on) if self.powered else 0.0

    @property
    def energy(self) -> float:
        """The energy since the start, in kWh."""
        self._meter()
        return self._energy

    @energy.setter
    def energy(self, kwh: float) -> None:
        self._meter()
        self._energy = kwh

    @property
    def temperature(self) -> int:
        """The chip's temperature, in whole °C."""
        return int(self.ambient + 0.006 * self.power) + self.drift

    def _meter(self) -> None:
        if self._network is None:
            return
        now = self.clock.now()
        self._energy += self.power * (now - self._metered_at) * self.pace / 3_600_000
        self._metered_at = now

    @action
    def set_load(self, watts: float, channel: int = 1) -> None:
        """Set the connected load, at least 0 W.

        Raises:
            ValueError: the load is negative or the channel does not exist.
        """
        if watts < 0 or channel not in self.CHANNELS:
            raise ValueError(f"no load of {watts} W on channel {channel}")
        self._meter()
        index = self.CHANNELS.index(channel)
        changed = self.on[index] and self.loads[index] != watts
        self.loads[index] = float(watts)
        if changed:
            self._power_changed()

    def _power_changed(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self._settling = self.later(SETTLING, self.report_power)

    @action
    def report_power(self) -> None:
        """Report the current power: 0x000C/0x0055, a float."""
        self.report(ANALOG, (0x0055, Type.FLOAT, self.power), endpoint=self.METER)

    @action
    @override
    def heartbeat(self) -> None:
        super().heartbeat()
        step = self.network.rng.choice((-1, 0, 0, 1))
        self.drift = max(-2, min(2, self.drift + step))

    # -- Switching -------------------------------------------------------------------------------

    def switch(self, index: int, on: bool, cause: int) -> None:
        """Move a contact and report it, whether it moved or not."""
        self._meter()
        moved = self.on[index] != on
        self.on[index] = on
        self.later(0.02, self.report_state, index, cause)
        if moved and self.loads[index]:
            self._power_changed()

    def report_state(self, index: int, cause: int) -> None:
        """Report a contact, and the cause of its state."""
        self.report(
            ON_OFF,
            (0x0000, Type.BOOL, self.on[index]),
            (CAUSE, Type.U32, cause),
            endpoint=self.CHANNELS[index],
        )

    @action
    def press(self, channel: int = 1) -> None:
        """Press its button, or the wall switch connected to it.

        Raises:
            ValueError: the channel does not exist.
        """
        if channel not in self.CHANNELS:
            raise ValueError(f"no channel {channel}")
        if self.powered:
            index = self.CHANNELS.index(channel)
            self.switch(index, not self.on[index], BY_HAND | self.nwk << 8)

    @override
    def on_command(self, endpoint: int, cluster: int, frame: Frame) -> Reply:
        if cluster != ON_OFF or frame.from_server or endpoint not in self.CHANNELS:
            return super().on_command(endpoint, cluster, frame)
        index = self.CHANNELS.index(endpoint)
        wanted = {0x00: False, 0x01: True, 0x02: not self.on[index]}.get(frame.command)
        if wanted is None:
            return Status.UNSUP_CLUSTER_COMMAND
        self._commands = (self._commands + 1) & 0xFFFFFF
        self.switch(index, wanted, BY_NETWORK | self._commands)
        return Status.SUCCESS

    # -- Outage memory ---------------------------------------------------------------------------

    def _write_secret(self, value: Value) -> Status:
        """Two writes in order set the memory (protocol 4.3): an offer, then its confirmation.

        Both have a running number, the second one higher by 1. Other writes are accepted and
        ignored.
        """
        assert isinstance(value, bytes)
        if value.startswith(MEMORY_OFFER) and len(value) == 9:
            self._offer = value[5], bool(value[8])
        elif value.startswith(MEMORY_ORDER) and len(value) == 7:
            offer, self._offer = self._offer, None
            if offer is not None and value[5] == offer[0] + 1:
                self.memory_ordered(wanted=offer[1])
        return Status.SUCCESS

    def memory_ordered(self, *, wanted: bool) -> None:
        """Called when the outage memory was set by the host."""
        self.memory = wanted

    @override
    def on_power_lost(self) -> None:
        super().on_power_lost()
        self._meter()

    @override
    def on_power_up(self) -> None:
        self._metered_at = self.clock.now()
        if not self.memory:
            self.on = [False] * len(self.CHANNELS)
        super().on_power_up()
        for index in range(len(self.CHANNELS)):
            self.later(1.0, self.report_state, index, BY_POWER)
        if self.power:
            self._power_changed()

    @override
    def on_factory_reset(self) -> None:
        super().on_factory_reset()
        self.memory = False
        self._offer = None
