"""A TI CC2652 with Z-Stack 3.30.

`Coordinator` starts the network in its memory, admits devices, and passes messages between the air
and the host. The host's commands are in `commands`, the serial line and the reset in `chip`.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, override

from . import commands
from .addresses import eui64, readable, wire
from .air import HOP, Delivery
from .chip import Chip, Firmware
from .clock import Clock
from .descriptors import Binding, Neighbor, NodeDescriptor, Role, Route, SimpleDescriptor
from .faults import Faults
from .host_zdo import HostZdo
from .hub import Identity
from .member import Member
from .message import Message
from .mt import c, t
from .network import Network
from .nvram import NvRam
from .records import COUNTER_STEP, Records, Settings
from .spectrum import channels_in

FORMATION = 0.6
"""Seconds to scan, choose and start; real coordinators take 2 to 4."""
RESUMPTION = 0.1
CHANNEL_CHANGE = 0.5
ROUTE_RECORD = 120.0
"""Seconds between route records of a device (NV item CONCENTRATOR_DISCOVERY, set by zigpy-znp)."""

UNKNOWN_ADDRESS = 0xFFF7
"""Destination of a message whose IEEE address is in no table; no device has it."""

JOINS_THROUGH_ROUTERS_SINCE = 20210708
"""In older firmware, joins had to be permitted at the coordinator, too (zigpy-znp `permit`)."""


class Coordinator(Chip):
    """The coordinator.

    Args:
        clock: the home's time.
        network: the air.
        nvram: its memory, as items.
        records: a typed view of the same memory.
        faults: the failures to simulate.
        firmware: the version it reports.
        rng: source of random numbers.

    Attributes:
        endpoints: the endpoints that the host has registered since the last reset.
        host_zdo: the host's ZDO requests and callbacks.
        install_codes_only: joins need an install code (AppConfig.BDBSetJoinUsesInstallCodeKey).
        channels: channels formation may use (AppConfig.BDBSetChannel).
        started_at: when it booted, in seconds of the clock.
    """

    nwk = 0x0000
    descriptor = NodeDescriptor(
        Role.COORDINATOR, 0x8F, 0x0000, server_mask=0x2C01, max_buffer=80, max_transfer=160
    )

    def __init__(
        self,
        *,
        clock: Clock,
        network: Network,
        nvram: NvRam,
        records: Records,
        faults: Faults,
        firmware: Firmware,
        rng: Random,
    ) -> None:
        super().__init__(clock=clock, faults=faults, firmware=firmware)
        self.network = network
        self.nvram = nvram
        self.records = records
        self.rng = rng
        self.bindings: list[Binding] = []
        self.power_up()
        network.hub = self

    @override
    def power_up(self) -> None:
        super().power_up()
        self.records.boot()
        self.endpoints: dict[int, SimpleDescriptor] = {}
        self.host_zdo = HostZdo(self)
        self.install_codes_only = False
        self.channels = 0x07FFF800
        self.started_at = self.clock.now()
        self._running: Settings | None = None
        self._open_until = 0.0
        self._relays: dict[str, tuple[tuple[int, ...], float]] = {}
        self._counter = self._counter_saved = 0

    @override
    def execute(self, header: int, request: Any) -> tuple[str, Any]:
        handler = commands.find(header, self.firmware.revision)
        return handler.name, handler.run(self, request)

    # -- The network -----------------------------------------------------------------------------

    def commission(self) -> None:
        """AppConfig.BDBStartCommissioning(NwkFormation): start the network in memory, or form one.

        With a network in memory the outcome is reported as a formation failure: this is what
        zigpy-znp's `start_network` expects; only a newly formed network succeeds.
        """
        if (network := self.records.network) is not None:
            self.soon(RESUMPTION / 2, self._notify, "NetworkRestored", "NONE", "NwkFormation")
            self.soon(RESUMPTION, self._run, network)
            self.soon(RESUMPTION, self._notify, "FormationFailure", "NwkFormation", "NONE")
        elif self.faults.formation_fails:
            self.soon(FORMATION, self._notify, "FormationFailure", "NwkFormation", "NONE")
        else:
            self.soon(HOP, self._notify, "InProgress", "NwkFormation", "NwkFormation")
            self.soon(HOP, self._state, t.DeviceState.StartingAsCoordinator)
            self.soon(FORMATION, self._form)

    def _form(self) -> None:
        self.records.network = network = self.records.invent(self.channels)
        self._run(network)
        self._notify("Success", "NwkFormation", "NONE")

    def _run(self, network: Settings) -> None:
        self._running = network
        self._counter = self._counter_saved = self.records.resume_counter(network.extended_pan)
        self.network.children = {readable(ieee) for ieee in self.records.known.children()}
        self._state(t.DeviceState.StartedAsCoordinator)

    def _state(self, state: Any) -> None:
        self.send(c.ZDO.StateChangeInd.Callback(State=state))

    def _notify(self, status: str, mode: str, remaining: str) -> None:
        modes, config = c.app_config.BDBCommissioningMode, c.app_config
        self.send(
            c.AppConfig.BDBCommissioningNotification.Callback(
                Status=config.BDBCommissioningStatus[status],
                Mode=modes(0) if mode == "NONE" else modes[mode],
                RemainingModes=modes(0) if remaining == "NONE" else modes[remaining],
            )
        )

    @property
    def running(self) -> bool:
        """Whether a network is running."""
        return self._running is not None

    def permit(self, seconds: int) -> None:
        """Permit joins at the coordinator itself; 0 ends it."""
        self._open_until = self.clock.now() + seconds
        if seconds:
            self.network.opened()

    def change_channel(self, mask: int) -> bool:
        """Change the channel after a delay; the devices must have been informed before.

        Returns:
            Whether the mask names a channel.
        """
        for channel in channels_in(mask):
            self.soon(CHANNEL_CHANGE, self._change_channel, channel)
            return True
        return False

    def _change_channel(self, channel: int) -> None:
        if self._running is not None:
            update_id = (self._running.update_id + 1) % 0xFF
            changed = replace(self._running, channel=channel, update_id=update_id)
            self._running = self.records.network = changed

    # -- Hub: what the air needs -----------------------------------------------------------------

    @property
    def identity(self) -> Identity | None:
        """The running network."""
        return None if self._running is None else self._running.identity

    @property
    def formed(self) -> Identity | None:
        """The network in memory."""
        network = self.records.network
        return None if network is None else network.identity

    @property
    def channel(self) -> int:
        """The current or configured channel."""
        network = self._running or self.records.network
        return 0 if network is None else network.channel

    @property
    def ieee_bytes(self) -> bytes:
        """Its IEEE address."""
        return self.records.ieee

    @property
    def is_open(self) -> bool:
        """Whether it permits joins at itself."""
        return self.running and self.clock.now() < self._open_until

    def trusts(self, _member: Member, parent: Member | None) -> bool:
        """The devices have no install codes; old firmware had to permit joins itself, too."""
        old = self.firmware.revision < JOINS_THROUGH_ROUTERS_SINCE
        return not self.install_codes_only and (parent is None or not old or self.is_open)

    def count_frame(self) -> int:
        """Count an outgoing frame; every thousandth counter is stored."""
        self._counter += 1
        if self._running is not None and self._counter - self._counter_saved >= COUNTER_STEP:
            self._counter_saved = self._counter
            self.records.save_counter(self._running.extended_pan, self._counter)
        return self._counter

    def known_address(self, ieee: str) -> int | None:
        """Return the network address in the address manager, or None."""
        return self.records.known.address_of(wire(ieee))

    def remember(self, member: Member) -> None:
        """Add a device to the tables."""
        child = member.SLEEPY and member.parent is None
        self.records.known.enter(member.ieee_bytes, member.nwk, child=child)

    def joined(self, member: Member) -> None:
        """Send ZDO.TCDevInd."""
        parent = 0x0000 if member.parent is None else member.parent.nwk
        self.send(
            c.ZDO.TCDevInd.Callback(
                SrcNwk=t.NWK(member.nwk), SrcIEEE=eui64(member.ieee_bytes), ParentNwk=t.NWK(parent)
            )
        )

    def left(self, ieee: str, nwk: int, *, rejoin: bool) -> None:
        """Send ZDO.LeaveInd."""
        if not rejoin:
            self.records.known.strike(wire(ieee))
        self.send(
            c.ZDO.LeaveInd.Callback(
                NWK=t.NWK(nwk), IEEE=eui64(wire(ieee)), Request=False, Remove=False, Rejoin=rejoin
            )
        )

    def deliver(
        self, member: Member, source: int, message: Message, *, group: int, broadcast: bool
    ) -> None:
        """Pass a message to the host, after the route record if one is due."""
        if not broadcast:
            self._send_route(member)
        if message.destination == 0:
            self.host_zdo.handle(source, message, broadcast=broadcast)
        elif message.destination in self.endpoints:
            self.send(
                c.AF.IncomingMsg.Callback(
                    GroupId=t.GroupId(group),
                    ClusterId=message.cluster,
                    SrcAddr=t.NWK(source),
                    SrcEndpoint=message.source,
                    DstEndpoint=message.destination,
                    WasBroadcast=broadcast,
                    LQI=min(max(member.lqi + self.rng.randrange(-5, 6), 0), 255),
                    SecurityUse=False,
                    TimeStamp=int((self.clock.now() - self.started_at) * 1000) & 0xFFFFFFFF,
                    TSN=0,
                    Data=t.ShortBytes(message.data),
                    MacSrcAddr=t.NWK(source if member.parent is None else member.parent.nwk),
                    MsgResultRadius=30 if member.parent is None else 29,
                )
            )

    def _send_route(self, member: Member) -> None:
        """Send ZDO.SrcRtgInd for a device behind a router, again after some time."""
        relays = () if member.parent is None else (member.parent.nwk,)
        reported, until = self._relays.get(member.ieee, ((), 0.0))
        if reported != relays or (relays and until < self.clock.now()):
            self._relays[member.ieee] = relays, self.clock.now() + ROUTE_RECORD
            nwks = t.NWKList([t.NWK(relay) for relay in relays])
            self.send(c.ZDO.SrcRtgInd.Callback(DstAddr=t.NWK(member.nwk), Relays=nwks))

    # -- Station: what ZDO needs -----------------------------------------------------------------

    def neighbors(self) -> list[Neighbor]:
        """Routers and children in range."""
        return self.network.neighbors_of(None)

    def routes(self) -> list[Route]:
        """Routes to devices behind routers."""
        return self.network.detours()

    def extended_pan(self) -> bytes:
        """Extended PAN id."""
        return bytes(8) if self._running is None else self._running.extended_pan

    def scan(self, channels: int) -> bytes | None:
        """Energy per channel."""
        return self.network.spectrum.energies(channels)

    # -- Messages of the host --------------------------------------------------------------------

    def transmit(
        self, mode: Any, address: Any, message: Message, *, sequence: int, acked: bool
    ) -> int:
        """Accept a message for sending.

        Returns:
            The status of the SRSP. The outcome follows as AF.DataConfirm.
        """
        if (refusal := self.faults.refusal()) is not None:
            return refusal
        if self._running is None:
            return int(t.Status.NWK_INVALID_REQUEST)
        if message.source and message.source not in self.endpoints:
            return int(t.Status.INVALID_PARAMETER)
        if message.destination == 0:
            if not message.data:
                return int(t.Status.INVALID_PARAMETER)
            nwk = self._resolve(mode, address)
            self.host_zdo.ask(nwk, message.cluster, message.data[1:], sequence=message.data[0])
            return Delivery.SUCCESS
        confirm = self._confirmation(message.source, sequence)
        match mode:
            case t.AddrMode.Broadcast:
                self.network.broadcast(int(address), message)
            case t.AddrMode.Group:
                self.network.groupcast(int(address), message)
                self.soon(HOP, confirm, Delivery.SUCCESS)
            case _:
                self._transmit_to(
                    self._resolve(mode, address), message, acked=acked, confirm=confirm
                )
        return Delivery.SUCCESS

    def _transmit_to(
        self, nwk: int, message: Message, *, acked: bool, confirm: Callable[[int], None]
    ) -> None:
        if nwk == self.nwk:
            self.soon(HOP, confirm, Delivery.SUCCESS)
        else:
            self.network.unicast(nwk, message, acked=acked, confirm=confirm)

    def _resolve(self, mode: Any, address: Any) -> int:
        if mode != t.AddrMode.IEEE:
            return int(address)
        ieee = bytes(address.serialize())
        if ieee == self.ieee_bytes:
            return self.nwk
        known = self.records.known.address_of(ieee)
        return UNKNOWN_ADDRESS if known is None else known

    def _confirmation(self, endpoint: int, sequence: int) -> Callable[[int], None]:
        life = self._life

        def confirm(status: int) -> None:
            if life == self._life:
                self.send(
                    c.AF.DataConfirm.Callback(
                        Status=t.Status(status), Endpoint=endpoint, TSN=sequence
                    )
                )

        return confirm
