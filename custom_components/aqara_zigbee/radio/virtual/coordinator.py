"""A TI CC2652 with Z-Stack 3.30.

`Coordinator` starts the network its memory holds, lets devices in, and passes messages between the
air and the host. What the host may ask is in `commands`, the serial line and the reset are the
`chip`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
import struct
from typing import Any, override

from . import commands, zdo
from .addresses import eui64, readable, wire
from .air import HOP, Delivery
from .chip import Chip, Firmware
from .clock import Clock
from .descriptors import Binding, Neighbor, NodeDescriptor, Role, Route, SimpleDescriptor
from .faults import Faults
from .hub import Identity
from .member import Member
from .message import Message
from .mt import c, frame, t
from .network import Network
from .nvram import NvRam
from .records import COUNTER_STEP, Records, Settings
from .spectrum import channels_in, scan_seconds

FORMATION = 0.6
"""Scan, choose, start, in seconds; real sticks take 2 to 4."""
RESUMPTION = 0.1
CHANNEL_CHANGE = 0.5
ROUTE_RECORD = 120.0
"""Between two route records of a device (NV item CONCENTRATOR_DISCOVERY, as zigpy-znp sets it)."""

FIRST_BROADCAST = 0xFFF8
UNKNOWN_ADDRESS = 0xFFF7
"""Where a message goes whose IEEE address is in no table: an address nobody gets."""
ANY_CLUSTER = 0xFFFF
ZDO_CALLBACK = 0x45
"""First command byte of the ZDO callbacks: AREQ, subsystem ZDO."""
ANNOUNCED = 0xC1
"""Second command byte of ZDO.EndDeviceAnnceInd."""

JOINS_THROUGH_ROUTERS_SINCE = 20210708
"""In older builds the coordinator itself had to be open too (zigpy-znp `permit`)."""


class Coordinator(Chip):
    """The stick.

    Args:
        clock: The home's time.
        network: The air.
        nvram: Its memory, as the host reads and writes it.
        records: The same memory, as the firmware does.
        faults: What is to go wrong.
        firmware: What it claims to run.
        rng: Where its randomness comes from.

    Attributes:
        endpoints: What the host has registered since the last reset.
        callbacks: ZDO clusters the host wants to hear; 0xFFFF is all.
        install_codes_only: Joins need an install code (AppConfig.BDBSetJoinUsesInstallCodeKey).
        channels: Channels formation may use (AppConfig.BDBSetChannel).
        started_at: When it booted, in seconds of the clock.
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
        self.callbacks: set[int] = set()
        self.install_codes_only = False
        self.channels = 0x07FFF800
        self.started_at = self.clock.now()
        self._direct_callbacks = self.records.direct_callbacks
        self._running: Settings | None = None
        self._open_until = 0.0
        self._relays: dict[str, tuple[tuple[int, ...], float]] = {}
        self._counter = self._counter_saved = 0
        self._zdo_sequence = 0

    @override
    def execute(self, header: int, request: Any) -> tuple[str, Any]:
        handler = commands.find(header, self.firmware.revision)
        return handler.name, handler.run(self, request)

    # -- The network -----------------------------------------------------------------------------

    def commission(self) -> None:
        """AppConfig.BDBStartCommissioning(NwkFormation): start the network in memory, or form one.

        With a network in memory the outcome is reported as a formation failure: zigpy-znp's
        `start_network` calls that the correct sequence; only a newly formed network succeeds.
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
        """Whether a network is up."""
        return self._running is not None

    def permit(self, seconds: int) -> None:
        """Open the coordinator itself for joining; 0 closes it."""
        self._open_until = self.clock.now() + seconds
        if seconds:
            self.network.opened()

    def change_channel(self, mask: int) -> bool:
        """Move the coordinator in a moment; the devices must have been told before.

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

    # -- Hub: what the air asks of it ------------------------------------------------------------

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
        """The channel it is on, or will be on."""
        network = self._running or self.records.network
        return 0 if network is None else network.channel

    @property
    def ieee_bytes(self) -> bytes:
        """Its address."""
        return self.records.ieee

    @property
    def is_open(self) -> bool:
        """Whether devices may join at itself."""
        return self.running and self.clock.now() < self._open_until

    def trusts(self, _member: Member, parent: Member | None) -> bool:
        """Install codes are beyond our devices; old builds also had to be open themselves."""
        old = self.firmware.revision < JOINS_THROUGH_ROUTERS_SINCE
        return not self.install_codes_only and (parent is None or not old or self.is_open)

    def count_frame(self) -> int:
        """One more frame goes out; every thousandth is written down."""
        self._counter += 1
        if self._running is not None and self._counter - self._counter_saved >= COUNTER_STEP:
            self._counter_saved = self._counter
            self.records.save_counter(self._running.extended_pan, self._counter)
        return self._counter

    def known_address(self, ieee: str) -> int | None:
        """What the address manager has."""
        return self.records.known.address_of(wire(ieee))

    def remember(self, member: Member) -> None:
        """Enter a device into the tables."""
        child = member.SLEEPY and member.parent is None
        self.records.known.enter(member.ieee_bytes, member.nwk, child=child)

    def joined(self, member: Member) -> None:
        """ZDO.TCDevInd."""
        parent = 0x0000 if member.parent is None else member.parent.nwk
        self.send(
            c.ZDO.TCDevInd.Callback(
                SrcNwk=t.NWK(member.nwk), SrcIEEE=eui64(member.ieee_bytes), ParentNwk=t.NWK(parent)
            )
        )

    def left(self, ieee: str, nwk: int, *, rejoin: bool) -> None:
        """ZDO.LeaveInd."""
        if not rejoin:
            self.records.known.strike(wire(ieee))
        self.send(
            c.ZDO.LeaveInd.Callback(
                NWK=t.NWK(nwk), IEEE=eui64(wire(ieee)), Request=False, Remove=False, Rejoin=rejoin
            )
        )

    def heard(
        self, member: Member, source: int, message: Message, *, group: int, broadcast: bool
    ) -> None:
        """Pass a message to the host, the route it came along first."""
        if not broadcast:
            self._tell_route(member)
        if message.destination == 0:
            self._heard_zdo(source, message, broadcast=broadcast)
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

    def _tell_route(self, member: Member) -> None:
        """ZDO.SrcRtgInd: a device behind a router tells the way it came, again after a while."""
        relays = () if member.parent is None else (member.parent.nwk,)
        told, until = self._relays.get(member.ieee, ((), 0.0))
        if told != relays or (relays and until < self.clock.now()):
            self._relays[member.ieee] = relays, self.clock.now() + ROUTE_RECORD
            nwks = t.NWKList([t.NWK(relay) for relay in relays])
            self.send(c.ZDO.SrcRtgInd.Callback(DstAddr=t.NWK(member.nwk), Relays=nwks))

    # -- ZDO -------------------------------------------------------------------------------------

    def _heard_zdo(self, source: int, message: Message, *, broadcast: bool = False) -> None:
        sequence, body = message.data[0], message.data[1:]
        if message.cluster == zdo.Command.DEVICE_ANNCE:
            self._direct(ANNOUNCED, struct.pack("<H", source) + body)
        elif message.cluster & zdo.RESPONSE:
            self._direct_response(source, message.cluster, body)
        elif (response := zdo.answer(self, message.cluster, body)) is not None:
            answer = Message.zdo(message.cluster | zdo.RESPONSE, sequence, response)
            self.network.unicast(source, answer)
        if self.callbacks & {ANY_CLUSTER, message.cluster}:
            self.send(
                c.ZDO.MsgCbIncoming.Callback(
                    Src=t.NWK(source),
                    IsBroadcast=broadcast,
                    ClusterId=message.cluster,
                    SecurityUse=0,
                    TSN=sequence,
                    MacDst=t.NWK(zdo.BROADCAST_ALL if broadcast else self.nwk),
                    Data=t.Bytes(body),
                )
            )

    def _direct_response(self, source: int, cluster: int, body: bytes) -> None:
        """The same response as a command of its own, which comes first on real sticks."""
        if body[:1] != bytes([zdo.Status.SUCCESS]):
            return
        if cluster & ~zdo.RESPONSE in (zdo.Command.NWK_ADDR, zdo.Command.IEEE_ADDR):
            data = body + bytes(2)  # no associated devices listed
        else:
            data = struct.pack("<H", source) + body
        self._direct(0x80 | cluster & 0x7F, data)

    def _direct(self, identifier: int, data: bytes) -> None:
        """A ZDO callback, if the host wants them (NV item ZDO_DIRECT_CB)."""
        header = ZDO_CALLBACK | identifier << 8
        if self._direct_callbacks and header in c.COMMANDS_BY_ID:
            self.put(frame(header, data))

    def ask(self, nwk: int, command: int, body: bytes, *, sequence: int | None = None) -> None:
        """A ZDO request of the host: to one device, to many, or to the coordinator itself.

        Nothing confirms it.
        """
        if sequence is None:
            self._zdo_sequence = sequence = (self._zdo_sequence + 1) % 256
        message = Message.zdo(command, sequence, body)
        if nwk >= FIRST_BROADCAST:
            self.network.broadcast(nwk, message)
        elif nwk == self.nwk:
            self._ask_itself(command, sequence, body)
        else:
            self.network.unicast(nwk, message)

    def _ask_itself(self, command: int, sequence: int, body: bytes) -> None:
        """Over the loopback; an energy scan takes its time."""
        response = self._obey(command, body)
        if response is None:
            response = zdo.answer(self, command, body)
        if response is None:
            return
        delay = HOP
        if command == zdo.Command.MGMT_NWK_UPDATE and len(body) >= 6:
            delay = scan_seconds(int.from_bytes(body[:4], "little"), body[4], body[5])
        answer = Message.zdo(command | zdo.RESPONSE, sequence, response)
        self.soon(delay, self._heard_zdo, self.nwk, answer)

    def _obey(self, command: int, body: bytes) -> bytes | None:
        """ZDO requests that concern the network itself."""
        match command:
            case zdo.Command.MGMT_PERMIT_JOINING if body:
                self.permit(body[0])
            case zdo.Command.MGMT_LEAVE if len(body) >= 9:
                self.network.dismiss(body)
            case _:
                return None
        return bytes([zdo.Status.SUCCESS])

    # -- Station: what ZDO asks about it ---------------------------------------------------------

    def neighbors(self) -> list[Neighbor]:
        """Routers and children it hears."""
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
        """Take a message for the air.

        Returns:
            The status of the SRSP. What became of the message comes as AF.DataConfirm.
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
            self.ask(nwk, message.cluster, message.data[1:], sequence=message.data[0])
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
