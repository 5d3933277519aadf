"""Diagnostics: what an issue needs is in them, and nothing that is anybody's secret."""

import json
import math
from typing import Any

from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.json import ExtendedJSONEncoder
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
    get_diagnostics_for_device,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core import zcl
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.diagnostics import async_get_config_entry_diagnostics
from custom_components.aqara_zigbee.registry import registered_device
from custom_components.aqara_zigbee.runtime import Runtime
from custom_components.aqara_zigbee.simulator.devices import Knob, LockS2, Plug, Relay
from custom_components.aqara_zigbee.simulator.devices.other import Thermometer
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.storage.backup_list import Reason
from tests.core.network import IEEE, NOON, Home as CoreHome, node
from tests.ha.conftest import join, state, until

NAMES = {"3": "Rumpelstilzchen", "4": "Aschenputtel"}


async def _of_entry(
    hass: HomeAssistant, client: ClientSessionGenerator, entry: MockConfigEntry
) -> dict[str, Any]:
    found: Any = await get_diagnostics_for_config_entry(hass, client, entry)
    return dict(found)


async def test_whole_network(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    plug = Plug()
    await join(home, gateway, plug)
    await join(home, gateway, Knob())
    plug.set_load(800)
    plug.press()
    device = gateway[plug.ieee]
    await until(lambda: device.state.get("power") == 800)
    found = await _of_entry(hass, hass_client, entry)
    assert found["versions"].keys() == {"zigpy", "zigpy-znp", "serialx", "zigpy_tested"}
    assert found["coordinator"]["firmware"] == "Z-Stack 20230507"
    assert found["coordinator"]["channel"] == 15
    assert found["health"]["losses"] == 0
    assert found["health"]["models"] == {"lumi.plug": 1, "lumi.remote.rkba01": 1}
    assert found["entry"]["data"]["device"]["path"] == "virtual://test"
    shown = {each["ieee"]: each for each in found["devices"]}
    assert shown.keys() == set(gateway)
    assert shown[plug.ieee]["state"]["power"] == 800
    assert shown[plug.ieee]["supported"] is True
    frame = shown[plug.ieee]["frames"][-1]
    assert {"time", "endpoint", "cluster", "records"} <= frame.keys()
    assert any(
        record["attribute"] == "0x0055"
        for f in shown[plug.ieee]["frames"]
        for record in f["records"]
    )


async def test_no_secrets(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    """Not the key in any spelling, not what names the network, not who lives there."""
    lock = LockS2()
    device = await join(home, gateway, lock)
    await device.configure(
        {
            "users": NAMES,
            "friendly_name": {"of": "Schloss", "is": "Schloss"},
            "description": "Behind Rapunzel's tower",
            "another_text": ["Rapunzel"],
        }
    )
    lock.finger(3)
    await until(lambda: state(hass, device, "last_opened_by").state == NAMES["3"])
    # A name that has been changed since is still in the state.
    await device.configure({"users": {"3": "Rotkaeppchen", "4": NAMES["4"]}})
    await entry.runtime_data.own.backups.make(Reason.ASKED)
    network = home.records.network
    assert network is not None
    registered = registered_device(hass, entry.entry_id, lock.ieee)
    assert registered is not None
    of_entry = await _of_entry(hass, hass_client, entry)
    of_device: Any = await get_diagnostics_for_device(hass, hass_client, entry, registered)
    assert of_entry["devices"][0]["options"]["users"] == dict.fromkeys(NAMES, REDACTED)
    assert of_device["device"]["state"]["last_opened_by"] == REDACTED
    for content in (of_entry, of_device):
        text = json.dumps(content, cls=ExtendedJSONEncoder).lower()
        assert lock.ieee in text, "the test looks at the wrong text"
        for secret in (*spellings(network.key), *spellings(network.extended_pan)):
            assert secret not in text
        for name in (*NAMES.values(), "Schloss", "Rapunzel", "Rotkaeppchen"):
            assert name.lower() not in text


def spellings(secret: bytes) -> list[str]:
    """Return texts that octets may be written as."""
    both = (secret, secret[::-1])
    return [
        spelling
        for octets in both
        for spelling in (
            octets.hex(),
            octets.hex(":"),
            octets.hex(" "),
            octets.hex("-"),
            json.dumps(list(octets)),
            ",".join(str(octet) for octet in octets),
        )
    ]


async def test_unsupported_device(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    """It has all data for a new definition."""
    thermometer = Thermometer()
    home.add(thermometer)
    home.network.search(thermometer)
    await gateway.radio.permit(60)
    await until(lambda: thermometer.ieee in gateway and gateway[thermometer.ieee].node.is_complete)
    await until(lambda: registered_device(hass, entry.entry_id, thermometer.ieee))
    registered = registered_device(hass, entry.entry_id, thermometer.ieee)
    assert registered is not None
    found: Any = await get_diagnostics_for_device(hass, hass_client, entry, registered)
    device = found["device"]
    assert device["supported"] is False
    signature = device["signature"]
    assert signature["model"] == thermometer.MODEL
    assert signature["complete"] is True
    assert signature["logical_type"] == 2
    (endpoint, *_) = signature["endpoints"].values()
    assert endpoint["profile_id"] == "0x0104"
    assert "0x0402" in endpoint["input_clusters"]


async def test_coordinator(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    home: Home,
    gateway: Gateway,
    entry: MockConfigEntry,
) -> None:
    await join(home, gateway, Relay())
    registered = registered_device(hass, entry.entry_id, home.ieee)
    assert registered is not None
    found: Any = await get_diagnostics_for_device(hass, hass_client, entry, registered)
    assert found["coordinator"]["ieee"] == home.ieee
    assert "device" not in found


async def test_network_that_does_not_start(
    hass: HomeAssistant, hass_client: ClientSessionGenerator
) -> None:
    """It is most wanted then."""
    path = "/dev/serial/by-id/usb-ITead_Sonoff_Zigbee_3.0_USB_Dongle_Plus_e0c7bb8c04c5ec11-if00"
    data = {"device": {"path": path, "baudrate": 115200, "flow_control": None}}
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id="epid=00:11:22:33:44:55:66:77")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    found = await _of_entry(hass, hass_client, entry)
    assert found["entry"]["reason"] == "port_not_found"
    assert "e0c7bb8c04c5ec11" not in json.dumps(found)
    assert "Sonoff_Zigbee_3.0" in found["entry"]["data"]["device"]["path"]
    assert "devices" not in found
    registered = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "00:15:8d:00:01:a1:b2:c4")}
    )
    of_device: Any = await get_diagnostics_for_device(hass, hass_client, entry, registered)
    assert of_device.keys() == {"versions"}


