"""Backups with zigpy and restoring them, on the same and another coordinator."""

import asyncio
import json
from typing import Any

from zigpy.backups import NetworkBackup
import zigpy.types as t
from zigpy_znp.zigbee.application import ControllerApplication

from custom_components.aqara_zigbee.simulator import Home, Knob, LockS2, Plug, Relay

from .host import Host, config, hosting


async def restore(home: Home, backup: NetworkBackup, **options: Any) -> None:
    """Restore as a config flow does: open, write, close."""
    app = await ControllerApplication.new(config(home.plug_in("restored")), start_radio=False)
    await app.connect()
    await app.backups.restore_backup(backup, **options)
    await app.shutdown()


async def test_backup_lists_devices_with_keys(home: Home, host: Host) -> None:
    nodes = [home.add(kind()) for kind in (Plug, Relay, LockS2, Knob)]
    await host.take_in(*nodes)
    backup = await host.app.backups.create_backup(load_devices=True)
    assert backup.is_complete()
    info = backup.network_info
    assert {str(ieee): int(nwk) for ieee, nwk in info.nwk_addresses.items()} == {
        node.ieee: node.nwk for node in nodes
    }
    assert {str(ieee) for ieee in info.children} == {nodes[2].ieee, nodes[3].ieee}
    assert {str(key.partner_ieee) for key in info.key_table} == {node.ieee for node in nodes}
    assert len({bytes(key.key.serialize()) for key in info.key_table}) == len(nodes)
    text = json.dumps(backup.as_open_coordinator_json())
    again = NetworkBackup.from_dict(json.loads(text))
    assert again.is_compatible_with(backup)


async def test_restore_on_another_coordinator() -> None:
    """New coordinator, old network and address: no device needs to be paired again."""
    async with Home(seed=1, speed=5) as old, Home(seed=2, speed=5) as new:
        old.form()
        plug = Plug()
        devices = [plug, LockS2(), Relay()]
        for device in devices:
            old.add(device, joined=True)
        async with hosting(old.plug_in("old")) as host:
            backup = await host.app.backups.create_backup(load_devices=True)
        assert new.ieee != old.ieee
        await restore(new, backup)
        assert new.records.network is not None
        assert old.records.network is not None
        assert new.records.network.identity == old.records.network.identity
        assert new.coordinator.ieee_bytes == old.coordinator.ieee_bytes
        old.unplug()
        for device in devices:  # they receive only the new coordinator now
            parent, nwk, identity = device.parent, device.nwk, device.identity
            old.remove(device)
            new.add(device)
            assert (device.parent, device.nwk, device.identity) == (parent, nwk, identity)
        async with hosting("virtual://restored") as host:
            info = host.app.state.network_info
            assert info.network_key.tx_counter >= backup.network_info.network_key.tx_counter + 10000
            plug.press()
            await host.sees("joined", plug)
            await host.sees("initialized", plug)
            assert (await host.device(plug).endpoints[1].on_off.off()).status == 0
            again = await host.app.backups.create_backup(load_devices=True)
            assert again.network_info.nwk_addresses == backup.network_info.nwk_addresses
            assert set(again.network_info.children) == set(backup.network_info.children)
            keys = {key.partner_ieee: key.key for key in backup.network_info.key_table}
            assert {key.partner_ieee: key.key for key in again.network_info.key_table} == keys


async def test_devices_ignore_a_lower_frame_counter() -> None:
    async with Home(seed=1, speed=5) as home:
        home.form()
        plug = home.add(Plug(), joined=True)
        async with hosting(home.plug_in("home")) as host:
            backup = await host.app.backups.create_backup(load_devices=True)
        plug.counter = 5000
        await restore(home, backup, counter_increment=0)
        home.coordinator.commission()
        home.clock.advance(1)
        home.coordinator.host_zdo.ask(plug.nwk, 0x0005, plug.nwk.to_bytes(2, "little"))
        home.clock.advance(1)
        assert plug.counter == 5000
        await restore(home, backup, counter_increment=10000)
        home.coordinator.commission()
        home.clock.advance(1)
        home.coordinator.host_zdo.ask(plug.nwk, 0x0005, plug.nwk.to_bytes(2, "little"))
        home.clock.advance(1)
        assert plug.counter > 5000


async def test_devices_are_not_in_a_foreign_network() -> None:
    async with Home(seed=1, speed=5) as home, Home(seed=2, speed=5) as foreign:
        home.form()
        foreign.form()
        plug = home.add(Plug(), joined=True)
        async with hosting(foreign.plug_in("foreign")) as host:
            theirs = await host.app.backups.create_backup(load_devices=True)
        async with hosting(home.plug_in("home")) as host:
            ours = await host.app.backups.create_backup(load_devices=True)
        await restore(home, theirs)
        async with hosting("virtual://home") as host:
            plug.press()
            await asyncio.sleep(0.05)
            assert not host.recorder.frames or {each.ieee for each in host.recorder.frames} == {
                str(host.app.state.node_info.ieee)
            }
        await restore(home, ours)
        async with hosting("virtual://home") as host:
            plug.press()
            await host.sees("joined", plug)


async def test_zigbee2mqtt_backup() -> None:
    """The open format, with short addresses and keys that are not derived from a seed."""
    devices = [Plug(ieee=f"00:15:8d:00:01:02:03:0{number}") for number in range(5)]
    backup = NetworkBackup.from_dict(
        {
            "metadata": {
                "format": "zigpy/open-coordinator-backup",
                "version": 1,
                "source": "zigbee-herdsman@0.14.20",
                "internal": {"date": "2022-02-01T00:00:00.000Z"},
            },
            "stack_specific": {"zstack": {"tclk_seed": "928a2c479e72a9a53e3b5133fc55021f"}},
            "coordinator_ieee": "00124b0009d80ba7",
            "pan_id": "1a62",
            "extended_pan_id": "dddddddddddddddd",
            "nwk_update_id": 0,
            "security_level": 5,
            "channel": 11,
            "channel_mask": [11],
            "network_key": {
                "key": "01030507090b0d0f00020406080a0c0d",
                "sequence_number": 0,
                "frame_counter": 66781,
            },
            "devices": [
                {
                    "nwk_address": f"100{number}",
                    "ieee_address": device.ieee.replace(":", ""),
                    "is_child": False,
                    "link_key": {
                        "key": f"{number:02x}" * 16,
                        "rx_counter": 0,
                        "tx_counter": 275,
                    },
                }
                for number, device in enumerate(devices)
            ],
        }
    )
    async with Home(seed=1, speed=5) as home:
        await restore(home, backup)
        async with hosting("virtual://restored") as host:
            info = host.app.state.network_info
            assert (info.pan_id, info.channel) == (0x1A62, 11)
            assert str(host.app.state.node_info.ieee) == "00:12:4b:00:09:d8:0b:a7"
            again = await host.app.backups.create_backup(load_devices=True)
            assert again.is_compatible_with(backup)
            keys = {str(key.partner_ieee): key.key for key in again.network_info.key_table}
            assert keys == {
                device.ieee: t.KeyData(bytes([number]) * 16)
                for number, device in enumerate(devices)
            }
            for number, device in enumerate(devices):
                home.add(device)
                home.network.enrol(device)
                assert device.nwk == 0x1000 + number
            devices[3].press()
            await host.sees("joined", devices[3])
