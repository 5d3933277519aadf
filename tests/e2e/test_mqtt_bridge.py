"""The bridge on a real broker: names in both directions, joins, leaves, options."""

import asyncio

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.simulator.devices import Plug, Relay
from custom_components.aqara_zigbee.simulator.home import Home
from tests.e2e.broker import Broker, Client, client
from tests.ha.conftest import join, until

PLUG = "Mi smart plug"


async def retained(broker: Broker) -> dict[str, str]:
    """Return the broker's retained messages."""
    async with client(broker.port) as newcomer:
        await asyncio.sleep(0.3)
        return {
            message.topic.removeprefix("zigbee2mqtt/"): message.payload
            for message in newcomer.messages
            if message.retain
        }


async def test_retained_messages(
    home: Home, gateway: Gateway, listener: Client, broker: Broker
) -> None:
    await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}/availability", 2)
    await asyncio.sleep(1.2)
    found = await retained(broker)
    assert set(found) == {
        "bridge/state",
        "bridge/info",
        "bridge/devices",
        "bridge/groups",
        "bridge/definitions",
        "bridge/extensions",
        "bridge/converters",
        "bridge/health",
        f"{PLUG}/availability",
    }


async def test_joining_by_mqtt(home: Home, gateway: Gateway, listener: Client) -> None:
    assert await listener.request("permit_join", {"time": 60, "transaction": "x"}) == {
        "data": {"time": 60},
        "status": "ok",
        "transaction": "x",
    }
    plug = home.add(Plug())
    home.network.search(plug)
    await listener.until(
        lambda: (
            [m.content["data"].get("status") for m in listener.said("bridge/event")]
            == [None, "started", None, "successful"]
        )
    )
    await listener.until(
        lambda: (
            len(listener.said("bridge/devices")[-1].content) == 2
            and listener.said("bridge/devices")[-1].content[1]["supported"]
        )
    )
    assert await listener.request("device/rename", {"last": True, "to": "kettle"}) == {
        "data": {"from": PLUG, "to": "kettle", "homeassistant_rename": False},
        "status": "ok",
    }


async def test_renamed_by_mqtt(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    listener: Client,
    broker: Broker,
) -> None:
    device = await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}/availability", 2)
    await listener.request("device/rename", {"from": PLUG, "to": "Küche/Wasserkocher 🫖"})
    registered = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, device.ieee), entry.entry_id
    )
    assert registered is not None
    assert registered.name_by_user == "Küche/Wasserkocher 🫖"
    listener.send("Küche/Wasserkocher 🫖/set", "ON")
    await listener.until(lambda: device.state.get("state"))
    await listener.receive("Küche/Wasserkocher 🫖")
    found = await retained(broker)
    assert f"{PLUG}/availability" not in found
    assert "Küche/Wasserkocher 🫖/availability" in found


async def test_renamed_in_home_assistant(
    hass: HomeAssistant,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
    listener: Client,
    broker: Broker,
) -> None:
    """Names that are not allowed in topics are changed; the connection stays."""
    device = await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}/availability", 2)
    devices = dr.async_get(hass)
    registered = devices.async_get_device_by_identifier((DOMAIN, device.ieee), entry.entry_id)
    assert registered is not None
    for name, topic in (
        ("Kettle", "Kettle"),
        ("#/+\x00\x1b\x7f", "_/_"),
        ("bridge/state", "bridge_/state"),
        ("x/set", "x/set_"),
        ("\ufffe", "0x" + device.ieee.replace(":", "")),
    ):
        devices.async_update_device(registered.id, name_by_user=name)
        await listener.receive(f"{topic}/availability")
    listener.messages.clear()
    listener.send(f"0x{device.ieee.replace(':', '')}/set", "ON")
    await listener.receive("0x" + device.ieee.replace(":", ""))
    found = await retained(broker)
    assert [topic for topic in found if topic.endswith("/availability")] == [
        f"0x{device.ieee.replace(':', '')}/availability"
    ]


async def test_two_devices_with_one_name(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, listener: Client
) -> None:
    first = await join(home, gateway, Plug())
    second = await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}_2/availability")
    listener.send(f"{PLUG}_2/set", "ON")
    await listener.until(lambda: second.state.get("state"))
    assert not first.state.get("state")

    await hass.config_entries.async_reload(entry.entry_id)
    gateway = entry.runtime_data.gateway
    await listener.receive("bridge/health", 2)
    listener.send(f"{PLUG}_2/set", "OFF")
    await listener.until(lambda: gateway[second.ieee].state.get("state") is False)


