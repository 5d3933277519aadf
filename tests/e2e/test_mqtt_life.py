"""The mirror beside a broker that is restarted, overloaded or shared with other bridges."""

import asyncio
from datetime import timedelta
from pathlib import Path

from homeassistant.components.mqtt import is_connected
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Plug
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Broker, Client, client
from tests.e2e.conftest import switch_on
from tests.e2e.test_mqtt_bridge import retained
from tests.ha.conftest import join, until

PLUG = "Mi smart plug"
ONLINE, OFFLINE = '{"state":"online"}', '{"state":"offline"}'
THEIRS = {
    "version": "2.14.1",
    "coordinator": {"ieee_address": "0x1"},
    "config_schema": "x" * 100_000,
}


def issue(hass: HomeAssistant, key: str, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return an issue in Home Assistant's repairs."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_{entry.entry_id}")


async def test_off_by_default(
    hass: HomeAssistant,
    mqtt_up: MockConfigEntry,
    home: Home,
    entry: MockConfigEntry,
    listener: Client,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await asyncio.sleep(2)
    assert listener.messages == []
    switch_on(hass, entry)
    assert (await listener.receive("bridge/state")).payload == ONLINE
    await hass.config_entries.async_unload(entry.entry_id)


async def test_broker_is_killed_and_started(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, broker: Broker
) -> None:
    """A broker that lost everything gets everything again; the network is not affected."""
    plug = Plug()
    device = await join(home, gateway, plug)
    async with client(broker.port) as before:
        await before.receive("bridge/devices")
    await broker.stop(kill=True)
    await until(lambda: not is_connected(hass))
    plug.press()
    await until(lambda: device.state.get("state"))
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=301))
    found = issue(hass, "mqtt_unavailable", entry)
    assert found is not None
    assert found.translation_placeholders == {"title": "Test", "topic": "zigbee2mqtt"}

    await broker.start()
    async with client(broker.port) as after:
        await after.receive("bridge/state", seconds=30)
        await after.receive(f"{PLUG}/availability")
        assert len((await after.receive("bridge/devices")).content) == 2
        assert issue(hass, "mqtt_unavailable", entry) is None
        after.send(f"{PLUG}/set", "OFF")
        assert (await after.receive(PLUG)).content["state"] == "OFF"
        assert len(after.said("bridge/state")) == 1


async def test_retained_command_is_ignored_at_the_start(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    listener: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plug = Plug()
    device = await join(home, gateway, plug)
    await hass.config_entries.async_unload(entry.entry_id)
    await listener.receive("bridge/state", 2)
    listener.send(f"{PLUG}/set", "ON", retain=True)
    listener.send("bridge/request/restart", "{}", retain=True)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await listener.receive("bridge/state", 3)
    gateway = entry.runtime_data.gateway
    await listener.until(
        lambda: (
            {f"zigbee2mqtt/{PLUG}/set", "zigbee2mqtt/bridge/request/restart"}
            == {
                message.content["message"].split("'")[1]
                for message in listener.said("bridge/logging")
                if message.content["level"] == "warning"
            }
        )
    )
    assert "Publish an empty retained message to clear them" in caplog.text
    listener.send(f"{PLUG}/get", {"state": ""})
    await listener.until(lambda: PLUG in {m.topic.split("/")[-1] for m in listener.messages})
    assert gateway[device.ieee].state.get("state") is not True
    assert not plug.on[0]
    await asyncio.sleep(1)
    assert len(listener.said("bridge/state")) == 3, "it was not restarted"


async def test_zigbee2mqtt_is_online_before(
    hass: HomeAssistant,
    mqtt_up: MockConfigEntry,
    home: Home,
    entry: MockConfigEntry,
    broker: Broker,
) -> None:
    switch_on(hass, entry)
    async with client(broker.port, will=("bridge/state", OFFLINE)) as theirs:
        theirs.send("bridge/info", THEIRS, retain=True)
        theirs.send("bridge/state", ONLINE, retain=True)
        theirs.send("bridge/devices", "[]", retain=True)
        await theirs.receive("bridge/devices")
        assert await hass.config_entries.async_setup(entry.entry_id)
        question = await theirs.receive("bridge/request/health_check")
        answer = {"data": {"healthy": True}, "status": "ok", **question.content}
        theirs.send("bridge/response/health_check", answer)
        await until(lambda: issue(hass, "mqtt_foreign_bridge", entry))
        theirs.send("bridge/request/health_check", {})
        await asyncio.sleep(1)
        assert len(theirs.messages) == 6, "we said nothing else"
        theirs.send("bridge/state", OFFLINE, retain=True)
        await theirs.receive("bridge/state", 2)
    async with client(broker.port) as listener:
        await asyncio.sleep(0.5)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=301))
        await listener.receive("bridge/request/health_check")
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=310))
        await listener.until(lambda: listener.said("bridge/state")[-1].payload == ONLINE)
        assert issue(hass, "mqtt_foreign_bridge", entry) is None
    await hass.config_entries.async_unload(entry.entry_id)


