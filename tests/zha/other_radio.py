"""A radio that is not TI's: a zigpy application straight on the air of a simulated home."""

import asyncio
from typing import Any, ClassVar, override

from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
from zigpy.endpoint import Status
from zigpy.exceptions import DeliveryError
from zigpy.profiles import zha
import zigpy.types as t
from zigpy.zcl.clusters.general import Basic
from zigpy.zdo import types as zdo_t

from custom_components.aqara_zigbee.simulator.addresses import wire
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.simulator.hub import Hub, Identity
from custom_components.aqara_zigbee.simulator.member import Member
from custom_components.aqara_zigbee.simulator.message import Message

IEEE = "00:21:2e:ff:ff:01:02:03"
EXTENDED_PAN = "00:21:2e:ff:ff:0a:0b:0c"
PAN_ID, CHANNEL = 0x1234, 20
KEY = bytes(range(16))


class OtherHub(Hub):
    """The coordinator as the air sees it.

    Args:
        app: who runs it.
    """

    def __init__(self, app: OtherApplication) -> None:
        self.app = app
        self.open_until = 0.0
        self.counter = 0
        self.addresses: dict[str, int] = {}

    @property
    @override
    def formed(self) -> Identity | None:
        return Identity(wire(EXTENDED_PAN), KEY)

    @property
    @override
    def identity(self) -> Identity | None:
        return self.formed if self.app.is_running else None

    @property
    @override
    def channel(self) -> int:
        return CHANNEL

    @property
    @override
    def is_open(self) -> bool:
        return self.app.home.clock.now() < self.open_until

    @property
    @override
    def ieee_bytes(self) -> bytes:
        return wire(IEEE)

    @override
    def trusts(self, member: Member, parent: Member | None) -> bool:
        return True

    @override
    def count_frame(self) -> int:
        self.counter += 1
        return self.counter

    @override
    def known_address(self, ieee: str) -> int | None:
        return self.addresses.get(ieee)

    @override
    def remember(self, member: Member) -> None:
        self.addresses[member.ieee] = member.nwk

    @override
    def deliver(
        self, member: Member, source: int, message: Message, *, group: int, broadcast: bool
    ) -> None:
        if broadcast:
            target = t.AddrModeAddress(t.AddrMode.Broadcast, t.BroadcastAddress.ALL_DEVICES)
        elif group:
            target = t.AddrModeAddress(t.AddrMode.Group, t.Group(group))
        else:
            target = t.AddrModeAddress(t.AddrMode.NWK, t.NWK(0))
        self.app.packet_received(
            t.ZigbeePacket(
                src=self.app.address_of(source, member.ieee),
                src_ep=t.uint8_t(message.source),
                dst=target,
                dst_ep=t.uint8_t(message.destination),
                profile_id=t.uint16_t(message.profile),
                cluster_id=t.uint16_t(message.cluster),
                data=t.SerializableBytes(message.data),
                lqi=t.uint8_t(member.lqi),
            )
        )

    @override
    def joined(self, member: Member) -> None:
        self.app.handle_join(t.NWK(member.nwk), t.EUI64.convert(member.ieee), parent_nwk=t.NWK(0))

    @override
    def left(self, ieee: str, nwk: int, *, rejoin: bool) -> None:
        self.app.handle_leave(t.NWK(nwk), t.EUI64.convert(ieee))


