"""Coordinators that Home Assistant discovers: offered politely, and followed when they move."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components import usb
from homeassistant.components.usb import SerialPortConsumer, USBDevice
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_USB,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.usb import UsbServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

import custom_components.aqara_zigbee as integration
from custom_components.aqara_zigbee.const import DOMAIN
from custom_components.aqara_zigbee.core.errors import DeliveryError
from custom_components.aqara_zigbee.core.gateway import Gateway
from custom_components.aqara_zigbee.ports import Discovered, is_of_other_radio, settle
from custom_components.aqara_zigbee.simulator.home import Home
from custom_components.aqara_zigbee.texts import plain
from tests.ha.conftest import DEVICE, until
from tests.ha.test_config_flow import answer, blank, unload_all  # noqa: F401 - a fixture

SERIAL = "5a3e8c07d112ef11"
STICK = UsbServiceInfo(
    device=str(DEVICE["path"]),
    vid="10C4",
    pid="EA60",
    serial_number=SERIAL,
    manufacturer="ITead",
    description="Sonoff Zigbee 3.0 USB Dongle Plus",
)
PLUGGED: USBDevice = USBDevice(
    device=STICK.device,
    vid=STICK.vid,
    pid=STICK.pid,
    serial_number=SERIAL,
    manufacturer=STICK.manufacturer,
    description=STICK.description,
)
HOST = ZeroconfServiceInfo(
    ip_address=ip_address("192.168.7.9"),
    ip_addresses=[ip_address("192.168.7.9"), ip_address("10.0.0.9")],
    port=6638,
    hostname="olimex-7.local.",
    type="_zigbee-coordinator._tcp.local.",
    name="Attic._zigbee-coordinator._tcp.local.",
    properties={"radio_type": "znp", "serial_number": "C0FFEE42"},
)
PATH = "socket://192.168.7.9:6638"

type Service = UsbServiceInfo | ZeroconfServiceInfo


async def discover(hass: HomeAssistant, service: Service) -> dict[str, Any]:
    """Let Home Assistant discover something."""
    source = SOURCE_USB if isinstance(service, UsbServiceInfo) else SOURCE_ZEROCONF
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": source}, data=service
    )
    return dict(result)


def configured(hass: HomeAssistant, path: str, **rest: Any) -> MockConfigEntry:
    """An entry that is not up."""
    device = {**DEVICE, "path": path}
    serial = {"serial_number": rest.pop("serial_number")} if "serial_number" in rest else {}
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id="test", data={"device": device, **serial}, **rest
    )
    entry.add_to_hass(hass)
    return entry


@pytest.fixture
def sticks(hass: HomeAssistant) -> Iterator[list[USBDevice]]:
    """The connected USB devices."""
    plugged: list[USBDevice] = []
    with patch(
        "homeassistant.components.usb.async_scan_serial_ports", side_effect=lambda _: plugged
    ):
        yield plugged


# What is discovered


def manifest(folder: Path) -> dict[str, Any]:
    """An integration's manifest."""
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


OURS = manifest(Path(integration.__file__).parent)
ZHA = manifest(Path(usb.__file__).parent.parent / "zha")


OTHER_RADIOS = ("slzb-07", "conbee", "*zigbee*", "zigate", "bv 2010", "*max*", "*lite*")


def test_matchers_are_those_of_zha() -> None:
    """One field more would hide a coordinator from ZHA, one less would leave it to ZHA alone."""
    assert OURS["usb"] == ZHA["usb"]
    assert OURS["zeroconf"] == [each for each in ZHA["zeroconf"] if "zigate" not in each["name"]]


@pytest.mark.parametrize("matcher", ZHA["usb"], ids=lambda each: each["known_devices"][0])
def test_adapters_with_other_radios(matcher: dict[str, str]) -> None:
    """They are only looked at because ZHA may use them."""
    is_other = any(radio in matcher["description"] for radio in OTHER_RADIOS)
    is_second_sonoff = (matcher["vid"], matcher["pid"]) == ("1A86", "55D4")  # with an EFR32
    stick = replace(
        STICK,
        vid=matcher["vid"],
        pid=matcher["pid"],
        description=matcher["description"].replace("*", " ").upper(),
    )
    assert is_of_other_radio(stick) is (is_other or is_second_sonoff)


async def test_adapter_with_another_radio_is_not_offered_without_zha(hass: HomeAssistant) -> None:
    result = await discover(hass, replace(STICK, vid="1A86", pid="55D4"))
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_a_coordinator")


