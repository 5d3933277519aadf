"""Delivery of messages: sleep, parents, routes, replays, echoes."""

import pytest

from custom_components.aqara_zigbee.simulator import Delivery, Knob, LockS2, Plug, Relay, zdo
from custom_components.aqara_zigbee.simulator.air import INDIRECT
from custom_components.aqara_zigbee.simulator.hub import Identity
from custom_components.aqara_zigbee.simulator.member import NOWHERE, Member
from custom_components.aqara_zigbee.simulator.message import Message
from custom_components.aqara_zigbee.simulator.zcl import Frame, General

from .bench import Bench

READ = Message(0x0000, 1, 1, Frame(General.READ, b"\x05\x00", 1).serialize())


def send(bench: Bench, nwk: int, seconds: float = 1, *, acked: bool = False) -> list[int]:
    """Send a read; return the confirmations."""
    went: list[int] = []
    bench.network.unicast(nwk, READ, acked=acked, confirm=went.append)
    bench.wait(seconds)
    return went


def answered(bench: Bench) -> int:
    count = len([each for each in bench.said if each.cluster == 0 and each.data[2] == 0x01])
    bench.said.clear()
    return count


# -- Awake devices -------------------------------------------------------------------------------


@pytest.mark.parametrize("acked", [False, True])
def test_delivery(bench: Bench, acked: bool) -> None:
    plug = bench.add(Plug())
    assert send(bench, plug.nwk, acked=acked) == [Delivery.SUCCESS]
    assert answered(bench) == 1


def test_unknown_address(bench: Bench) -> None:
    assert send(bench, 0x4711) == [Delivery.NWK_NO_ROUTE]


def test_neighbor_without_power(bench: Bench) -> None:
    plug = bench.add(Plug())
    plug.power_off()
    assert send(bench, plug.nwk) == [Delivery.MAC_NO_ACK]


def test_behind_a_router(bench: Bench) -> None:
    plug = bench.add(Plug())
    relay = bench.add(Relay(), parent=plug)
    assert send(bench, relay.nwk, acked=True) == [Delivery.SUCCESS]
    assert answered(bench) == 1
    relay.power_off()
    assert send(bench, relay.nwk) == [Delivery.SUCCESS]  # the only status known of the next hop
    assert send(bench, relay.nwk, acked=True) == [Delivery.APS_NO_ACK]
    plug.power_off()
    assert send(bench, relay.nwk) == [Delivery.MAC_NO_ACK]
    relay.power_on()
    relay.press()
    assert answered(bench) == 0
    assert bench.frames() == []  # its router has no power


def test_wrong_network_receives_nothing(bench: Bench) -> None:
    plug = bench.add(Plug())
    bench.identity = Identity(b"extended", b"another key 1234")
    assert send(bench, plug.nwk) == [Delivery.NWK_NO_ROUTE]
    plug.press()
    assert bench.frames() == []
    bench.identity = None
    plug.press()
    assert bench.frames() == []


def test_replays_are_ignored(bench: Bench) -> None:
    """The reason why a restored coordinator continues above its old frame counter."""
    plug = bench.add(Plug())
    plug.counter = 100
    assert send(bench, plug.nwk) == [Delivery.SUCCESS]
    assert answered(bench) == 0
    bench._counter = 101
    send(bench, plug.nwk)
    assert answered(bench) == 1


def test_change_of_channel(bench: Bench) -> None:
    plug, relay, lock = bench.add(Plug()), bench.add(Relay()), bench.add(LockS2())
    relay.power_off()
    body = (1 << 20).to_bytes(4, "little") + bytes([zdo.CHANGE_CHANNEL, 0])
    order = Message.zdo(zdo.ZdoCommand.MGMT_NWK_UPDATE, 1, body)
    bench.network.broadcast(zdo.BROADCAST_ALL, order)
    bench.wait()
    bench.channel = 20
    relay.power_on()
    assert (plug.channel, relay.channel, lock.channel) == (20, 15, 15)
    assert send(bench, relay.nwk) == [Delivery.MAC_NO_ACK]
    relay.press()  # it searches its network before it sends
    lock.ring()
    bench.wait()
    assert (relay.channel, lock.channel) == (20, 20)
    assert send(bench, relay.nwk) == [Delivery.SUCCESS]


# -- Sleeping devices ----------------------------------------------------------------------------


def test_sleeping_child(bench: Bench) -> None:
    lock = bench.add(LockS2())
    assert send(bench, lock.nwk, INDIRECT - 0.1) == []
    bench.wait(0.2)
    assert answered(bench) == 0
    lock.ring()
    bench.wait()
    assert answered(bench) == 0  # expired messages are not delivered
    assert lock.awake
    assert send(bench, lock.nwk, 0.1) == [Delivery.SUCCESS]
    assert answered(bench) == 1


def test_expiry(bench: Bench) -> None:
    knob = bench.add(Knob())
    assert send(bench, knob.nwk, INDIRECT + 0.1) == [Delivery.MAC_TRANSACTION_EXPIRED]


