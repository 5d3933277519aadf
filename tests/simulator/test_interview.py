"""Devices join, are interviewed, leave and rejoin."""

import asyncio
import time

import pytest
import zigpy.types as t
import zigpy.zdo.types as zdo_t

from custom_components.aqara_zigbee.simulator import (
    Firmware,
    Home,
    Knob,
    Lock,
    LockS2,
    Node,
    Plug,
    Relay,
    Thermometer,
)

from .host import Host, hosting, settle, until

ALL = [LockS2, Lock, Knob, Plug, Relay, Thermometer]


async def test_all_models_are_interviewed(home: Home, host: Host) -> None:
    nodes = [home.add(kind()) for kind in ALL]
    await host.take_in(*nodes)
    for node in nodes:
        device = host.device(node)
        assert device.is_initialized
        assert (device.model, device.manufacturer) == (node.MODEL, node.VENDOR)
        assert device.nwk == node.nwk
        found = {
            endpoint.endpoint_id: (
                endpoint.profile_id,
                endpoint.device_type,
                sorted(endpoint.in_clusters),
                sorted(endpoint.out_clusters),
            )
            for endpoint in device.non_zdo_endpoints
        }
        assert found == {
            number: (0x0104, each.device_type, sorted(each.inputs), sorted(each.outputs))
            for number, each in node.endpoints.items()
        }
        assert device.node_desc.serialize() == node.descriptor.serialize()