async def test_home_assistant_offers_a_coordinator_to_both(hass: HomeAssistant) -> None:
    matched = [
        {**each, "domain": domain}
        for domain, package in ((DOMAIN, OURS), ("zha", ZHA))
        for each in package["usb"]
    ]
    discovery = usb.USBDiscovery(hass, matched)  # type: ignore[arg-type]
    for stick in (PLUGGED, replace(PLUGGED, vid="1A86", pid="55D4")):
        found = discovery.async_get_usb_matchers_for_device(stick)
        assert [each["domain"] for each in found] == [DOMAIN, "zha"]


@pytest.mark.parametrize(
    ("type_", "name", "port", "properties", "path"),
    [
        ("_slzb-06._tcp.local.", "slzb-06p7", 6638, {}, "socket://192.168.7.9:6638"),
        ("_slzb-06._tcp.local.", "slzb-06m", 6638, {"radio_type": "ezsp"}, None),
        ("_uzg-01._tcp.local.", "uzg-01", 6639, {}, "socket://192.168.7.9:6639"),
        ("_esphomelib._tcp.local.", "tubeszb-cc2652", 6053, {}, "socket://192.168.7.9:6638"),
        ("_esphomelib._tcp.local.", "tubeszb-efr32-mgm24", 6053, {}, None),
        ("_xzg._tcp.local.", "xzg-1", None, {}, "socket://192.168.7.9:6638"),
        (HOST.type, "Loft", 7638, {"radio_type": "deconz", "serial_number": "1"}, None),
        (HOST.type, "Loft", 7638, {"serial_number": "1"}, None),
        (HOST.type, "Loft", 7638, {"radio_type": "znp"}, None),
        (HOST.type, "Loft", None, {"radio_type": "znp", "serial_number": "1"}, None),
    ],
)
async def test_only_ti_radios_are_offered(
    hass: HomeAssistant,
    type_: str,
    name: str,
    port: int | None,
    properties: dict[str, str],
    path: str | None,
) -> None:
    service = replace(HOST, type=type_, name=f"{name}.{type_}", port=port, properties=properties)
    result = await discover(hass, service)
    if path is None:
        assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_a_coordinator")
    else:
        assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm")
        assert result["description_placeholders"]["path"] == path


def test_ipv6_host() -> None:
    address = ip_address("fd00::9")
    found = Discovered.by_zeroconf(replace(HOST, ip_address=address, ip_addresses=[address]))
    assert found is not None
    assert found.path == "socket://[fd00::9]:6638"


# Confirming


async def test_coordinator_is_set_up_after_confirmation(
    hass: HomeAssistant,
    blank: Home,  # noqa: F811 - a fixture
) -> None:
    result = await discover(hass, STICK)
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "confirm")
    assert blank.port.line is None, "nothing is opened before"
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": STICK.description}
    assert (await discover(hass, STICK))["reason"] == "already_in_progress"
    result = await answer(hass, result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"device": DEVICE, "serial_number": SERIAL}
    assert str(result["result"].unique_id).startswith("epid=")  # type: ignore[attr-defined]
    await unload_all(hass)


async def test_wrong_radio_is_detected_and_another_port_can_be_entered(
    hass: HomeAssistant,
    blank: Home,  # noqa: F811 - a fixture
) -> None:
    result = await discover(hass, replace(STICK, device="virtual://nowhere"))
    result = await answer(hass, result["flow_id"], {})
    assert (result["step_id"], result["errors"]) == ("port", {"base": "port_not_found"})
    result = await answer(hass, result["flow_id"], {"path": DEVICE["path"]})  # type: ignore[arg-type]
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"device": DEVICE}, "it is not the stick that was discovered"
    await unload_all(hass)


async def test_name_from_the_network_is_shown_as_it_is(hass: HomeAssistant) -> None:
    name = "[click](https://example.org)"
    result = await discover(hass, replace(HOST, name=f"{name}.{HOST.type}"))
    assert result["description_placeholders"]["name"] == plain(name)


async def test_ignored_discovery_is_not_offered_again(hass: HomeAssistant) -> None:
    found = Discovered.by_usb(STICK)
    MockConfigEntry(domain=DOMAIN, unique_id=found.unique_id, source=SOURCE_IGNORE).add_to_hass(
        hass
    )
    assert (await discover(hass, STICK))["reason"] == "already_configured"