class OtherApplication(ControllerApplication):
    """The application; a subclass sets its home.

    Attributes:
        home: its home.
        tells_ieee: whether it gives the senders of packets by IEEE address, as an old ConBee does.
        is_running: whether its network is running.
    """

    home: ClassVar[Home]
    tells_ieee: ClassVar[bool] = False

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.is_running = False
        self.hub = OtherHub(self)

    def address_of(self, source: int, ieee: str) -> t.AddrModeAddress:
        """A sender as this radio calls it."""
        member = self.home.network.by_nwk(source)
        if self.tells_ieee and member is not None and member.ieee == ieee:
            return t.AddrModeAddress(t.AddrMode.IEEE, t.EUI64.convert(ieee))
        return t.AddrModeAddress(t.AddrMode.NWK, t.NWK(source))

    @override
    async def connect(self) -> None:
        pass

    @override
    async def disconnect(self) -> None:
        self.is_running = False

    @override
    async def load_network_info(self, *, load_devices: bool = False) -> None:
        info, node = self.state.network_info, self.state.node_info
        node.ieee, node.nwk = t.EUI64.convert(IEEE), t.NWK(0)
        node.logical_type = zdo_t.LogicalType.Coordinator
        node.manufacturer, node.model = "Nobody", "Other radio"
        info.extended_pan_id = t.ExtendedPanId(t.EUI64.convert(EXTENDED_PAN))
        info.pan_id, info.channel = t.PanId(PAN_ID), t.uint8_t(CHANNEL)
        info.channel_mask = t.Channels(1 << CHANNEL)
        info.network_key.key = t.KeyData(KEY)

    @override
    async def start_network(self) -> None:
        # The addresses of members are in the memory of a real radio.
        previous = self.home.network.hub
        if isinstance(previous, OtherHub):
            self.hub.addresses, self.hub.counter = previous.addresses, previous.counter
        self.home.network.hub = self.hub
        self.is_running = True
        await self.load_network_info()
        device = self.add_device(nwk=t.NWK(0), ieee=self.state.node_info.ieee)
        device.node_desc = zdo_t.NodeDescriptor(
            logical_type=zdo_t.LogicalType.Coordinator,
            complex_descriptor_available=0,
            user_descriptor_available=0,
            reserved=0,
            aps_flags=0,
            frequency_band=zdo_t.NodeDescriptor.FrequencyBand.Freq2400MHz,
            mac_capability_flags=zdo_t.NodeDescriptor.MACCapabilityFlags(0x8F),
            manufacturer_code=0x1135,
            maximum_buffer_size=127,
            maximum_incoming_transfer_size=500,
            server_mask=0,
            maximum_outgoing_transfer_size=500,
            descriptor_capability_field=0,
        )
        device.model, device.manufacturer = "Other radio", "Nobody"
        endpoint = device.add_endpoint(1)
        endpoint.profile_id, endpoint.device_type = zha.PROFILE_ID, zha.DeviceType.HOME_GATEWAY
        endpoint.status = Status.ZDO_INIT
        endpoint.add_input_cluster(Basic.cluster_id)

    @override
    async def permit_ncp(self, time_s: int = 60) -> None:
        self.hub.open_until = self.home.clock.now() + time_s
        if time_s:
            self.home.network.opened()

    @override
    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        assert packet.dst is not None
        message = Message(
            int(packet.cluster_id),
            int(packet.src_ep or 0),
            int(packet.dst_ep or 0),
            packet.data.serialize(),
            int(packet.profile_id),
        )
        match packet.dst.address:
            case t.BroadcastAddress() as reach:
                self.home.network.broadcast(int(reach), message)
            case t.Group() as group:
                self.home.network.groupcast(int(group), message)
            case t.EUI64() as ieee:
                await self._unicast(int(self.get_device(ieee=ieee).nwk), message)
            case t.NWK() as nwk:
                await self._unicast(int(nwk), message)

    async def _unicast(self, nwk: int, message: Message) -> None:
        if nwk == 0:  # to itself: it has no endpoint of its own
            return
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def confirm(status: int) -> None:
            if not done.done():
                done.set_result(status)

        self.home.network.unicast(nwk, message, acked=True, confirm=confirm)
        if status := await done:
            raise DeliveryError(f"not delivered: {status}", status=status)

    @override
    async def force_remove(self, dev: ZigbeeDevice) -> None:
        self.home.network.dismiss(wire(str(dev.ieee)) + bytes([0]))

    @override
    async def add_endpoint(self, descriptor: zdo_t.SimpleDescriptor) -> None:
        pass

    @override
    async def permit_with_link_key(
        self, node: t.EUI64, link_key: t.KeyData, time_s: int = 60
    ) -> None:
        raise NotImplementedError

    @override
    async def write_network_info(self, *, network_info: Any, node_info: Any) -> None:
        raise NotImplementedError

    @override
    async def reset_network_info(self) -> None:
        raise NotImplementedError