async def test_zigbee2mqtt_comes_online_later(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, broker: Broker, listener: Client
) -> None:
    await listener.receive("bridge/state")
    async with client(broker.port, will=("bridge/state", OFFLINE)) as theirs:
        theirs.send("bridge/state", ONLINE, retain=True)
        theirs.send("bridge/info", THEIRS, retain=True)
        await until(lambda: issue(hass, "mqtt_foreign_bridge", entry))
        # A mirror that stopped for another bridge leaves that bridge's retained messages.
        switch_on(hass, entry, enabled=False)
        await until(lambda: not issue(hass, "mqtt_foreign_bridge", entry))
    assert (await retained(broker))["bridge/state"] == ONLINE


async def test_stop(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    listener: Client,
    broker: Broker,
) -> None:
    """Unloaded it is offline; with another topic, disabled or removed its topics are cleared."""
    await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}/availability", 2)
    async with client(broker.port, "moved") as moved:
        switch_on(hass, entry, base_topic="moved")
        await moved.receive(f"{PLUG}/availability", seconds=20)
        assert await retained(broker) == {}
        await hass.config_entries.async_unload(entry.entry_id)
        assert (await moved.receive("bridge/state", 2)).payload == OFFLINE
    assert await hass.config_entries.async_setup(entry.entry_id)
    switch_on(hass, entry)
    await listener.until(lambda: listener.said("bridge/state")[-1].payload == ONLINE)
    switch_on(hass, entry, enabled=False)
    await listener.until(lambda: listener.said("bridge/state")[-1].payload == "")
    await asyncio.sleep(0.2)
    assert await retained(broker) == {}


async def test_removed_entry_clears_retained_messages(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    listener: Client,
    broker: Broker,
) -> None:
    await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}/availability", 2)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    await listener.until(lambda: listener.said("bridge/state")[-1].payload == "")
    assert listener.said("bridge/state")[-2].payload == OFFLINE
    await asyncio.sleep(0.2)
    assert await retained(broker) == {}


async def test_removed_entry_keeps_other_bridges_messages(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, listener: Client, broker: Broker
) -> None:
    await listener.receive("bridge/state")
    await hass.config_entries.async_unload(entry.entry_id)
    await listener.receive("bridge/state", 2)
    listener.send("bridge/info", THEIRS, retain=True)
    listener.send("bridge/state", ONLINE, retain=True)
    await listener.receive("bridge/state", 3)
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await retained(broker))["bridge/state"] == ONLINE


async def test_home_assistant_stops(
    hass: HomeAssistant, gateway: Gateway, listener: Client
) -> None:
    await listener.receive("bridge/state")
    await hass.async_stop(force=True)
    assert (await listener.receive("bridge/state", 2)).payload == OFFLINE


async def test_mqtt_is_set_up_later(
    hass: HomeAssistant,
    home: Home,
    entry: MockConfigEntry,
    mqtt_entry: MockConfigEntry,
    listener: Client,
) -> None:
    """The network is not affected."""
    await hass.config_entries.async_set_disabled_by(mqtt_entry.entry_id, ConfigEntryDisabler.USER)
    switch_on(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: issue(hass, "mqtt_unavailable", entry))
    await join(home, entry.runtime_data.gateway, Plug())
    await hass.config_entries.async_set_disabled_by(mqtt_entry.entry_id, None)
    await listener.receive(f"{PLUG}/availability")
    assert issue(hass, "mqtt_unavailable", entry) is None
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_unload(mqtt_entry.entry_id)


async def test_no_mqtt_at_all(hass: HomeAssistant, home: Home, entry: MockConfigEntry) -> None:
    switch_on(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: issue(hass, "mqtt_unavailable", entry))
    await hass.config_entries.async_unload(entry.entry_id)
    assert issue(hass, "mqtt_unavailable", entry) is None


async def test_removed_without_mqtt(
    hass: HomeAssistant, home: Home, entry: MockConfigEntry
) -> None:
    switch_on(hass, entry)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)


async def test_mqtt_is_reloaded(
    hass: HomeAssistant, home: Home, gateway: Gateway, mqtt_up: MockConfigEntry, listener: Client
) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await listener.receive(f"{PLUG}/availability", 2)
    assert await hass.config_entries.async_reload(mqtt_up.entry_id)
    await listener.receive("bridge/state", 2)
    listener.send(f"{PLUG}/set", "ON")
    await listener.until(lambda: plug.on[0])


async def test_two_networks_on_one_topic(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, listener: Client, tmp_path: Path
) -> None:
    """The second one does not publish, as with any other bridge."""
    await listener.receive("bridge/state")
    home = Home(seed=2, speed=20)
    home.form()
    home.plug_in("second")
    device = {"path": "virtual://second", "baudrate": 115200, "flow_control": None}
    second = MockConfigEntry(domain=DOMAIN, title="Second", data={"device": device}, unique_id="2")
    second.add_to_hass(hass)
    switch_on(hass, second)
    assert await hass.config_entries.async_setup(second.entry_id)
    await until(lambda: issue(hass, "mqtt_foreign_bridge", second))
    assert issue(hass, "mqtt_foreign_bridge", entry) is None
    await hass.config_entries.async_remove(second.entry_id)
    await home.close()
    assert listener.said("bridge/state")[-1].payload == ONLINE
