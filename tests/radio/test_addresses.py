"""Network addresses: their devices, lost ones, and changed ones."""

import asyncio
from contextlib import closing
from pathlib import Path
import sqlite3

import pytest
import zigpy.types as t

from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.radio import addresses
from custom_components.aqara_zigbee.radio.adapter import ZigpyRadio
from custom_components.aqara_zigbee.radio.addresses import is_device_address
from custom_components.aqara_zigbee.radio.joiners import RateLimit
from custom_components.aqara_zigbee.simulator import Home, LockS2, Plug, Relay, zdo
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.node import Node
from tests.radio.conftest import RecordingListener
from tests.simulator.host import settle, until

OFF = zcl.Command(1, zcl.Cluster.ON_OFF, 0x00)
ON = zcl.Command(1, zcl.Cluster.ON_OFF, 0x01)
TOGGLE = zcl.Command(1, zcl.Cluster.ON_OFF, 0x02, repeatable=False)
UNKNOWN = 0xFFFE


async def pair(home: Home, radio: ZigpyRadio, listener: RecordingListener, node: Node) -> None:
    """Let a device join, and wait until it is known."""
    home.add(node)
    await radio.permit(60)
    home.network.search(node)
    await until(lambda: ("interviewed", node.ieee) in listener.events)


def move(node: Node, nwk: int) -> None:
    """Give a device another network address, without a message."""
    node.network.enrol(node, node.parent, nwk=nwk)


def report(node: Node, number: int, *, on: bool) -> None:
    """Report genOnOff on endpoint 1."""
    frame = bytes((0x18, number, 0x0A, 0, 0, 0x10, on))
    node.network.uplink(node, Message(zcl.Cluster.ON_OFF, 1, 1, frame))


def senders(listener: RecordingListener) -> list[str]:
    """Return the senders of genOnOff reports."""
    return [who for who, said in listener.reports if said and said.cluster == zcl.Cluster.ON_OFF]


@pytest.fixture
async def relay(home: Home, radio: ZigpyRadio, listener: RecordingListener, plug: Plug) -> Relay:
    """A relay beside the plug."""
    relay = Relay()
    await pair(home, radio, listener, relay)
    return relay


def take_address(taker: Node, former: Node) -> int:
    """A device announces itself under the network address of another one, which has no power.

    Returns:
        The address.
    """
    nwk = former.nwk
    former.power_off()
    move(taker, nwk)
    taker.announce()
    return nwk


def clusters(node: Node) -> set[int]:
    """The clusters of the frames that a device received; answers to its own questions among them."""
    return {each.cluster for each in node.received_frames}


async def test_an_address_belongs_to_the_last_device_that_announced_it(
    radio: ZigpyRadio, listener: RecordingListener, plug: Plug, relay: Relay
) -> None:
    take_address(relay, plug)
    await until(lambda: listener.nwk.get(plug.ieee) == UNKNOWN)
    listener.reports.clear()
    report(relay, 200, on=True)
    await until(lambda: senders(listener))
    assert senders(listener) == [relay.ieee]
    relay.received_frames.clear()
    with pytest.raises(DeliveryError, match="address is not known"):
        await radio.request(plug.ieee, ON)
    assert zcl.Cluster.ON_OFF not in clusters(relay), "the command went to somebody else"
    await radio.request(relay.ieee, ON)
    assert zcl.Cluster.ON_OFF in clusters(relay)


async def test_a_device_without_address_gets_one_with_its_next_frame(
    radio: ZigpyRadio, listener: RecordingListener, plug: Plug, relay: Relay
) -> None:
    take_address(relay, plug)
    await until(lambda: listener.nwk.get(plug.ieee) == UNKNOWN)
    plug.powered = True
    move(plug, 0x1234)
    report(plug, 200, on=True)
    await until(lambda: listener.nwk[plug.ieee] == 0x1234)
    listener.reports.clear()
    report(plug, 201, on=False)
    await until(lambda: senders(listener))
    assert senders(listener) == [plug.ieee]
    await radio.request(plug.ieee, ON)
    assert plug.on[0]