def test_awake_window(bench: Bench) -> None:
    knob = bench.add(Knob())
    knob.mode = 1
    knob.press()
    awake = []
    for _ in range(2):
        bench.wait(1.1)
        awake.append(knob.awake)
    assert awake == [True, False]
    knob.listens_for = 5
    knob.press()
    bench.wait(4.9)
    send(bench, knob.nwk, 1)  # receiving keeps it awake
    bench.wait(3.5)
    assert knob.awake


def test_parent_delivers_held_messages(bench: Bench) -> None:
    knob = bench.add(Knob())
    first, second = send(bench, knob.nwk, 3), send(bench, knob.nwk, 3)
    assert first == second == []
    knob.wake()
    bench.wait()
    assert answered(bench) == 2
    assert first == second == [Delivery.SUCCESS]


def test_sleeper_behind_a_router(bench: Bench) -> None:
    plug = bench.add(Plug())
    knob = bench.add(Knob(), parent=plug)
    assert knob.ieee not in bench.network.children
    assert send(bench, knob.nwk, 0.1) == [Delivery.SUCCESS]
    knob.wake()
    bench.wait()
    assert answered(bench) == 1
    bench.wait(10)
    assert send(bench, knob.nwk, 8, acked=True) == [Delivery.APS_NO_ACK]
    plug.power_off()
    assert send(bench, knob.nwk) == [Delivery.MAC_NO_ACK]


def test_sleeper_that_moved_silently(bench: Bench) -> None:
    """The case that zigpy-znp repairs with UTIL.AssocRemove and a route discovery."""
    plug, knob = bench.add(Plug()), bench.add(Knob())
    bench.network.move(knob, plug)
    knob.wake(60)
    assert send(bench, knob.nwk, 8) == [Delivery.MAC_TRANSACTION_EXPIRED]
    bench.network.children.discard(knob.ieee)
    assert send(bench, knob.nwk) == [Delivery.SUCCESS]
    assert answered(bench) == 1


def test_child_removed_by_the_coordinator(bench: Bench) -> None:
    lock = bench.add(LockS2())
    bench.network.children.discard(lock.ieee)
    assert send(bench, lock.nwk) == [Delivery.NWK_NO_ROUTE]
    lock.ring()  # a parent accepts a child again
    bench.wait(0.05)
    assert send(bench, lock.nwk, 0.1) == [Delivery.SUCCESS]


def test_broadcasts(bench: Bench) -> None:
    plug, lock = bench.add(Plug()), bench.add(LockS2())
    body = b"\x3c\x00"
    order = Message.zdo(zdo.ZdoCommand.MGMT_PERMIT_JOINING, 1, body)
    bench.network.broadcast(zdo.BROADCAST_ROUTERS, order)
    bench.wait()
    assert plug.permits_until > 0
    assert lock.permits_until == 0
    assert bench.said == []  # broadcasts are not answered


# -- Joining and leaving -------------------------------------------------------------------------


def test_joining(bench: Bench) -> None:
    bench.is_open = False
    plug = Plug(ieee="00:15:8d:00:00:00:00:01")
    bench.network.add(plug)
    assert plug.nwk == NOWHERE
    assert not plug.join()
    bench.is_open = True
    assert plug.join()
    bench.wait(3)
    assert bench.arrivals == [plug]
    clusters = [each.cluster for each in bench.said]
    assert clusters == [zdo.ZdoCommand.DEVICE_ANNCE, 0x0000, 0x0000]
    annce = bench.said[0].data
    assert annce[1:] == plug.nwk.to_bytes(2, "little") + plug.ieee_bytes + b"\x8e"
    assert bench.said[1].data.hex() == "18010a050042096c756d692e706c7567010020" + "5a"


def test_no_power_no_join(bench: Bench) -> None:
    plug = Plug(ieee="00:15:8d:00:00:00:00:01")
    bench.network.add(plug)
    plug.power_off()
    assert not plug.join()


def test_pairing_waits_for_an_open_network(bench: Bench) -> None:
    bench.is_open = False
    plug, relay = (Plug(ieee="00:15:8d:00:00:00:00:01"), Relay(ieee="00:15:8d:00:00:00:00:02"))
    for node in (plug, relay):
        bench.network.add(node)
        assert not node.pair()
    bench.wait(30)
    bench.is_open = True
    bench.network.opened()
    assert plug.joined
    relay.leave()
    bench.is_open = False
    assert not relay.pair()
    bench.wait(61)
    bench.is_open = True
    bench.network.opened()
    assert not relay.joined


def test_longer_pairing_window(bench: Bench) -> None:
    plug = Plug(ieee="00:15:8d:00:00:00:00:01")
    bench.network.add(plug)
    bench.is_open = False
    assert not bench.network.search(plug, patience=600)
    bench.wait(599)
    bench.is_open = True
    bench.network.opened()
    assert plug.joined


def test_joining_through_a_router(bench: Bench) -> None:
    plug = bench.add(Plug())
    lock = LockS2(ieee="00:15:8d:00:00:00:00:99")
    bench.network.add(lock)
    assert not lock.join(plug)
    body = b"\x3c\x00"
    bench.network.unicast(plug.nwk, Message.zdo(zdo.ZdoCommand.MGMT_PERMIT_JOINING, 1, body))
    bench.wait()
    assert lock.join(plug)
    assert lock.parent is plug
    bench.wait(70)
    knob = Knob(ieee="00:15:8d:00:00:00:00:98")
    bench.network.add(knob)
    assert not knob.join(plug)