async def test_devices_report_their_model_after_joining(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    await until(lambda: len(host.recorder.of(plug, 0x0000)) >= 3)
    said = [frame.hex() for frame in host.recorder.of(plug, 0x0000)]
    assert any(frame[4:].startswith("0a050042096c756d692e706c7567") for frame in said)
    assert any(frame.startswith("1c5f11") for frame in said)


async def test_no_joins_in_a_closed_network(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    assert not plug.join()
    await host.app.permit(60)
    await host.app.permit(0)
    assert not plug.join()
    await host.app.permit(1)
    home.clock.advance(1.1)
    assert not plug.join()
    assert ("joined", plug.ieee) not in host.recorder.happened


async def test_a_pairing_device_waits_for_the_network_to_open(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    assert not plug.pair()
    await host.app.permit(60)
    await host.sees("initialized", plug)


async def test_permit_through_one_router(home: Home, host: Host) -> None:
    plug, relay = home.add(Plug()), home.add(Relay())
    await host.take_in(plug)
    await host.app.permit(0)
    await host.app.permit(60, node=t.EUI64.convert(plug.ieee))
    assert not relay.join()
    assert relay.join(plug)
    await host.sees("initialized", relay)
    assert host.device(relay).relays == [plug.nwk]


async def test_old_firmware_must_permit_joins_itself() -> None:
    """zigpy-znp permits joins at the coordinator, too, for firmware before 20210708."""
    async with Home(firmware=Firmware(revision=20210120)) as home:
        home.form()
        plug, relay = home.add(Plug(), joined=True), home.add(Relay())
        home.coordinator.commission()
        home.clock.advance(1)
        plug.permits_until = home.clock.now() + 60
        assert not relay.join(plug)
        home.coordinator.permit(60)
        assert relay.join(plug)


async def test_install_codes_only(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    key = t.KeyData(bytes(16))
    task = asyncio.create_task(
        host.app.permit_with_link_key(t.EUI64.convert(plug.ieee), key, time_s=60)
    )
    await until(lambda: home.coordinator.is_open)
    assert not plug.join()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert plug.join()
    await host.sees("initialized", plug)


async def test_leaving_and_rejoining(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    plug.leave()
    await host.sees("left", plug)
    assert plug.pair()
    await until(lambda: host.device(plug).nwk == plug.nwk)


async def test_removing_a_device(home: Home, host: Host) -> None:
    plug, lock = home.add(Plug()), home.add(LockS2())
    await host.take_in(plug, lock)
    for node in (plug, lock):
        await host.app.remove(t.EUI64.convert(node.ieee))
    await until(lambda: not plug.joined and not lock.joined)
    await settle()
    home.clock.advance(600)
    plug.press()
    await settle()
    assert not plug.joined
    backup = await host.app.backups.create_backup(load_devices=True)
    assert not backup.network_info.key_table


async def test_rejoin_under_a_new_address(home: Home, host: Host) -> None:
    plug = home.add(Plug())
    await host.take_in(plug)
    old = plug.nwk
    assert plug.rejoin()
    await until(lambda: host.device(plug).nwk == plug.nwk)
    assert plug.nwk != old
    for _ in range(3):
        plug.announce()
    result = await host.device(plug).endpoints[1].on_off.on()
    assert result.status == 0


@pytest.mark.parametrize("awake", [True, False])
async def test_unknown_senders_are_looked_up(home: Home, host: Host, awake: bool) -> None:
    """After a lost database: zigpy broadcasts an address request, which sleeping devices miss."""
    lock = home.add(LockS2(), joined=True)
    lock.listens_for = 3.0 if awake else 0.0
    lock.ring()
    if awake:
        await host.sees("joined", lock)
    else:
        await settle()
        assert ("joined", lock.ieee) not in host.recorder.happened


async def test_interview_waits_for_a_sleeping_device(home: Home, host: Host) -> None:
    lock = home.add(LockS2())
    lock.listens_after_join = lock.listens_for = 0.0
    await host.app.permit(60)
    assert lock.join()
    await host.sees("joined", lock)
    await asyncio.sleep(0.2)
    assert not host.device(lock).is_initialized
    lock.listens_for = 5.0
    lock.introduce()
    await host.sees("initialized", lock)


async def test_topology_scan(home: Home, host: Host) -> None:
    plug, relay = home.add(Plug()), home.add(Relay())
    knob = home.add(Knob())
    await host.take_in(plug)
    plug.permits_until = home.clock.now() + 60
    assert knob.join(plug)
    assert relay.join()
    for node in (knob, relay):
        await host.sees("initialized", node)
    status, neighbors = await host.app._device.zdo.Mgmt_Lqi_req(0)
    assert status == zdo_t.Status.SUCCESS
    assert {str(row.ieee) for row in neighbors.NeighborTableList} == {plug.ieee, relay.ieee}
    status, neighbors = await host.device(plug).zdo.Mgmt_Lqi_req(0)
    rows = {str(row.ieee): row for row in neighbors.NeighborTableList}
    assert set(rows) == {home.ieee, knob.ieee, relay.ieee}
    assert rows[knob.ieee].relationship == zdo_t.Neighbor.Relationship.Child
    assert rows[home.ieee].relationship == zdo_t.Neighbor.Relationship.Parent
    status, routes = await host.app._device.zdo.Mgmt_Rtg_req(0)
    assert status == zdo_t.Status.SUCCESS
    assert [(row.DstNWK, row.NextHop) for row in routes.RoutingTableList] == [(knob.nwk, plug.nwk)]


def kinds(nodes: list[Node]) -> list[str]:
    return [type(node).__name__ for node in nodes]


async def test_many_devices() -> None:
    """Several hundred members: a report or request costs the same as with one."""
    async with Home(seed=2) as home:
        home.form()
        nodes = [home.add(Plug(), joined=True) for _ in range(300)]
        async with hosting(home.plug_in("many")) as host:
            for node in nodes:
                device = host.app.add_device(t.EUI64.convert(node.ieee), t.NWK(node.nwk))
                device.node_desc = zdo_t.NodeDescriptor.deserialize(node.descriptor.serialize())[0]
                endpoint = device.add_endpoint(1)
                endpoint.status = 1
                endpoint.profile_id = 0x0104
                endpoint.add_input_cluster(0x0006)
            began = time.process_time()
            for node in nodes:
                node.press()
            await until(lambda: len(host.recorder.frames) >= len(nodes))
            assert time.process_time() - began < 3
            assert {frame.ieee for frame in host.recorder.frames} >= {node.ieee for node in nodes}
            result = await host.device(nodes[-1]).endpoints[1].on_off.off()
            assert result.status == 0
            assert nodes[-1].on == [False]
            backup = await host.app.backups.create_backup(load_devices=True)
            assert len(backup.network_info.nwk_addresses) == 257  # the coordinator's table is full
