"""The MT commands one by one, and malformed ones."""

from random import Random
from typing import Any

import pytest
import zigpy.zdo.types as zdo_t

from custom_components.aqara_zigbee.simulator import Firmware, Home, Knob, LockS2, Plug, zdo
from custom_components.aqara_zigbee.simulator.commands import HANDLERS
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.mt import (
    Deframer,
    MalformedCommandError,
    UnknownCommandError,
    c,
    decode,
    encode,
    frame,
    t,
)


class Console:
    """A host without zigpy: it writes commands and reads the responses."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.line = home.port
        self._deframer = Deframer()
        self.received_frames: list[Any] = []
        home.port.attach(self)

    def deliver(self, data: bytes) -> None:
        """Bytes from the coordinator."""
        for header, payload in self._deframer.feed(data):
            kind = c.COMMANDS_BY_ID[header]
            self.received_frames.append(
                kind.from_frame(
                    type(
                        "Frame", (), {"header": t.CommandHeader(header), "data": t.Bytes(payload)}
                    ),
                    align=True,
                )
            )

    def drop(self, error: Exception | None) -> None:
        """The line is closed."""

    def ask(self, request: Any, seconds: float = 1.0) -> list[Any]:
        """Send a command; return the responses until `seconds` later."""
        self.received_frames.clear()
        self.line.from_host(encode(request))
        self.home.clock.advance(seconds)
        return list(self.received_frames)


@pytest.fixture
def home() -> Home:
    """A home whose time does not advance."""
    home = Home(seed=1, speed=0)
    home.form()
    return home


@pytest.fixture
def console(home: Home) -> Console:
    """A console on a running network."""
    console = Console(home)
    console.ask(c.AppConfig.BDBStartCommissioning.Req(Mode=c.app_config.BDBCommissioningMode(4)))
    console.ask(c.ZDO.MsgCallbackRegister.Req(ClusterId=0xFFFF))
    return console


def test_every_command_of_the_table_is_in_zigpy_znp() -> None:
    for header, handler in HANDLERS.items():
        subsystem, _, name = handler.name.partition(".")
        assert getattr(getattr(c, subsystem), name).Req is c.COMMANDS_BY_ID[header]


def test_plain_answers(home: Home, console: Console) -> None:
    (ping,) = console.ask(c.SYS.Ping.Req())
    assert int(ping.Capabilities) == 0x0659
    (version,) = console.ask(c.SYS.Version.Req())
    assert (version.CodeRevision, version.BootloaderRevision) == (20230507, 0xFFFFFFFF)
    (address,) = console.ask(c.SYS.GetExtAddr.Req())
    assert str(address.ExtAddr) == home.ieee
    (random,) = console.ask(c.SYS.Random.Req())
    assert 0 <= random.Value <= 0xFFFF
    (alive,) = console.ask(c.UTIL.TimeAlive.Req())
    assert alive.Seconds >= 4
    assert console.ask(c.UTIL.LEDControl.Req(LED=0xFF, Mode=c.util.LEDMode.OFF)) == []
    (network,) = console.ask(c.ZDO.ExtNwkInfo.Req())
    assert home.records.network is not None
    assert network.PanId == home.records.network.pan_id


def test_reset(console: Console) -> None:
    (indication,) = console.ask(c.SYS.ResetReq.Req(Type=t.ResetType.Soft))
    assert indication.MajorRel == 2
    assert indication.Reason == t.ResetReason.PowerUp
    (info,) = console.ask(c.UTIL.GetDeviceInfo.Req())
    assert info.DeviceState == t.DeviceState.InitializedNotStarted


def test_endpoints(console: Console) -> None:
    request = c.AF.Register.Req(
        Endpoint=1,
        ProfileId=0x0104,
        DeviceId=5,
        DeviceVersion=0,
        LatencyReq=c.af.LatencyReq.NoLatencyReqs,
        InputClusters=t.ClusterIdList([]),
        OutputClusters=t.ClusterIdList([0x0006]),
    )
    assert console.ask(request)[0].Status == t.Status.SUCCESS
    assert console.ask(request)[0].Status == t.Status.APS_DUPLICATE_ENTRY
    assert console.ask(c.AF.Delete.Req(Endpoint=1))[0].Status == t.Status.SUCCESS
    assert console.ask(c.AF.Delete.Req(Endpoint=1))[0].Status == t.Status.INVALID_PARAMETER


def data_request(
    nwk: int, *, source: int = 1, destination: int = 1, data: bytes = b"\0\1\0"
) -> Any:
    return c.AF.DataRequest.Req(
        DstAddr=t.NWK(nwk),
        DstEndpoint=destination,
        SrcEndpoint=source,
        ClusterId=0x0000,
        TSN=7,
        Options=c.af.TransmitOptions.ACK_REQUEST,
        Radius=30,
        Data=t.ShortBytes(data),
    )


def test_data_requests(home: Home, console: Console) -> None:
    plug = home.add(Plug(), joined=True)
    assert console.ask(data_request(plug.nwk))[0].Status == t.Status.INVALID_PARAMETER
    home.coordinator.endpoints[1] = plug.endpoints[1]
    response, confirm, incoming = console.ask(data_request(plug.nwk))
    assert response.Status == t.Status.SUCCESS
    assert (confirm.Status, confirm.Endpoint, confirm.TSN) == (t.Status.SUCCESS, 1, 7)
    assert (incoming.SrcAddr, incoming.SrcEndpoint, incoming.DstEndpoint) == (plug.nwk, 1, 1)
    _, confirm = console.ask(data_request(0x0000))
    assert confirm.Status == t.Status.SUCCESS
    assert len(console.ask(data_request(0xFFFD))) == 1
    empty = data_request(plug.nwk, source=0, destination=0, data=b"")
    assert console.ask(empty)[0].Status == t.Status.INVALID_PARAMETER
    home.reset_radio()
    home.clock.advance(1)
    assert console.ask(data_request(plug.nwk))[0].Status == t.Status.NWK_INVALID_REQUEST


def extended(mode: Any, address: Any) -> Any:
    return c.AF.DataRequestExt.Req(
        DstAddrModeAddress=t.AddrModeAddress(mode=mode, address=address),
        DstEndpoint=1,
        DstPanId=t.PanId(0),
        SrcEndpoint=1,
        ClusterId=0x0000,
        TSN=8,
        Options=c.af.TransmitOptions.NONE,
        Radius=30,
        Data=t.LongBytes(b"\0\1\0\5\0"),
    )


def test_addressing(home: Home, console: Console) -> None:
    plug = home.add(Plug(), joined=True)
    home.coordinator.endpoints[1] = plug.endpoints[1]
    ieee = t.EUI64.convert(plug.ieee)
    assert len(console.ask(extended(t.AddrMode.IEEE, ieee))) == 3
    own = t.EUI64.convert(home.ieee)
    assert len(console.ask(extended(t.AddrMode.IEEE, own))) == 2
    nobody = t.EUI64.convert("00:00:00:00:00:00:00:01")
    assert console.ask(extended(t.AddrMode.IEEE, nobody))[-1].Status == t.Status.NWK_NO_ROUTE
    assert console.ask(extended(t.AddrMode.Group, 0x1234))[-1].Status == t.Status.SUCCESS


def test_permits(home: Home, console: Console) -> None:
    def permit(seconds: int, mode: Any = t.AddrMode.NWK, to: int = 0) -> list[Any]:
        request = c.ZDO.MgmtPermitJoinReq.Req(
            AddrMode=mode, Dst=t.NWK(to), Duration=seconds, TCSignificance=0
        )
        return console.ask(request)

    def opens(seconds: int) -> bool:
        permit(seconds, t.AddrMode.Broadcast, 0xFFFC)
        return home.coordinator.is_open

    plug = home.add(Plug(), joined=True)
    assert permit(255)[0].Status == t.Status.INVALID_PARAMETER
    assert not opens(0)
    assert opens(60)
    assert plug.permits_until > home.clock.now()
    assert not opens(0)
    steering = c.app_config.BDBCommissioningMode.NwkSteering
    console.ask(c.AppConfig.BDBStartCommissioning.Req(Mode=steering))
    assert home.coordinator.is_open


def test_requests_zigbee2mqtt_uses(home: Home, console: Console) -> None:
    """ZDO requests as MT commands, answered as MT callbacks once ZDO_DIRECT_CB is set."""
    plug = home.add(Plug(), joined=True)
    home.nvram.osal_write(0x008F, 0, b"\x01")
    home.reset_radio()
    home.clock.advance(1)
    console.ask(c.ZDO.StartupFromApp.Req(StartDelay=100))
    nwk = t.NWK(plug.nwk)

    def direct(request: Any) -> Any:
        response, callback = console.ask(request)
        assert response.Status == t.Status.SUCCESS
        assert callback.Status == zdo_t.Status.SUCCESS
        return callback

    node = direct(c.ZDO.NodeDescReq.Req(DstAddr=nwk, NWKAddrOfInterest=nwk))
    assert node.NodeDescriptor.manufacturer_code == 0x115F
    active = direct(c.ZDO.ActiveEpReq.Req(DstAddr=nwk, NWKAddrOfInterest=nwk))
    assert list(active.ActiveEndpoints) == [1, 2, 3]
    simple = direct(c.ZDO.SimpleDescReq.Req(DstAddr=nwk, NWKAddrOfInterest=nwk, Endpoint=1))
    assert simple.SimpleDescriptor.device_type == 0x0051
    single = c.zdo.AddrRequestType.SINGLE
    address = direct(c.ZDO.IEEEAddrReq.Req(NWK=nwk, RequestType=single, StartIndex=0))
    assert str(address.IEEE) == plug.ieee
    ieee = t.EUI64.convert(plug.ieee)
    address = direct(c.ZDO.NwkAddrReq.Req(IEEE=ieee, RequestType=single, StartIndex=0))
    assert plug.nwk == address.NWK
    lqi = direct(c.ZDO.MgmtLqiReq.Req(Dst=t.NWK(0), StartIndex=0))
    assert [str(row.ieee) for row in lqi.Neighbors.NeighborTableList] == [plug.ieee]
    stay = c.zdo.LeaveOptions.NONE
    leave = c.ZDO.MgmtLeaveReq.Req(DstAddr=nwk, IEEE=ieee, RemoveChildren_Rejoin=stay)
    _, leaving, left = console.ask(leave)
    assert (leaving.Src, leaving.Status) == (nwk, zdo_t.Status.SUCCESS)
    assert (nwk, ieee) == (left.NWK, left.IEEE)
    assert not plug.joined


def test_channel_change_needs_a_channel(home: Home, console: Console) -> None:
    def move(mask: int, duration: int = zdo.CHANGE_CHANNEL) -> list[Any]:
        request = c.ZDO.MgmtNWKUpdateReq.Req(
            Dst=t.NWK(0),
            DstAddrMode=t.AddrMode.NWK,
            Channels=t.Channels(mask),
            ScanDuration=duration,
            ScanCount=1,
            NwkManagerAddr=t.NWK(0),
        )
        return console.ask(request)

    assert move(0)[0].Status == t.Status.INVALID_PARAMETER
    move(1 << 20)
    assert home.coordinator.channel == 20
    response, scan = move(1 << 11 | 1 << 12, duration=0)
    assert response.Status == t.Status.SUCCESS
    assert scan.ClusterId == 0x8038


def test_children(home: Home, console: Console) -> None:
    plug, lock, knob = (home.add(kind(), joined=True) for kind in (Plug, LockS2, Knob))
    assert console.ask(c.UTIL.AssocCount.Req(
        StartRelation=c.util.NodeRelation.PARENT, EndRelation=c.util.NodeRelation.OTHER,
    ))[0].Count == 2  # fmt: skip
    (info,) = console.ask(c.UTIL.GetDeviceInfo.Req())
    assert set(info.AssociatedDevices) == {lock.nwk, knob.nwk}
    found = {
        len(console.ask(c.UTIL.AssocFindDevice.Req(Index=each))[0].Device) for each in range(4)
    }
    assert found == {36}

    def relation(ieee: str, nwk: int) -> Any:
        request = c.UTIL.AssocGetWithAddress.Req(IEEE=t.EUI64.convert(ieee), NWK=t.NWK(nwk))
        return console.ask(request)[0].Device

    nobody = "00:00:00:00:00:00:00:00"
    assert relation(lock.ieee, 0).shortAddr == lock.nwk
    assert relation(nobody, knob.nwk).nodeRelation == c.util.NodeRelation.CHILD_RFD
    assert relation(plug.ieee, 0).nodeRelation == c.util.NodeRelation.NOTUSED
    assert relation(nobody, 0x4711).nodeRelation == c.util.NodeRelation.NOTUSED
    ieee = t.EUI64.convert(lock.ieee)
    console.ask(c.UTIL.AssocRemove.Req(IEEE=ieee))
    assert relation(lock.ieee, 0).nodeRelation == c.util.NodeRelation.NOTUSED
    console.ask(
        c.UTIL.AssocAdd.Req(
            NWK=t.NWK(lock.nwk), IEEE=ieee, NodeRelation=c.util.NodeRelation.CHILD_RFD
        )
    )
    assert relation(lock.ieee, 0).shortAddr == lock.nwk


def test_children_are_removed(home: Home, console: Console) -> None:
    lock = home.add(LockS2(), joined=True)
    body = lock.ieee_bytes + b"\0"
    home.coordinator.host_zdo.ask(0, zdo.ZdoCommand.MGMT_LEAVE, body)
    home.coordinator.host_zdo.ask(0, zdo.ZdoCommand.MGMT_LEAVE, bytes(9))
    lock.ring()
    home.clock.advance(1)
    assert not lock.joined
    assert any(isinstance(each, c.ZDO.LeaveInd.Callback) for each in console.received_frames)


def test_firmware_without_association_commands() -> None:
    home = Home(speed=0, firmware=Firmware(revision=20200101))
    home.form()
    console = Console(home)
    request = c.UTIL.AssocRemove.Req(IEEE=t.EUI64.convert(home.ieee))
    (answer,) = console.ask(request)
    assert isinstance(answer, c.RPCError.CommandNotRecognized.Rsp)
    assert answer.RequestHeader == request.header


def test_devices_send_requests_to_the_coordinator(home: Home, console: Console) -> None:
    plug = home.add(Plug(), joined=True)
    console.received_frames.clear()
    request = zdo.ZdoCommand.NODE_DESC
    home.network.uplink(plug, Message.zdo(request, 5, b"\0\0"))
    home.clock.advance(1)
    assert [each.ClusterId for each in console.received_frames] == [request]


# -- Malformed input -----------------------------------------------------------------------------


def test_decoding() -> None:
    with pytest.raises(UnknownCommandError):
        decode(0x9921, b"")
    with pytest.raises(UnknownCommandError):
        decode(int(c.SYS.Ping.Rsp.header), b"\0\0")
    with pytest.raises(MalformedCommandError):
        decode(int(c.SYS.OSALNVLength.Req.header), b"\0")


@pytest.mark.parametrize("header", sorted(HANDLERS), ids=lambda header: HANDLERS[header].name)
def test_no_payload_breaks_it(home: Home, console: Console, header: int) -> None:
    rng = Random(header)
    home.add(Plug(), joined=True)
    home.add(LockS2(), joined=True)
    for length in [*range(30), *(rng.randrange(250) for _ in range(20))]:
        console.line.from_host(frame(header, rng.randbytes(length)))
        console.line.from_host(frame(header, bytes(length)))
    home.clock.advance(30)
    assert console.ask(c.SYS.Ping.Req())


def test_no_stream_breaks_it(home: Home, console: Console) -> None:
    rng = Random(0)
    for _ in range(300):
        console.line.from_host(rng.randbytes(rng.randrange(100)))
    console.line.from_host(bytes(256))
    home.clock.advance(30)
    assert console.ask(c.SYS.Ping.Req())


def test_no_message_breaks_a_device() -> None:
    """Random application messages to each kind of device, over the air."""
    home = Home(seed=1, speed=0)
    home.form()
    rng = Random(1)
    console = Console(home)
    console.ask(c.AppConfig.BDBStartCommissioning.Req(Mode=c.app_config.BDBCommissioningMode(4)))
    nodes = [home.add(kind(), joined=True) for kind in (Plug, LockS2, Knob)]
    home.coordinator.endpoints[1] = nodes[0].endpoints[1]
    for node in nodes:
        node.wake(1000)
        for cluster in (0x0000, 0x0004, 0x0006, 0x0010, 0xFCC0):
            for _ in range(100):
                request = data_request(node.nwk, data=rng.randbytes(rng.randrange(12)))
                request = request.replace(ClusterId=t.ClusterId(cluster))
                console.line.from_host(encode(request))
        home.clock.advance(5)
        assert node.joined