async def test_a_device_without_address_is_found_by_a_command(
    radio: ZigpyRadio, listener: RecordingListener, plug: Plug, relay: Relay
) -> None:
    take_address(relay, plug)
    await until(lambda: listener.nwk.get(plug.ieee) == UNKNOWN)
    plug.powered = True
    move(plug, 0x1234)
    await radio.request(plug.ieee, TOGGLE)
    assert plug.on[0]


def claim(sender: Node, nwk: int, ieee: bytes) -> None:
    """Announce a device, in a frame of another one."""
    payload = b"\1" + nwk.to_bytes(2, "little") + ieee + b"\x8e"
    message = Message(zdo.ZdoCommand.DEVICE_ANNCE, 0, 0, payload)
    sender.network.hub.deliver(sender, sender.nwk, message, group=0, broadcast=True)


async def test_a_missing_device_keeps_no_address(
    radio: ZigpyRadio, listener: RecordingListener, plug: Plug
) -> None:
    """A known device whose address another one announced has it again with its next frame."""
    claim(plug, plug.nwk, bytes(range(8)))
    await until(lambda: listener.nwk.get(plug.ieee) == UNKNOWN)
    listener.reports.clear()
    for number in range(100):
        report(plug, number, on=True)
        await asyncio.sleep(0.1)
        if senders(listener):
            break
    assert senders(listener) == [plug.ieee]
    await radio.request(plug.ieee, ON)
    assert plug.on[0]


async def test_no_address_from_another_devices_frame(
    radio: ZigpyRadio, listener: RecordingListener, plug: Plug, relay: Relay
) -> None:
    """Neither from an announcement nor from an unrequested response."""
    claim(plug, 0x4321, relay.ieee_bytes)
    claim(plug, relay.nwk, plug.ieee_bytes)
    for cluster in (zdo.ZdoCommand.NWK_ADDR, zdo.ZdoCommand.IEEE_ADDR):
        data = b"\1\0" + relay.ieee_bytes + (0x4321).to_bytes(2, "little")
        plug.network.uplink(plug, Message(cluster | zdo.RESPONSE, 0, 0, data))
    listener.reports.clear()
    report(relay, 201, on=False)
    await until(lambda: senders(listener))
    assert senders(listener) == [relay.ieee]
    assert relay.ieee not in listener.nwk


@pytest.fixture
async def stored(stored: ZigpyRadio) -> ZigpyRadio:
    """A radio with a database, started."""
    await stored.start()
    return stored


async def test_a_lost_address_stays_lost_after_a_restart(
    home: Home, stored: ZigpyRadio, listener: RecordingListener
) -> None:
    plug, relay = Plug(), Relay()
    await pair(home, stored, listener, plug)
    await pair(home, stored, listener, relay)
    take_address(relay, plug)
    await until(lambda: listener.nwk.get(plug.ieee) == UNKNOWN)
    await stored.stop()
    await stored.start()
    listener.reports.clear()
    report(relay, 200, on=True)
    await until(lambda: senders(listener))
    assert senders(listener) == [relay.ieee]
    with pytest.raises(DeliveryError, match="address is not known"):
        await stored.request(plug.ieee, ON)


@pytest.mark.parametrize("is_first", [True, False])
async def test_the_last_seen_device_of_a_database_has_the_address(
    home: Home, stored: ZigpyRadio, listener: RecordingListener, tmp_path: Path, *, is_first: bool
) -> None:
    nodes = [Plug(), Plug()]
    for node in nodes:
        await pair(home, stored, listener, node)
    await stored.stop()
    dead, living = nodes if is_first else reversed(nodes)
    dead.power_off()
    with closing(sqlite3.connect(tmp_path / "zigbee.db")) as database, database:
        (table,) = database.execute(
            "SELECT name FROM sqlite_master WHERE name GLOB 'devices_v[0-9]*'"
        ).fetchone()
        database.execute(
            f"UPDATE {table} SET nwk = ?, last_seen = last_seen - 9999 WHERE ieee = ?",
            (living.nwk, dead.ieee),
        )
    await stored.start()
    listener.reports.clear()
    report(living, 200, on=True)
    await until(lambda: senders(listener))
    assert senders(listener) == [living.ieee]


