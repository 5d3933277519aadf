"""Beside a running zigpy application, which has no radio here: packets are handed to it as they come.

`tests/zha` has the same beside the whole of ZHA.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, override

import pytest
from zigpy.application import ControllerApplication
from zigpy.device import ZigbeeDevice
import zigpy.endpoint
from zigpy.profiles import zha
import zigpy.state
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.models import DEFINITIONS
from custom_components.aqara_zigbee.core.radio import Node
from custom_components.aqara_zigbee.radio import guest
from custom_components.aqara_zigbee.radio.guest import GuestRadio, extended_pan_id_of
from custom_components.aqara_zigbee.radio.guest_devices import GuestDevices, models_of
from tests.radio.conftest import RecordingListener
from tests.simulator.host import config, until

PLUG, LOCK = "lumi.plug", "lumi.lock.acn02"
ON = bytes.fromhex("187a0a00001001")
"""A report of On/Off that wants no default response."""
WANTS_RESPONSE = bytes.fromhex("087b0a00001001")
ZDO: dict[str, Any] = {
    "src_ep": t.uint8_t(0),
    "dst_ep": t.uint8_t(0),
    "profile_id": t.uint16_t(0),
}
NOWHERE = "00:15:8d:00:09:99:99:99"


class App(ControllerApplication):
    """A zigpy application whose coordinator takes everything.

    Attributes:
        sent: the packets that went out.
    """

    def __init__(self) -> None:
        super().__init__(config("nowhere"))
        self.sent: list[t.ZigbeePacket] = []
        self.state.node_info = zigpy.state.NodeInfo(nwk=t.NWK(0), ieee=_ieee(0), model="Other")

    @override
    async def send_packet(self, packet: t.ZigbeePacket) -> None:
        self.sent.append(packet)

    async def _nothing(self, *_args: Any, **_kwargs: Any) -> None:
        """Not used by the tests."""

    connect = disconnect = start_network = load_network_info = write_network_info = _nothing
    reset_network_info = permit_ncp = permit_with_link_key = add_endpoint = force_remove = _nothing

    def member(
        self, number: int, model: str | None = PLUG, *, kind: str = "Router", finished: bool = True
    ) -> ZigbeeDevice:
        """A device of the network, interviewed or not."""
        device = self.add_device(_ieee(number), t.NWK(number))
        device.model = model
        if finished:
            device.node_desc = _descriptor(zdo_t.LogicalType[kind])
            endpoint = device.add_endpoint(1)
            endpoint.status = zigpy.endpoint.Status.ZDO_INIT
            endpoint.profile_id = zha.PROFILE_ID
            endpoint.device_type = zha.DeviceType.SMART_PLUG
            endpoint.add_input_cluster(6)
        return device

    def hand(
        self, device: ZigbeeDevice | int, frame: bytes, cluster: int = 6, **changes: Any
    ) -> None:
        """Let a packet come in."""
        nwk = device if isinstance(device, int) else device.nwk
        packet = t.ZigbeePacket(
            src=_to(nwk),
            src_ep=t.uint8_t(1),
            dst=_to(0),
            dst_ep=t.uint8_t(1),
            lqi=t.uint8_t(88),
            profile_id=t.uint16_t(0x0104),
            cluster_id=t.uint16_t(cluster),
            data=t.SerializableBytes(frame),
        )
        self.packet_received(packet.replace(**changes))


def _ieee(number: int) -> t.EUI64:
    return t.EUI64.convert(f"00:15:8d:00:00:00:00:{number:02x}")


def _to(nwk: int) -> t.AddrModeAddress:
    return t.AddrModeAddress(addr_mode=t.AddrMode.NWK, address=t.NWK(nwk))


def _group(number: int) -> t.AddrModeAddress:
    return t.AddrModeAddress(addr_mode=t.AddrMode.Group, address=t.Group(number))


def _descriptor(kind: zdo_t.LogicalType) -> zdo_t.NodeDescriptor:
    return zdo_t.NodeDescriptor(kind, 0, 0, 0, 0, 8, 142, 0x115F, 82, 255, 0x2C00, 255, 0)


def announcement(model: str) -> bytes:
    """A report of the Basic cluster with a model identifier."""
    return b"\x18\x01\x0a\x05\x00\x42" + bytes([len(model)]) + model.encode()


@pytest.fixture
async def app() -> AsyncGenerator[App]:
    app = App()
    yield app
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@pytest.fixture
def radio(listener: RecordingListener) -> GuestRadio:
    radio = GuestRadio(DEFINITIONS, lambda ieee: not ieee.endswith("99"))
    radio.set_listener(listener)
    return radio


def states(listener: RecordingListener) -> list[str]:
    """Return the senders of reports."""
    return [ieee for ieee, report in listener.reports if report is not None]


# Attaching and leaving


async def test_application_is_restored(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """Also where another program stands at the same place, before us or after us."""
    radio.detach()
    radio.attach(app)
    radio.detach()
    assert "packet_received" not in vars(app)
    seen: list[t.ZigbeePacket] = []
    inner = app.packet_received

    def before(packet: t.ZigbeePacket) -> None:
        seen.append(packet)
        inner(packet)

    app.packet_received = before  # type: ignore[method-assign]
    radio.attach(app)
    radio.detach()
    assert vars(app)["packet_received"] is before
    radio.attach(app)
    tap = app.packet_received
    app.packet_received = after = lambda packet: tap(packet)  # type: ignore[method-assign] # noqa: PLW0108
    plug = app.member(1)
    radio.detach()
    assert vars(app)["packet_received"] is after
    app.hand(plug, ON)
    assert seen, "packets pass on"
    assert listener.events == [], "and are not read any more"


@pytest.mark.parametrize("place", ["slots", "none"])
async def test_application_without_a_place_is_read_another_way(
    app: App,
    radio: GuestRadio,
    listener: RecordingListener,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    """It is reported once; link quality is missing then."""
    told: list[bool] = []
    radio.on_bypassed = lambda: told.append(True)

    def refuse(*_args: object) -> None:
        raise AttributeError("read-only")

    if place == "slots":
        monkeypatch.setattr(App, "__setattr__", refuse)
    else:
        monkeypatch.setattr(guest, "Tap", refuse)
    plug, other = app.member(1), app.member(2, "virtual.other")
    radio.attach(app)
    assert told == [True]
    app.hand(plug, ON)
    app.hand(other, ON)
    app.hand(other, announcement("virtual.other"), 0)
    assert states(listener) == [str(plug.ieee)]
    assert told == [True]


async def test_sender_is_zigpys(
    app: App, radio: GuestRadio, listener: RecordingListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its address is not looked for a second time, whoever sends."""
    plug, other = app.member(1), app.member(2, "virtual.other")
    radio.attach(app)
    monkeypatch.setattr(
        GuestDevices, "with_address", lambda _, nwk: pytest.fail(f"looked for {nwk}")
    )
    app.hand(other, ON)
    assert states(listener) == []
    app.hand(plug, ON)
    by_ieee = t.AddrModeAddress(addr_mode=t.AddrMode.IEEE, address=plug.ieee)
    app.hand(plug, ON.replace(b"\x7a", b"\x7b"), src=by_ieee)
    assert states(listener) == [str(plug.ieee)] * 2
    plug.nwk = t.NWK(77)
    app.hand(plug, ON.replace(b"\x7a", b"\x7c"))
    assert states(listener) == [str(plug.ieee)] * 3


