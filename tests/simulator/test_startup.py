"""zigpy-znp probes, forms, starts and restarts."""

import asyncio
import time
from typing import Any

import pytest
import zigpy.exceptions
import zigpy.types as t
from zigpy_znp.zigbee.application import ControllerApplication

from custom_components.aqara_zigbee.simulator import Firmware, Home, Plug
from custom_components.aqara_zigbee.simulator.port import PLUGGED_IN

from .host import config, hosting, until


async def test_probe() -> None:
    async with Home() as home:
        url = home.plug_in("stick")
        assert url == "virtual://stick"
        began = time.monotonic()
        found = await ControllerApplication.probe({"path": url})
        assert time.monotonic() - began < 1.5
        assert found == {"path": url, "baudrate": 115200, "flow_control": None}
        assert home.port.line is None


async def test_blank_coordinator_is_not_formed() -> None:
    async with Home() as home:
        began = time.monotonic()
        with pytest.raises(zigpy.exceptions.NetworkNotFormed):
            async with hosting(home.plug_in("stick")):
                pass
        assert time.monotonic() - began < 1
        assert home.port.line is None


async def test_forms_a_network_and_starts_it_again() -> None:
    async with Home(seed=3) as home:
        url = home.plug_in("stick")
        async with hosting(url, auto_form=True) as host:
            first = host.app.state.network_info
            node = host.app.state.node_info
            assert str(node.ieee) == home.ieee
            assert node.version == "Z-Stack 20230507"
            assert node.model == "CC2652"
            assert first.channel == 15
            assert first.metadata["zstack"]["CodeRevision"] == 20230507
            assert home.coordinator.running
        async with hosting(url) as host:
            second = host.app.state.network_info
            assert second.network_key.key == first.network_key.key
            assert second.extended_pan_id == first.extended_pan_id
            assert second.pan_id == first.pan_id
            assert second.network_key.tx_counter > first.network_key.tx_counter


async def test_forms_with_default_settings_in_a_few_seconds() -> None:
    """Pins, LED, temporary network, energy scan: all steps of a user's first start."""
    async with Home(seed=3, speed=20) as home:
        url = home.plug_in("stick")
        began = time.monotonic()
        defaults: dict[str, Any] = {"network": {}, "znp_config": {}}
        async with hosting(url, auto_form=True, **defaults) as host:
            assert time.monotonic() - began < 8
            assert host.app.state.network_info.channel in (15, 20, 25)


async def test_formed_coordinator_starts() -> None:
    key = bytes(range(16))
    async with Home() as home:
        home.form(channel=20, pan_id=0x1A62, extended_pan="00:12:4b:00:11:22:33:44", key=key)
        async with hosting(home.plug_in("stick")) as host:
            info = host.app.state.network_info
            assert info.channel == 20
            assert info.pan_id == 0x1A62
            assert str(info.extended_pan_id) == "00:12:4b:00:11:22:33:44"
            assert info.network_key.key == t.KeyData(key)
            endpoints = host.app._device.endpoints
            assert {1, 2} <= set(endpoints)


async def test_reset_network_info() -> None:
    async with Home() as home:
        home.form()
        home.add(Plug(), joined=True)
        url = home.plug_in("stick")
        async with hosting(url) as host:
            await host.app.reset_network_info()
        assert home.records.network is None
        assert not list(home.records.known.children())
        with pytest.raises(zigpy.exceptions.NetworkNotFormed):
            async with hosting(url):
                pass


async def test_settings_survive_where_only_the_state_is_cleared() -> None:
    async with Home() as home:
        first = home.form()
        counter = home.records.resume_counter(first.extended_pan)
        async with hosting(home.plug_in("stick")) as host:
            await host.app.form_network()
            await host.app.start_network()
        second = home.records.network
        assert second is not None
        assert second.identity != first.identity
        assert home.records.resume_counter(first.extended_pan) >= counter or counter == 1250


async def test_unplugged_and_plugged_in_again() -> None:
    async with Home() as home:
        home.form()
        plug = home.add(Plug(), joined=True)
        url = home.plug_in("stick")
        async with hosting(url) as host:
            key = host.app.state.network_info.network_key.key
            home.unplug()
            assert not PLUGGED_IN
            await until(lambda: host.recorder.lost)
            assert len(host.recorder.lost) == 1
            assert isinstance(host.recorder.lost[0], OSError)
        with pytest.raises(FileNotFoundError):
            async with hosting(url):
                pass
        home.plug_in("stick")
        async with hosting(url) as host:
            assert host.app.state.network_info.network_key.key == key
            assert home.network.by_nwk(plug.nwk) is plug


async def test_transmit_power() -> None:
    async with Home() as home:
        home.form()
        url = home.plug_in("stick")
        znp = {**config(url)["znp_config"], "tx_power": 9}
        async with hosting(url, znp_config=znp):
            pass
        znp["tx_power"] = 22
        with pytest.raises(Exception, match="TX power"):
            async with hosting(url, znp_config=znp):
                pass


async def test_old_firmware_reports_its_version() -> None:
    async with Home(firmware=Firmware(revision=20200211)) as home:
        home.form()
        async with hosting(home.plug_in("stick")) as host:
            assert host.app.state.node_info.version == "Z-Stack 20200211"


async def test_formation_fails_with_too_much_noise() -> None:
    async with Home(speed=20) as home:
        home.faults.formation_fails = True
        app = await ControllerApplication.new(config(home.plug_in("stick")), start_radio=False)
        await app.connect()
        task = asyncio.create_task(app.form_network())
        await asyncio.sleep(0.5)  # zigpy-znp waits 15 s for a missing network
        assert not task.done()
        assert home.records.network is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await app.shutdown()


async def test_worn_out_flash() -> None:
    """zigpy-znp detects this, known from some Sonoff coordinators, and reports it."""
    async with Home() as home:
        home.faults.nv_writes_fail = True
        app = await ControllerApplication.new(config(home.plug_in("stick")), start_radio=False)
        await app.connect()
        with pytest.raises(zigpy.exceptions.FormationFailure, match="NVRAM is corrupted"):
            await app.form_network()
        await app.shutdown()