async def test_problems_are_named(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, home: Home
) -> None:
    data = {"device": {"path": "virtual://test", "baudrate": 115200, "flow_control": None}}
    entry = MockConfigEntry(domain=DOMAIN, data=data, unique_id="epid=00:11:22:33:44:55:66:77")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    found = await _of_entry(hass, hass_client, entry)
    assert found["troubles"] == ["other_network"]
    assert found["entry"]["reason"] == "other_network"


async def test_raw_frames(hass: HomeAssistant) -> None:
    """Octets, lists, refusals and what is no number are all written so that JSON can hold them."""
    home = CoreHome()
    entry = MockConfigEntry(domain=DOMAIN, data={"device": {}}, state=ConfigEntryState.LOADED)
    entry.add_to_hass(hass)
    entry.runtime_data = Runtime(home.gateway, None)
    home.gateway.known(node("lumi.plug"), NOON)
    records = (
        zcl.Record(1, 0x41, b"\x01\xff"),
        zcl.Record(2, 0x4C, (1, b"\x02", None)),
        zcl.Record(3, 0x39, math.inf),
    )
    report = zcl.Report(1, 6, records, manufacturer=0x115F, refused=((5, 0x86),), is_answer=True)
    home.gateway.received(IEEE, report, 88, NOON)
    home.close()
    content = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(content, cls=ExtendedJSONEncoder, allow_nan=False)
    (device,) = json.loads(text)["devices"]
    assert device["frames"] == [
        {
            "time": NOON.isoformat(),
            "endpoint": 1,
            "cluster": "0x0006",
            "manufacturer": "0x115f",
            "answer": True,
            "records": [
                {"attribute": "0x0001", "type": "0x41", "value": "01ff"},
                {"attribute": "0x0002", "type": "0x4c", "value": [1, "02", None]},
                {"attribute": "0x0003", "type": "0x39", "value": "inf"},
            ],
            "refused": [["0x0005", 0x86]],
        }
    ]


async def test_options_without_texts_of_the_user(hass: HomeAssistant) -> None:
    """Numbers and switches help to find a fault; whatever is a text may be a name."""
    home = CoreHome()
    entry = MockConfigEntry(domain=DOMAIN, data={"device": {}}, state=ConfigEntryState.LOADED)
    entry.add_to_hass(hass)
    entry.runtime_data = Runtime(home.gateway, None)
    device = home.gateway.known(node("lumi.lock.acn02"), NOON)
    device.options |= {"a": 1.5, "b": True, "c": None, "users": {"3": "Rapunzel"}, "d": ["Gretel"]}
    content = await async_get_config_entry_diagnostics(hass, entry)
    (shown,) = content["devices"]
    assert shown["options"] == {
        "a": 1.5,
        "b": True,
        "c": None,
        "users": {"3": REDACTED},
        "d": REDACTED,
    }