@pytest.mark.parametrize("kind", [Plug, LockS2])
async def test_an_unknown_sender_is_identified(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, kind: type[Node]
) -> None:
    """Its address changed unnoticed. A sleepy device does not receive broadcasts."""
    await radio.start()
    node = kind()
    await pair(home, radio, listener, node)
    listener.events.clear()
    move(node, 0x2345)
    node.awake_until = 0.0
    report(node, 200, on=True)
    await until(lambda: listener.nwk.get(node.ieee) == 0x2345)
    listener.reports.clear()
    report(node, 201, on=True)
    await until(lambda: senders(listener))
    assert senders(listener) == [node.ieee]
    assert ("interviewed", node.ieee) not in listener.events, "it did not join, it was found"


async def test_requests_to_unknown_senders_are_limited(
    home: Home, radio: ZigpyRadio, listener: RecordingListener
) -> None:
    """A device without an answer that reports repeatedly is rarely requested."""
    await radio.start()
    plug = Plug()
    await pair(home, radio, listener, plug)
    asked: list[int] = []
    home.faults.mute(plug)
    move(plug, 0x2345)
    unicast = home.network.unicast

    def count(nwk: int, message: Message, **how: object) -> None:
        if message.cluster == zdo.ZdoCommand.IEEE_ADDR:
            asked.append(nwk)
        unicast(nwk, message, **how)  # type: ignore[arg-type]

    home.network.unicast = count  # type: ignore[method-assign]
    for number in range(30):
        report(plug, 100 + number, on=True)
    await until(lambda: asked)
    await settle()
    assert asked == [0x2345]