async def test_running_network_coordinator_is_not_offered(hass: HomeAssistant) -> None:
    """By whatever name it was set up; and its serial number is learnt. Others are still offered."""
    await discover(hass, HOST)
    other = replace(
        HOST,
        ip_address=ip_address("10.0.0.8"),
        ip_addresses=[ip_address("10.0.0.8")],
        hostname="other.local.",
        properties={**HOST.properties, "serial_number": "F00D"},
    )
    await discover(hass, other)
    entry = configured(hass, "tcp://OLIMEX-7.local:6638")
    await settle(hass, entry)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["unique_id"] == "F00D"
    assert entry.data["serial_number"] == "C0FFEE42"


async def test_coordinator_without_a_serial_number_replaces_one_with(
    hass: HomeAssistant, sticks: list[USBDevice]
) -> None:
    """The entry must not go on looking for the one that was there before."""
    entry = configured(hass, STICK.device, serial_number=SERIAL)
    sticks.append(replace(PLUGGED, serial_number="0001"))
    await settle(hass, entry)
    assert entry.data == {"device": DEVICE}
    await settle(hass, entry)
    assert entry.data == {"device": DEVICE}


async def test_setting_up_by_hand_ends_the_offer(
    hass: HomeAssistant,
    blank: Home,  # noqa: F811 - a fixture
    sticks: list[USBDevice],
) -> None:
    sticks.append(PLUGGED)
    await discover(hass, STICK)
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "port"}
    )
    done = await answer(hass, result["flow_id"], {"path": DEVICE["path"]})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["serial_number"] == SERIAL, "read from the port"
    await unload_all(hass)


# Others


@pytest.mark.parametrize("active", [True, False])
@pytest.mark.parametrize("service", [STICK, HOST])
async def test_coordinator_of_another_program_is_not_offered(
    hass: HomeAssistant, service: Service, active: bool
) -> None:
    """Also while that program does not run."""
    path = STICK.device if service is STICK else "tcp://10.0.0.9:6638"
    owner = SerialPortConsumer(kind="app", title="Zigbee2MQTT", active=active, slug="z2m")
    with patch(
        "homeassistant.components.usb.async_get_serial_port_consumers",
        return_value={path: [owner], "/dev/other": [replace(owner, title="Other")]},
    ):
        result = await discover(hass, service)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "port_in_use")
    assert result["description_placeholders"] == {"owner": "Zigbee2MQTT"}


async def test_network_coordinator_of_zha(hass: HomeAssistant) -> None:
    """Found by Home Assistant's own list, by another of the host's names."""
    data = {"device": {"path": "socket://OLIMEX-7.local:6638"}, "radio_type": "znp"}
    MockConfigEntry(domain="zha", title="ZHA at home", data=data).add_to_hass(hass)
    result = await discover(hass, HOST)
    assert result["description_placeholders"] == {"owner": "ZHA at home"}


async def test_network_coordinator_of_an_addon(hass: HomeAssistant) -> None:
    """Home Assistant lists local ports of add-ons only."""
    addons = {
        "old": None,
        "z2m": {
            "name": "Zigbee2MQTT",
            "state": "stopped",
            "options": {"serial": {"port": "tcp://192.168.7.9:6638"}, "list": [{"a": 1}]},
        },
    }
    ports = "custom_components.aqara_zigbee.ports"
    with (
        patch(f"{ports}.is_hassio", return_value=True),
        patch(f"{ports}.get_addons_info", return_value=addons),
    ):
        result = await discover(hass, HOST)
    assert result["description_placeholders"] == {"owner": "Zigbee2MQTT"}


async def test_port_that_is_in_use_before_confirmation(hass: HomeAssistant) -> None:
    result = await discover(hass, HOST)
    assert result["step_id"] == "confirm"
    MockConfigEntry(domain="zha", title="ZHA", data={"device": {"path": PATH}}).add_to_hass(hass)
    result = dict(await hass.config_entries.flow.async_configure(result["flow_id"], {}))
    assert result["reason"] == "port_in_use"


async def test_any_coordinator_may_be_that_of_deconz(hass: HomeAssistant) -> None:
    """Its entry does not contain its coordinator; it cannot use one in the network."""
    MockConfigEntry(domain="deconz", data={"host": "127.0.0.1"}).add_to_hass(hass)
    assert (await discover(hass, STICK))["reason"] == "may_be_deconz"
    assert (await discover(hass, HOST))["step_id"] == "confirm"


# Ours