async def test_packets_that_bypass_the_tap(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """Another zigpy calls something else one day: each frame is read once, either way."""
    told: list[bool] = []
    radio.on_bypassed = lambda: told.append(True)
    plug = app.member(1)
    radio.attach(app)
    app.hand(plug, ON)
    assert (len(states(listener)), told) == (1, [])
    for _ in range(2):
        radio.handle_message(plug, 0x0104, 6, 1, 1, ON.replace(b"\x7a", b"\x7c"))
    assert (len(states(listener)), told) == (2, [True])


async def test_pending_requests_end_with_the_application(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    plug = app.member(1)
    ieee = str(plug.ieee)
    radio.attach(app)
    reading = asyncio.create_task(radio.request(ieee, zcl.ReadAttributes(1, 6, (0,))))
    await until(lambda: app.sent)
    held = asyncio.Event()
    app.send_packet = lambda packet: held.wait()  # type: ignore[method-assign,assignment,return-value]
    app.hand(plug, WANTS_RESPONSE, 0x000C)  # a cluster that zigpy does not know there
    assert len(radio._tasks) == 1
    radio.connection_lost(None)
    with pytest.raises(DeliveryError, match="not connected"):
        await reading
    await until(lambda: not radio._tasks)
    assert ("lost", "the connection was closed") in listener.events
    assert radio.app is None
    for work in (
        radio.request(ieee, zcl.ReadAttributes(1, 6, (0,))),
        radio.permit(60),
        radio.addresses(),
    ):
        with pytest.raises(DeliveryError, match="not running"):
            await work


async def test_coordinator_is_remembered(app: App, radio: GuestRadio) -> None:
    with pytest.raises(DeliveryError):
        _ = radio.coordinator
    radio.attach(app, radio_type="ezsp")
    there = radio.coordinator
    assert (there.model, there.radio_type) == ("Other", "ezsp")
    radio.detach()
    assert radio.coordinator == there


# Our devices


async def test_only_known_models_are_reported(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """No coordinator, no device of another network of ours, and no unknown model."""
    plug = app.member(1, f"{PLUG}\0junk")
    app.member(2, "virtual.other")
    app.member(3, kind="Coordinator")
    app.member(0x99)
    app.member(4, None, finished=False)
    remembered = app.member(5, None, finished=False)
    radio.remembered[str(remembered.ieee)] = LOCK
    radio.attach(app)
    ours = {str(plug.ieee), str(remembered.ieee)}
    assert listener.nodes.keys() == radio.members == ours
    assert listener.nodes[str(remembered.ieee)].model == LOCK
    assert isinstance(listener.nodes[str(plug.ieee)], Node)


async def test_identity_of_the_network(app: App) -> None:
    app.state.network_info.extended_pan_id = t.ExtendedPanId(_ieee(7))
    assert extended_pan_id_of(app) == str(_ieee(7))
    app.member(1, f"{PLUG}\0junk")
    app.member(2, None)
    assert models_of(app) == {str(_ieee(1)): PLUG}


async def test_addresses_are_zigpys(app: App, radio: GuestRadio) -> None:
    plug, other = app.member(1), app.member(2, "virtual.other")
    radio.attach(app)
    assert await radio.addresses() == {str(plug.ieee): 1, str(other.ieee): 2}


async def test_last_seen(app: App, radio: GuestRadio) -> None:
    plug = app.member(1)
    radio.attach(app)
    assert radio.last_seen(str(plug.ieee)) is None
    app.hand(plug, ON)
    assert radio.last_seen(str(plug.ieee)) is not None
    assert radio.last_seen(NOWHERE) is None
    app.devices.clear()
    assert radio.last_seen(str(plug.ieee)) is None


async def test_removed_device(app: App, radio: GuestRadio) -> None:
    """ZHA has removed it, without an event here."""
    plug = app.member(1)
    ieee = str(plug.ieee)
    radio.attach(app)
    app.devices.clear()
    for address in (ieee, NOWHERE):
        with pytest.raises(DeliveryError, match="not on the network"):
            await radio.request(address, zcl.ReadAttributes(1, 6, (0,)))


@pytest.mark.parametrize(
    ("model", "kind", "is_taken_in"),
    [
        (LOCK, "EndDevice", True),
        (PLUG, "Router", False),  # it listens, so its interview will end
        ("virtual.other", "EndDevice", False),
        ("", "EndDevice", False),
    ],
)
async def test_sleepy_device_is_accepted_by_its_reported_model(
    app: App,
    radio: GuestRadio,
    listener: RecordingListener,
    model: str,
    kind: str,
    is_taken_in: bool,
) -> None:
    device = app.member(1, None, finished=False)
    radio.attach(app)
    for sender in (device, 77):
        app.hand(sender, announcement(model), 0)
    assert (("interviewed", str(device.ieee)) in listener.events) is is_taken_in
    assert radio.members == ({str(device.ieee)} if is_taken_in else set())


async def test_sleepy_device_of_another_network_is_ignored(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    app.member(0x99, None, finished=False)
    radio.attach(app)
    app.hand(0x99, announcement(LOCK), 0)
    assert listener.events == []


# What is read


@pytest.mark.parametrize(
    ("group", "reporter"),
    [(2, 2), (1, None), (0x7777, None)],
    ids=["child", "itself", "unknown"],
)
async def test_frames_of_a_routers_child(
    app: App, radio: GuestRadio, listener: RecordingListener, group: int, reporter: int | None
) -> None:
    """It is the child's; without one it is no device's state, but the router is available."""
    router, _child = app.member(1), app.member(2, LOCK)
    radio.attach(app)
    listener.events.clear()
    app.hand(router, ON, dst=_group(group))
    assert states(listener) == ([str(_ieee(reporter))] if reporter else [])
    assert [ieee for what, ieee in listener.events if what == "received"] == [
        str(_ieee(reporter or 1))
    ]


async def test_frames_of_an_unknown_routers_child(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    router, child = app.member(1, "virtual.router"), app.member(2, LOCK)
    radio.attach(app)
    app.hand(router, ON, dst=_group(2))
    assert states(listener) == [str(child.ieee)]
    app.hand(router, ON, dst=_group(0x7777))
    app.hand(0x77, ON, dst=_group(2))
    assert states(listener) == [str(child.ieee)], "nobody knows whether that is a router"


async def test_lock_that_claims_to_be_a_router(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """Its groupcasts are its own."""
    lock, _plug = app.member(1, LOCK), app.member(2)
    radio.attach(app)
    app.hand(lock, ON, dst=_group(2))
    assert states(listener) == [str(lock.ieee)]


async def test_sender_by_its_ieee_address(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """As deCONZ reports it; one without an address has no device."""
    plug, other = app.member(1), app.member(2, "virtual.other")
    radio.attach(app)
    for device in (plug, other):
        address = t.AddrModeAddress(addr_mode=t.AddrMode.IEEE, address=device.ieee)
        app.hand(device, ON, src=address)
    assert states(listener) == [str(plug.ieee)]
    radio.packet_received(t.ZigbeePacket(dst=_to(0), cluster_id=t.uint16_t(0)))
    assert states(listener) == [str(plug.ieee)]


async def test_frames_that_report_nothing(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """A truncated one, a command, one of another profile: the device is seen, or not even that."""
    plug = app.member(1)
    radio.attach(app)
    for frame in (b"", b"\x18", bytes.fromhex("090102")):
        with suppress(ValueError):  # zigpy fails with what is no frame
            app.hand(plug, frame)
    assert listener.frames == [None, None, None]
    app.hand(plug, ON, profile_id=t.uint16_t(0xC05E))
    assert len(listener.frames) == 3


@pytest.mark.parametrize(
    ("cluster", "changes", "count"),
    [
        (0x000C, {}, 1),
        (6, {}, 1),
        (0x000C, {"dst": _group(1)}, 0),
        (6, {"data": t.SerializableBytes(ON)}, 0),
        (6, {"data": t.SerializableBytes(WANTS_RESPONSE[:-2])}, 1),
        (6, {"src_ep": t.uint8_t(2)}, 1),
        (6, {"data": t.SerializableBytes(b"\x08")}, 0),
    ],
    ids=[
        "cluster is unknown",
        "zigpy answers",
        "to a group",
        "unwanted",
        "cut short",
        "endpoint is unknown",
        "no frame",
    ],
)
async def test_report_is_answered_once(
    app: App, radio: GuestRadio, cluster: int, changes: dict[str, Any], count: int
) -> None:
    """By zigpy if it reads the frame, by us if not."""
    plug = app.member(1)
    radio.attach(app)
    with suppress(ValueError):
        app.hand(plug, WANTS_RESPONSE, cluster, **changes)
    await asyncio.sleep(0.05)
    assert responses(app) == count


def responses(app: App) -> int:
    """Return the number of default responses."""
    return sum(packet.data.serialize()[2:3] == b"\x0b" for packet in app.sent)


async def test_report_is_answered_while_zigpy_still_interviews(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """Of what is not Basic, zigpy reads nothing before it knows all endpoints."""
    plug = app.member(1)
    radio.attach(app)
    plug.add_endpoint(2)
    plug._initialize_task = asyncio.create_task(asyncio.sleep(60))
    app.hand(plug, WANTS_RESPONSE)
    await asyncio.sleep(0.05)
    assert (responses(app), len(states(listener))) == (1, 1)


async def test_joins_are_permitted_through_one_router(app: App, radio: GuestRadio) -> None:
    plug = app.member(1)
    radio.attach(app)
    opening = asyncio.create_task(radio.permit(60, str(plug.ieee)))
    await until(lambda: app.sent)
    (asked,) = app.sent
    assert asked.cluster_id == zdo_t.ZDOCmd.Mgmt_Permit_Joining_req
    answer = asked.data.serialize()[:1] + b"\x00"
    app.hand(plug, answer, int(zdo_t.ZDOCmd.Mgmt_Permit_Joining_rsp), **ZDO)
    await opening


async def test_own_errors_do_not_affect_zigpy(
    app: App, radio: GuestRadio, listener: RecordingListener, caplog: pytest.LogCaptureFixture
) -> None:
    plug = app.member(1)
    radio.attach(app)
    listener.fails_at.add("received")
    app.hand(plug, ON)
    assert plug.last_seen is not None
    assert "packet_received failed" in caplog.text


# Joining and leaving


async def test_device_announces_itself(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    plug = app.member(1)
    radio.attach(app)
    frame = b"\x01" + t.NWK(1).serialize() + plug.ieee.serialize() + b"\x8e"
    app.hand(plug, frame, int(zdo_t.ZDOCmd.Device_annce), **ZDO)
    assert ("joined", str(plug.ieee)) in listener.events
    before = len(listener.events)
    app.hand(plug, frame, int(zdo_t.ZDOCmd.NWK_addr_rsp), **ZDO)
    assert len(listener.events) == before


async def test_events_of_zigpy(app: App, radio: GuestRadio, listener: RecordingListener) -> None:
    """Of a device of ours, and of one that is not."""
    radio.attach(app)
    plug, other = app.member(1), app.member(2, "virtual.other")
    ieee = str(plug.ieee)
    for device in (plug, other):
        radio.device_initialized(device)
        radio.device_joined(device)
        radio.device_initialized(device)
        radio.device_reinterviewed(device)
        radio.device_left(device)
        radio.device_removed(device)
        radio.device_removed(device)
    assert listener.events == [
        ("interviewed", ieee),
        ("rejoined", ieee),
        ("interviewed", ieee),
        ("left", ieee),
        ("removed", ieee),
    ]
    assert radio.members == frozenset()
    assert ieee not in radio.remembered


async def test_sleepy_device_without_zigpys_record_joins_again(
    app: App, radio: GuestRadio, listener: RecordingListener
) -> None:
    """Its interview never ended, so zigpy has not kept it; we have."""
    radio.attach(app)
    stranger, lock = (app.member(number, None, finished=False) for number in (1, 2))
    radio.remembered[str(lock.ieee)] = LOCK
    for device in (stranger, lock):
        radio.device_joined(device)
    assert listener.events == [("rejoined", str(lock.ieee))]
    assert radio.members == {str(lock.ieee)}
    app.devices.clear()
    radio.attach(app)
    assert radio.members == {str(lock.ieee)}, "it comes back with its next frame"
    radio.forget(str(lock.ieee))
    assert radio.remembered == {}


# Interviews


@pytest.mark.parametrize("has_own_way", [True, False])
async def test_interview(
    app: App, radio: GuestRadio, monkeypatch: pytest.MonkeyPatch, has_own_way: bool
) -> None:
    """ZHA's way where it has one, else zigpy's. Another object afterwards means that it answered."""
    plug = app.member(1)
    ieee = str(plug.ieee)
    ways: list[str] = []

    async def theirs(ieee: t.EUI64) -> None:
        assert ieee == plug.ieee
        ways.append("theirs")
        app.member(1)

    async def zigpys(device: ZigbeeDevice) -> None:
        ways.append("zigpy's")
        app.member(1)

    monkeypatch.setattr(ZigbeeDevice, "reinterview", zigpys)
    radio.attach(app, theirs if has_own_way else None)
    await radio.interview(ieee)
    assert ways == ["theirs" if has_own_way else "zigpy's"]


async def test_interview_without_an_answer(app: App, radio: GuestRadio) -> None:
    plug = app.member(1)

    async def silence(_ieee: t.EUI64) -> None:
        """Never answer."""

    radio.attach(app, silence)
    with pytest.raises(DeliveryError, match="does not respond"):
        await radio.interview(str(plug.ieee))


async def test_no_address_search_on_another_programs_network(
    app: App, radio: GuestRadio, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug = app.member(1)
    radio.attach(app)

    async def fail(_device: ZigbeeDevice, *_args: Any, **_kwargs: Any) -> None:
        raise zigpy.exceptions.DeliveryError("no acknowledgement", 0xE9)

    monkeypatch.setattr(ZigbeeDevice, "request", fail)
    with pytest.raises(DeliveryError):
        await radio.request(str(plug.ieee), zcl.ReadAttributes(1, 6, (0,)))
    assert app.sent == []