async def test_an_unknown_sender_is_logged_once(
    home: Home,
    radio: ZigpyRadio,
    listener: RecordingListener,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In an hour; and it is asked who it is all the same."""
    await radio.start()
    plug = Plug()
    await pair(home, radio, listener, plug)
    app = radio._app
    assert app is not None
    asked: list[int] = []

    async def count(nwk: int) -> None:
        asked.append(nwk)

    monkeypatch.setattr(app, "_discover_unknown_device", count)
    move(plug, 0x2345)
    for number in range(30):
        report(plug, 100 + number, on=True)
    await until(lambda: len(asked) >= 30)
    app.handle_relays(t.NWK(0x2345), [])
    assert logged(caplog) == 1
    for _ in range(2):
        app.handle_relays(t.NWK(0x3456), [])
    await until(lambda: asked.count(0x3456) == 2)
    assert logged(caplog) == 2
    app._logged = RateLimit(3600, 64)  # as after an hour
    report(plug, 200, on=True)
    await until(lambda: logged(caplog) == 3)


async def test_many_unknown_senders_are_not_all_logged(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, caplog: pytest.LogCaptureFixture
) -> None:
    await radio.start()
    plug = Plug()
    await pair(home, radio, listener, plug)
    app = radio._app
    assert app is not None
    app._logged = RateLimit(3600, 3)
    for number in range(6):
        app.handle_relays(t.NWK(0x1000 + number), [])
    assert logged(caplog) == 3
    listener.reports.clear()
    report(plug, 200, on=True)
    await until(lambda: senders(listener))
    assert senders(listener) == [plug.ieee], "those that are known are heard"


def logged(caplog: pytest.LogCaptureFixture) -> int:
    """Return the number of log entries about frames of an unknown address."""
    texts = ("Unknown device", "Received relays from an unknown device")
    return sum(record.message.startswith(texts) for record in caplog.records)


@pytest.mark.parametrize("command", [ON, TOGGLE])
async def test_a_router_with_a_new_address_is_found_by_a_command(
    radio: ZigpyRadio, listener: RecordingListener, plug: Plug, command: zcl.Command
) -> None:
    move(plug, 0x3456)
    await radio.request(plug.ieee, command)
    assert plug.on[0]
    assert listener.nwk[plug.ieee] == 0x3456


@pytest.mark.parametrize("status", [0xE9, 0xCD, 0xB7])
async def test_an_undelivered_command_is_repeated(
    home: Home, radio: ZigpyRadio, plug: Plug, status: int
) -> None:
    home.faults.confirm(status, node=plug, times=3)
    await radio.request(plug.ieee, ON)
    assert plug.on[0]


async def test_a_toggle_is_not_repeated_where_it_may_have_arrived(
    home: Home, radio: ZigpyRadio, plug: Plug
) -> None:
    await settle()  # nothing else is to be sent to it
    home.faults.confirm(0xE9, node=plug, times=1)
    with pytest.raises(DeliveryError):
        await radio.request(plug.ieee, TOGGLE)


async def test_searches_for_a_dead_device_are_limited(
    home: Home, radio: ZigpyRadio, plug: Plug, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []
    broadcast = home.network.broadcast

    def count(reach: int, message: Message) -> None:
        if message.cluster == zdo.ZdoCommand.NWK_ADDR:
            searched.append(reach)
        broadcast(reach, message)

    home.network.broadcast = count  # type: ignore[method-assign]
    monkeypatch.setattr(addresses, "_SEARCH_SECONDS", 0.05)
    plug.power_off()
    for _ in range(3):
        with pytest.raises(DeliveryError):
            await radio.request(plug.ieee, ON)
    assert len(searched) == 1


async def test_invalid_announcements_are_ignored(
    home: Home, radio: ZigpyRadio, listener: RecordingListener, plug: Plug
) -> None:
    """The coordinator's own address, broadcast addresses, and IEEE addresses that no device has."""
    before = len(listener.events)
    own = bytes(home.coordinator.ieee_bytes)
    for nwk, ieee in [(0, plug.ieee_bytes), (0xFFFD, plug.ieee_bytes), (0x1111, own)]:
        body = nwk.to_bytes(2, "little") + ieee + b"\x8e"
        plug.network.uplink(plug, Message.zdo(zdo.ZdoCommand.DEVICE_ANNCE, 0, body), broadcast=True)
    for ieee in (bytes(8), b"\xff" * 8):
        body = (0x1112).to_bytes(2, "little") + ieee + b"\x8e"
        plug.network.uplink(plug, Message.zdo(zdo.ZdoCommand.DEVICE_ANNCE, 0, body), broadcast=True)
    report(plug, 200, on=True)
    await until(lambda: senders(listener))
    assert not [each for each in listener.events[before:] if each[0] == "readdressed"]
    assert {who for _, who in listener.events if who.count(":") == 7} == {plug.ieee}
    await radio.request(plug.ieee, OFF)
    assert radio.identity is not None


def test_addresses_of_devices() -> None:
    assert [nwk for nwk in (0, 1, 0xFFF7, 0xFFF8, UNKNOWN, 0xFFFF) if is_device_address(nwk)] == [
        1,
        0xFFF7,
    ]


def test_rate_limit() -> None:
    limit = RateLimit(10.0, 2)
    assert limit.allows("a", 0.0)
    assert not limit.allows("a", 9.0)
    assert limit.allows("b", 9.0)
    assert not limit.allows("c", 9.5), "too many at once"
    assert limit.allows("c", 10.0)
    assert not limit.allows("b", 18.0)
    assert limit.would_allow("d", 20.0)
    assert limit.allows("d", 20.0)
    assert not limit.would_allow("d", 21.0)
