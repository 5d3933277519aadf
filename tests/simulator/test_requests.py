"""A running host: commands, reads, writes, reports, scans, channels."""

import asyncio
import struct

import pytest
from zigpy.exceptions import DeliveryError
import zigpy.types as t
from zigpy.zcl import foundation

from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.zcl import Frame, General

from .host import Host, hosting, settle, until


async def test_commands(home: Home, host: Host) -> None:
    relay = home.add(Relay())
    await host.take_in(relay)
    home.clock.advance(3)  # pairing closes both contacts for a moment
    device = host.device(relay)
    for endpoint, command, state in (
        (1, "on", [True, False]),
        (2, "toggle", [True, True]),
        (1, "off", [False, True]),
    ):
        host.recorder.frames.clear()
        result = await getattr(device.endpoints[endpoint].on_off, command)()
        assert result.status == foundation.Status.SUCCESS
        assert relay.on == state
        await until(lambda: len(host.recorder.of(relay, 0x0006)) == 2)  # the response and a report


async def test_reads_and_writes(home: Home, host: Host) -> None:
    relay = home.add(Relay())
    await host.take_in(relay)
    home.clock.advance(3)
    cluster = host.device(relay).endpoints[1].in_clusters[0x0010]
    interlock = foundation.Attribute(0xFF06, foundation.TypeValue(t.uint8_t(0x10), t.Bool.true))
    (answer,) = await cluster.write_attributes_raw([interlock], manufacturer_code=0x115F)
    assert answer[0].status == foundation.Status.SUCCESS
    assert relay.interlock
    on_off = host.device(relay).endpoints[2].on_off
    values, failures = await on_off.read_attributes([0x0000])
    assert values == {0x0000: t.Bool.false}
    assert not failures


async def test_reports_arrive_raw(home: Home, host: Host) -> None:
    """Also from endpoints and clusters that the device did not declare."""
    knob, lock, relay = home.add(Knob()), home.add(LockS2()), home.add(Relay(version=47))
    await host.take_in(knob, lock, relay)
    knob.mode = 1
    home.clock.advance(3)
    await settle()
    host.recorder.frames.clear()
    knob.turn(24, steps=1)
    lock.finger(5)
    relay.heartbeat()
    home.clock.advance(2)
    await until(lambda: len([f for f in host.recorder.frames if f.endpoint]) >= 5)
    turn = [frame for frame in host.recorder.frames if frame.ieee == knob.ieee]
    assert {(frame.cluster, frame.endpoint) for frame in turn} == {(0xFCC0, 71)}
    who, what = host.recorder.of(lock, 0x0101)
    assert who[4:].hex() == "0a10ff4210" + "10010201200005" + "00" * 9
    assert what[5:7] == b"\xf6\xff"
    (beat,) = host.recorder.of(relay, 0x0000)
    assert beat[8] == 0x44
    assert len(beat) - 9 == 0x3A