def test_leaving(bench: Bench) -> None:
    plug = bench.add(Plug())
    nwk = plug.nwk
    plug.leave()
    bench.wait()
    assert bench.departures == [(plug.ieee, nwk, False)]
    assert not plug.joined
    plug.press()
    assert bench.frames() == []


def test_leave_request(bench: Bench) -> None:
    plug, relay = bench.add(Plug()), bench.add(Relay())
    for node, options in ((plug, 0x00), (relay, 0x80)):
        body = node.ieee_bytes + bytes([options])
        bench.network.unicast(node.nwk, Message.zdo(zdo.ZdoCommand.MGMT_LEAVE, 1, body))
    bench.wait()
    assert [each.data for each in bench.said if each.cluster == 0x8034] == [b"\x01\0"] * 2
    assert not plug.joined
    assert [rejoin for *_, rejoin in bench.departures] == [False, True]
    bench.wait(3)
    assert relay.joined
    assert bench.arrivals == [relay]


def test_router_removes_its_child(bench: Bench) -> None:
    plug = bench.add(Plug())
    lock = bench.add(LockS2(), parent=plug)
    body = lock.ieee_bytes + b"\0"
    bench.network.unicast(plug.nwk, Message.zdo(zdo.ZdoCommand.MGMT_LEAVE, 1, body))
    bench.wait()
    assert lock.joined
    lock.ring()
    bench.wait()
    assert not lock.joined


def test_rejoining(bench: Bench) -> None:
    plug, lock = bench.add(Plug()), bench.add(LockS2())
    old = lock.nwk
    assert lock.rejoin(plug)
    bench.wait(1)
    assert lock.nwk != old
    assert bench.network.by_nwk(old) is None
    assert bench.network.by_nwk(lock.nwk) is lock
    assert lock.ieee not in bench.network.children
    assert [each.cluster for each in bench.said] == [zdo.ZdoCommand.DEVICE_ANNCE]
    lock.leave()
    assert not lock.rejoin()


def test_removed_device(bench: Bench) -> None:
    plug = bench.add(Plug())
    plug.set_load(10)
    plug.press()
    bench.network.remove(plug)
    assert bench.frames(seconds=10) == []
    assert send(bench, plug.nwk) == [Delivery.NWK_NO_ROUTE]
    with pytest.raises(RuntimeError, match="in no home"):
        plug.press()
    with pytest.raises(ValueError, match="already"):
        bench.add(Plug(ieee=bench.add(Relay()).ieee))


# -- Special cases -------------------------------------------------------------------------------


def test_lumi_router_echoes_a_lock(bench: Bench) -> None:
    """Protocol 0.6: the group is the network address of the device whose frame it is."""
    plug, lock = bench.add(Plug()), bench.add(LockS2())
    lock.echoed_by = plug
    lock.ring()
    bench.wait()
    own, echo = bench.said
    assert (own.source, own.group) == (lock.nwk, 0)
    assert (echo.source, echo.group) == (plug.nwk, lock.nwk)
    assert own.data == echo.data
    plug.power_off()
    lock.ring()
    assert len(bench.frames()) == 3


def test_duplicates(bench: Bench) -> None:
    plug = bench.add(Plug())
    bench.faults.duplicates = 2
    plug.press()
    plug.announce()
    assert len(bench.frames(0x0006)) == 3
    bench.faults.clear()
    plug.press()
    assert len(bench.frames(0x0006)) == 1


def test_slow_and_mute(bench: Bench) -> None:
    plug = bench.add(Plug())
    bench.faults.slow(plug, 3)
    assert send(bench, plug.nwk) == [Delivery.SUCCESS]
    assert answered(bench) == 0
    bench.wait(3)
    assert answered(bench) == 1
    bench.faults.slow(plug, 0)
    bench.faults.mute(plug)
    assert send(bench, plug.nwk) == [Delivery.SUCCESS]
    assert answered(bench) == 0
    bench.faults.mute(plug, mute=False)
    send(bench, plug.nwk)
    assert answered(bench) == 1


def test_failed_confirmations(bench: Bench) -> None:
    plug, relay = bench.add(Plug()), bench.add(Relay())
    bench.faults.confirm(225, node=plug, times=2)
    assert send(bench, relay.nwk) == [Delivery.SUCCESS]
    answered(bench)
    assert send(bench, plug.nwk) + send(bench, plug.nwk) == [225, 225]
    assert answered(bench) == 0
    assert send(bench, plug.nwk) == [Delivery.SUCCESS]
    bench.faults.confirm(17)
    assert send(bench, relay.nwk) + send(bench, 0x4711) == [17, 17]


def test_a_member_must_implement_receive() -> None:
    with pytest.raises(NotImplementedError):
        Member().receive(READ)
    with pytest.raises(NotImplementedError):
        Member().endpoints_in(1)