async def test_removed_by_mqtt(
    hass: HomeAssistant, home: Home, gateway: Gateway, listener: Client, broker: Broker
) -> None:
    device = await join(home, gateway, Plug())
    await listener.receive(f"{PLUG}/availability", 2)
    assert await listener.request("device/remove", {"id": PLUG}) == {
        "data": {
            "id": PLUG,
            "block": False,
            "force": False,
            "keep_config": False,
            "clear_cache": False,
        },
        "status": "ok",
    }
    await until(lambda: device.ieee not in gateway)
    await listener.until(lambda: len(listener.said("bridge/devices")[-1].content) == 1)
    assert f"{PLUG}/availability" not in await retained(broker)
    listener.send(f"{PLUG}/set", "ON")
    await listener.until(
        lambda: any(
            message.content["message"] == f"z2m: Entity '{PLUG}' is unknown"
            for message in listener.said("bridge/logging")
        )
    )


async def test_interview_and_configure(home: Home, gateway: Gateway, listener: Client) -> None:
    await join(home, gateway, Plug())
    assert (await listener.request("device/interview", {"id": PLUG}, 30))["status"] == "ok"
    assert (await listener.request("device/configure", {"id": PLUG}))["status"] == "ok"
    assert (await listener.request("touchlink/scan", {"transaction": 1})) == {
        "data": {},
        "error": "'touchlink/scan' is not supported",
        "status": "error",
        "transaction": 1,
    }


async def test_map_of_the_network(home: Home, gateway: Gateway, listener: Client) -> None:
    """Read from the routers' own tables, through zigpy and the coordinator."""
    plug, relay = Plug(), Relay()
    await join(home, gateway, plug)
    await join(home, gateway, relay)
    response = await listener.request("networkmap", {"type": "raw", "routes": True}, 30)
    assert response["status"] == "ok"
    found = response["data"]["value"]
    hub, one, other = ("0x" + ieee.replace(":", "") for ieee in (home.ieee, plug.ieee, relay.ieee))
    assert [node["ieeeAddr"] for node in found["nodes"]] == [hub, one, other]
    assert not any(node["failed"] for node in found["nodes"])
    links = {(link["sourceIeeeAddr"], link["targetIeeeAddr"]) for link in found["links"]}
    assert links == {
        (one, hub), (other, hub), (hub, one), (other, one), (hub, other), (one, other)
    }  # fmt: skip
    assert all(90 <= link["lqi"] <= 254 for link in found["links"])


async def test_coordinator_backup(home: Home, gateway: Gateway, listener: Client) -> None:
    await join(home, gateway, Plug())
    response = await listener.request("coordinator_check", "", 60)
    assert response == {"data": {"missing_routers": []}, "status": "ok"}


async def test_options_survive_a_restart(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry, listener: Client
) -> None:
    device = await join(home, gateway, Plug())
    wanted = {"retain": True, "power_precision": 0}
    response = await listener.request("device/options", {"id": PLUG, "options": wanted})
    assert response["data"]["to"] == wanted
    assert (await listener.request("restart")) == {"data": {}, "status": "ok"}
    await listener.until(lambda: listener.said("bridge/state")[-1].payload == '{"state":"offline"}')
    await listener.until(
        lambda: listener.said("bridge/state")[-1].payload == '{"state":"online"}', 30
    )
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.gateway[device.ieee].options["retain"] is True


async def test_settings_by_mqtt_apply_without_a_restart(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, listener: Client
) -> None:
    await listener.receive("bridge/state")
    wanted = {"options": {"advanced": {"last_seen": "ISO_8601"}}}
    assert (await listener.request("options", wanted))["data"] == {"restart_required": False}
    assert entry.options["mqtt"]["last_seen"] == "ISO_8601"
    await listener.until(
        lambda: (
            listener.said("bridge/info")[-1].content["config"]["advanced"]["last_seen"]
            == "ISO_8601"
        )
    )
    hass.config_entries.async_update_entry(
        entry, options={"mqtt": {**entry.options["mqtt"], "plain_availability": True}}
    )
    await listener.until(lambda: listener.said("bridge/state")[-1].payload == "online")
    assert len(listener.said("bridge/state")) == 2, "it never went offline"
    assert entry.runtime_data.gateway is gateway
    assert gateway.online