async def test_link_quality(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    plug.lqi = 42
    plug.press()
    await until(lambda: 37 <= (host.device(plug).lqi or 0) <= 47)


async def test_host_answers_reads_of_devices(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    plug.received_frames.clear()
    plug.ask(0x000A, 0x0000)
    plug.report(0x0006, (0x0000, 0x10, True))
    frame = Frame(General.REPORT, b"\0\0\x10\0", 99, from_server=True)  # with default response
    plug.send(1, 0x0006, frame)
    await until(lambda: len(plug.received_frames) >= 2)
    assert {(each.cluster, each.frame.command) for each in plug.received_frames} >= {
        (0x0006, General.DEFAULT_RESPONSE)
    }


async def test_a_silent_device_times_out(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    home.faults.mute(plug)
    with pytest.raises(TimeoutError):
        await host.device(plug).endpoints[1].on_off.on(timeout=0.2, retries=0)
    assert plug.on == [False]


async def test_a_sleeping_device_gets_messages_when_it_wakes(home: Home, host: Host) -> None:
    knob = home.add(Knob())
    await host.take_in(knob)
    home.clock.advance(60)
    assert not knob.awake
    basic = host.device(knob).endpoints[1].basic
    task = asyncio.create_task(basic.read_attributes([0x0000], retries=0))
    await asyncio.sleep(0.1)
    assert not task.done()
    knob.press()
    async with asyncio.timeout(60):
        values, _ = await task
    assert values == {0x0000: 3}


async def test_a_sleeping_device_expires() -> None:
    """MAC_TRANSACTION_EXPIRED; zigpy-znp removes the child, discovers a route, adds it again."""
    async with Home(seed=1, speed=50) as home:
        home.form()
        lock = home.add(LockS2())
        lock.listens_after_join = 200
        async with hosting(home.plug_in("test")) as host:
            await host.take_in(lock)
            home.clock.advance(600)
            with pytest.raises(DeliveryError) as caught:
                await host.device(lock).endpoints[1].basic.read_attributes([0x0000], retries=0)
            assert caught.value.status == 0xCD
            assert lock.ieee in home.network.children


async def test_a_child_that_moved_silently_is_found_again() -> None:
    async with Home(seed=1, speed=50) as home:
        home.form()
        plug, knob = home.add(Plug(), joined=True), home.add(Knob())
        knob.listens_after_join = 500
        async with hosting(home.plug_in("test")) as host:
            await host.take_in(knob)
            home.network.move(knob, plug)
            knob.wake(10_000)
            values, _ = await host.device(knob).endpoints[1].basic.read_attributes([0x0003])
            assert values == {0x0003: 1}


async def test_power_cut_is_noticed(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    plug.power_off()
    with pytest.raises(DeliveryError) as caught:
        await host.device(plug).endpoints[1].on_off.on(retries=0)
    assert caught.value.status == 0xE9
    host.recorder.frames.clear()
    plug.power_on()
    home.clock.advance(3)
    await until(lambda: len(host.recorder.of(plug)) >= 2)
    assert host.recorder.of(plug, 0x0006)[0][6:].hex() == "00" + "00f023" + "00000000"


async def test_group_commands(home: Home, host: Host) -> None:
    relay = home.add(Relay())
    await host.take_in(relay)
    group = host.app.groups.add_group(0x1234, "both")
    await host.device(relay).endpoints[1].add_to_group(0x1234, "both")
    await host.device(relay).endpoints[2].add_to_group(0x1234, "both")
    assert sorted(relay.groups) == [(1, 0x1234), (2, 0x1234)]
    await group.endpoint.on_off.on()
    await until(lambda: relay.on == [True, True])


async def test_energy_scan(home: Home, host: Host) -> None:
    task = asyncio.create_task(
        host.app.energy_scan(t.Channels.ALL_CHANNELS, duration_exp=2, count=1)
    )
    await asyncio.sleep(0.1)
    assert not task.done()
    home.clock.advance(2)
    energy = await task
    assert sorted(energy) == list(range(11, 27))
    assert max(energy[each] for each in (15, 20, 25, 26)) < min(energy[each] for each in (12, 18))


async def test_change_of_channel() -> None:
    async with Home(seed=1, speed=20) as home:
        home.form(channel=15)
        plug, lock = home.add(Plug(), joined=True), home.add(LockS2(), joined=True)
        async with hosting(home.plug_in("test")) as host:
            await host.app.move_network_to_channel(25, num_broadcasts=1)
            assert host.app.state.network_info.channel == 25
            assert host.app.state.network_info.nwk_update_id == 1
            assert plug.channel == 25
            lock.ring()
            assert lock.channel == 25
        async with hosting("virtual://test") as host:
            assert host.app.state.network_info.channel == 25


async def test_reset_of_the_radio_loses_endpoints(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    host.recorder.frames.clear()
    home.reset_radio()
    plug.press()
    await settle()
    assert host.recorder.frames == []
    with pytest.raises(DeliveryError):
        await host.device(plug).endpoints[1].on_off.on(retries=0)
    await host.app.start_network()
    plug.press()
    await until(lambda: host.recorder.of(plug, 0x0006))


async def test_loopback(home: Home, host: Host) -> None:
    del home
    data = struct.pack("<BBB", 0, 1, 0)
    await host.app.request(host.app._device, 0x0104, 0x0000, 1, 1, 7, data)