@pytest.mark.parametrize("path", ["socket://10.0.0.9:6638", "tcp://olimex-7.local:6638"])
async def test_port_of_ours_under_another_name(hass: HomeAssistant, path: str) -> None:
    entry = configured(hass, path)
    assert (await discover(hass, HOST))["reason"] == "already_configured"
    assert entry.data["device"]["path"] == path
    assert "serial_number" not in entry.data, "it may be another one now"


async def test_serial_number_is_stored_while_the_network_is_running(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    assert (await discover(hass, STICK))["reason"] == "already_configured"
    assert entry.data["serial_number"] == SERIAL
    assert entry.state is ConfigEntryState.LOADED


async def test_entry_follows_its_coordinator(
    hass: HomeAssistant, home: Home, gateway: Gateway, entry: MockConfigEntry
) -> None:
    await discover(hass, STICK)
    home.unplug()
    await until(lambda: not gateway.online)
    home.plug_in("second")
    moved = replace(STICK, device="virtual://second")
    assert (await discover(hass, moved))["reason"] == "already_configured"
    assert entry.data["device"] == {**DEVICE, "path": "virtual://second"}
    await hass.async_block_till_done()
    await until(lambda: entry.state is ConfigEntryState.LOADED)
    assert entry.runtime_data.gateway.online
    assert entry.data["serial_number"] == SERIAL


async def test_entry_that_waits_follows_its_host(hass: HomeAssistant) -> None:
    entry = configured(
        hass,
        "socket://192.168.7.4:6638",
        serial_number="C0FFEE42",
        state=ConfigEntryState.SETUP_RETRY,
    )
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        assert (await discover(hass, HOST))["reason"] == "already_configured"
    assert entry.data["device"] == {**DEVICE, "path": PATH}
    reload.assert_called_once_with(entry.entry_id)


async def test_entry_that_waits_is_tried_when_its_port_is_there(hass: HomeAssistant) -> None:
    entry = configured(hass, PATH, state=ConfigEntryState.SETUP_RETRY)
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        assert (await discover(hass, HOST))["reason"] == "already_configured"
    reload.assert_called_once_with(entry.entry_id)


async def test_answering_coordinator_keeps_its_port(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """It has two addresses, and announces one of them."""
    await discover(hass, STICK)
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        result = await discover(hass, replace(STICK, device="virtual://second"))
    assert result["reason"] == "already_configured"
    assert entry.data["device"] == DEVICE
    reload.assert_not_called()


async def test_entry_follows_a_coordinator_that_does_not_answer_any_more(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry
) -> None:
    """Before its loss is noticed."""
    await discover(hass, STICK)
    with (
        patch.object(gateway.radio, "neighbours", side_effect=DeliveryError("no response")),
        patch.object(hass.config_entries, "async_schedule_reload") as reload,
    ):
        result = await discover(hass, replace(STICK, device="virtual://second"))
    assert result["reason"] == "already_configured"
    assert entry.data["device"] == {**DEVICE, "path": "virtual://second"}
    reload.assert_called_once_with(entry.entry_id)


async def test_port_in_use_is_not_taken_to_follow_a_coordinator(hass: HomeAssistant) -> None:
    entry = configured(hass, "socket://192.168.7.4:6638", serial_number="C0FFEE42")
    owner = SerialPortConsumer(kind="app", title="Zigbee2MQTT", active=True, slug="z2m")
    with patch(
        "homeassistant.components.usb.async_get_serial_port_consumers", return_value={PATH: [owner]}
    ):
        assert (await discover(hass, HOST))["reason"] == "port_in_use"
    assert entry.data["device"]["path"] == "socket://192.168.7.4:6638"


@pytest.mark.parametrize("number", ["0001", None, "", "000000"])
async def test_shared_serial_number_is_ignored(hass: HomeAssistant, number: str | None) -> None:
    entry = configured(hass, "virtual://first", serial_number=number)
    result = await discover(hass, replace(STICK, serial_number=number))
    assert result["step_id"] == "confirm"
    assert entry.data["device"]["path"] == "virtual://first"


async def test_second_coordinator_with_the_same_number_is_offered(
    hass: HomeAssistant, sticks: list[USBDevice]
) -> None:
    entry = configured(hass, "virtual://first", serial_number=SERIAL)
    sticks += [PLUGGED, replace(PLUGGED, device="virtual://first")]
    assert (await discover(hass, STICK))["step_id"] == "confirm"
    assert entry.data["device"]["path"] == "virtual://first"
